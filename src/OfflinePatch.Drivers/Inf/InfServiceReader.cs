using System.Buffers.Binary;
using System.Globalization;

namespace OfflinePatch.Drivers.Inf;

/// <summary>
/// Reads AddService with its sections, and KmdfService. Source: learn.microsoft.com inf-addservice-directive, inf-ddinstall-wdf-section.
/// </summary>
internal sealed class InfServiceReader(InfEvaluator evaluator, InfRegistryReader registry)
{
    public List<InfService> Services { get; } = [];

    public List<InfEventSource> EventSources { get; } = [];

    public void Add(InfFile inf, InfSection section, InfLine line)
    {
        evaluator.CountEffect();
        var name = inf.Expand(line.Field(0));
        if (!InfText.TryParseNumber(inf.Expand(line.Field(1)), out var flags))
        {
            evaluator.Notice(InfNoticeKind.Problem, section, line, $"the AddService flags {line.Field(1)} are not a number.");
            return;
        }

        var serviceSection = inf.Expand(line.Field(2));
        if (name.Length == 0)
        {
            Services.Add(new InfService { Name = "", Flags = flags, Section = "" });
            return;
        }

        if (evaluator.FindSection(inf, serviceSection) is not { } install)
        {
            // A service of Windows itself may be associated without a section of its own.
            if (serviceSection.Length > 0)
            {
                evaluator.Notice(InfNoticeKind.Problem, section, line, $"AddService names [{serviceSection}], which does not exist.");
            }

            Services.Add(new InfService { Name = name, Flags = flags, Section = serviceSection });
            return;
        }

        Services.Add(ReadService(inf, install, name, flags));
        var eventSection = inf.Expand(line.Field(3));
        if (eventSection.Length > 0)
        {
            AddEventSource(inf, section, line, eventSection, name);
        }
    }

    public void AddKmdf(InfFile inf, InfSection section, InfLine line)
    {
        var service = inf.Expand(line.Field(0));
        if (evaluator.FindSection(inf, inf.Expand(line.Field(1))) is not { } wdf)
        {
            evaluator.Notice(InfNoticeKind.Problem, section, line, $"KmdfService names [{line.Field(1)}], which does not exist.");
            return;
        }

        foreach (var entry in wdf.Lines)
        {
            if (string.Equals(entry.Key, "KmdfLibraryVersion", StringComparison.OrdinalIgnoreCase))
            {
                registry.Add(new InfRegistryEdit(InfRegistryContext.Framework, service, InfRegistryRoot.Relative, @"Parameters\Wdf",
                    "KmdfLibraryVersion",
                    InfRegistryAction.Set, 1, InfRegistryReader.Text(inf.Expand(entry.Field(0))), 0, entry.Number));
            }
            else
            {
                evaluator.Notice(InfNoticeKind.NotApplied, wdf, entry, entry.Head);
            }
        }
    }

    private void AddEventSource(InfFile inf, InfSection section, InfLine line, string eventSection, string service)
    {
        if (evaluator.FindSection(inf, eventSection) is not { } events)
        {
            evaluator.Notice(InfNoticeKind.Problem, section, line, $"AddService names [{eventSection}], which does not exist.");
            return;
        }

        var log = inf.Expand(line.Field(4)) is { Length: > 0 } l ? l : "System";
        var source = inf.Expand(line.Field(5)) is { Length: > 0 } s ? s : service;
        EventSources.Add(new InfEventSource(log, source));
        evaluator.Visit(events);
        foreach (var entry in events.Lines)
        {
            if (entry.Key is null || !evaluator.ApplyShared(inf, events, entry, InfRegistryContext.EventLog, 0, $"{log}\\{source}"))
            {
                evaluator.Notice(InfNoticeKind.Unknown, events, entry, entry.Head);
            }
        }
    }

    private InfService ReadService(InfFile inf, InfSection section, string name, uint flags)
    {
        evaluator.Visit(section);
        var service = new InfService { Name = name, Flags = flags, Section = section.Name };
        var values = new List<InfRegistryEdit>();
        var (services, groups) = (new List<string>(), new List<string>());
        foreach (var line in section.Lines)
        {
            var text = inf.Expand(line.Field(0));
            switch (InfEvaluator.Canonical(line.Key ?? ""))
            {
                case "DISPLAYNAME":
                    service = service with { DisplayName = text, DisplayNameToken = line.Field(0) };
                    break;
                case "DESCRIPTION":
                    service = service with { Description = text, DescriptionToken = line.Field(0) };
                    break;
                case "SERVICETYPE":
                    service = service with { ServiceType = Number(section, line, text) };
                    break;
                case "STARTTYPE":
                    service = service with { StartType = Number(section, line, text) };
                    break;
                case "ERRORCONTROL":
                    service = service with { ErrorControl = Number(section, line, text) };
                    break;
                case "SERVICEBINARY":
                    var (path, arguments) = ParseBinary(text);
                    service = service with { Binary = path, BinaryArguments = arguments };
                    break;
                case "STARTNAME":
                    service = service with { StartName = text };
                    break;
                case "LOADORDERGROUP":
                    service = service with { LoadOrderGroup = text };
                    break;
                case "SECURITY":
                    service = service with { Security = text };
                    break;
                case "DEPENDENCIES":
                    foreach (var dependency in line.Fields.Select(f => inf.Expand(f)).Where(d => d.Length > 0))
                    {
                        (dependency[0] == '+' ? groups : services).Add(dependency.TrimStart('+'));
                    }

                    break;
                case "BOOTFLAGS":
                    values.Add(Dword(name, "BootFlags", Number(section, line, text), line.Number));
                    break;
                case "SERVICESIDTYPE":
                    values.Add(Dword(name, "ServiceSidType", Number(section, line, text), line.Number));
                    break;
                case "DELAYEDAUTOSTART":
                    values.Add(Dword(name, "DelayedAutostart", Number(section, line, text), line.Number));
                    break;
                case "REQUIREDPRIVILEGES":
                    values.Add(new(InfRegistryContext.Service, name, InfRegistryRoot.Relative, "", "RequiredPrivileges",
                        InfRegistryAction.Set, 7,
                        InfRegistryReader.Texts(line.Fields.Select(f => inf.Expand(f))), 0, line.Number));
                    break;
                default:
                    if (line.Key is null || !evaluator.ApplyShared(inf, section, line, InfRegistryContext.Service, 0, name))
                    {
                        var later = line.Key is not null && InfDirectives.ActsLater(line.Key);
                        evaluator.Notice(later ? InfNoticeKind.NotApplied : InfNoticeKind.Unknown, section, line, line.Head);
                    }

                    break;
            }
        }

        return service with { DependOnServices = services, DependOnGroups = groups, Values = values };
    }

    private uint Number(InfSection section, InfLine line, string text)
    {
        if (!InfText.TryParseNumber(text, out var number))
        {
            evaluator.Notice(InfNoticeKind.Problem, section, line, $"{text} is not a number.");
        }

        return number;
    }

    private static InfRegistryEdit Dword(string service, string name, uint number, int line)
    {
        var data = new byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(data, number);
        return new(InfRegistryContext.Service, service, InfRegistryRoot.Relative, "", name, InfRegistryAction.Set, 4, data, 0, line);
    }

    /// <summary>Splits a ServiceBinary into its path and arguments.</summary>
    internal static (InfPath Path, string Arguments) ParseBinary(string text)
    {
        var arguments = "";
        text = text.Trim();
        if (text.StartsWith('"') && text.IndexOf('"', 1) is > 0 and var close)
        {
            (text, arguments) = (text[1..close], text[(close + 1)..].Trim());
        }
        else if (text.IndexOf(".exe ", StringComparison.OrdinalIgnoreCase) is > 0 and var exe)
        {
            (text, arguments) = (text[..(exe + 4)], text[(exe + 5)..].Trim());
        }

        return (ParsePath(text), arguments);
    }

    internal static InfPath ParsePath(string text)
    {
        if (text.StartsWith('%') && text.IndexOf('%', 1) is > 1 and var end
            && int.TryParse(text.AsSpan(1, end - 1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var id))
        {
            return new InfPath(id == 65535 ? -1 : id, text[(end + 1)..].TrimStart('\\'));
        }

        foreach (var prefix in (string[])[@"%SystemRoot%\", @"\SystemRoot\", @"%windir%\"])
        {
            if (text.StartsWith(prefix, StringComparison.OrdinalIgnoreCase))
            {
                return new InfPath(10, text[prefix.Length..]);
            }
        }

        return text.StartsWith(@"system32\", StringComparison.OrdinalIgnoreCase) ? new InfPath(10, text) : new InfPath(-1, text);
    }
}
