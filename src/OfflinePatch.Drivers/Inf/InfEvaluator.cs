using System.Globalization;

namespace OfflinePatch.Drivers.Inf;

/// <summary>What an evaluation may look up outside the INF.</summary>
public sealed record InfEvaluationOptions
{
    /// <summary>Finds an INF that <c>Include</c> names (in the image's <c>\Windows\INF</c>); null where there is none.</summary>
    public Func<string, InfFile?>? Include { get; init; }

    /// <summary>
    /// The path of a directory id inside registry data (<c>%11%</c>), or null to leave it as written. Paths of files and services keep
    /// their id (<see cref="InfPath"/>).
    /// </summary>
    public Func<int, string?>? Directory { get; init; }
}

/// <summary>
/// Evaluates an install section of an INF to its effects, without any I/O. Source: learn.microsoft.com inf-ddinstall-section and the pages
/// of each directive.
/// </summary>
public sealed class InfEvaluator
{
    private readonly InfFile _inf;
    private readonly WindowsTarget _target;
    private readonly InfEvaluationOptions _options;
    private readonly InfRegistryReader _registry;
    private readonly InfServiceReader _services;
    private readonly List<InfFile> _included = [];
    private readonly List<InfFilter> _filters = [];
    private readonly HashSet<InfSection> _open = []; // sections that are being processed: a cycle of Needs ends here
    private byte _featureScore = 0xFF;
    private int _effects;
    private long _content;
    private int _visits;

    private InfEvaluator(InfFile inf, WindowsTarget target, InfEvaluationOptions options)
    {
        _inf = inf;
        _target = target;
        _options = options;
        _registry = new InfRegistryReader(this);
        _services = new InfServiceReader(this, _registry);
        Copies = new InfCopyReader(this);
    }

    internal List<InfNotice> Notices { get; } = [];

    internal WindowsTarget Target => _target;

    internal Func<int, string?>? Directory => _options.Directory;

    private InfCopyReader Copies { get; }

    /// <summary>Evaluates one install section with all sections that belong to it.</summary>
    /// <param name="inf">The INF.</param>
    /// <param name="installSection">The section's name as a models line gives it, without platform suffix.</param>
    /// <param name="target">The Windows that it is evaluated for.</param>
    /// <param name="options">Included INFs and directories.</param>
    /// <exception cref="CorruptImageException"><c>INF-0013</c> Needs nested too deep, <c>INF-0014</c> no such section.</exception>
    /// <exception cref="UnsupportedImageException">A limit of <see cref="InfLimits"/> is exceeded.</exception>
    public static InfEffects Evaluate(InfFile inf, string installSection, WindowsTarget target, InfEvaluationOptions? options = null)
    {
        var section = inf.FindInstallSection(installSection, target.Architecture)
            ?? throw InfError.NoInstallSection(inf.Name, installSection);
        var evaluator = new InfEvaluator(inf, target, options ?? new InfEvaluationOptions());
        evaluator.Run(section);
        return new InfEffects
        {
            InstallSection = section.Name,
            FeatureScore = evaluator._featureScore,
            Services = evaluator._services.Services,
            EventSources = evaluator._services.EventSources,
            Registry = evaluator._registry.Edits,
            Files = evaluator.Copies.Files,
            Deletions = evaluator.Copies.Deletions,
            Filters = evaluator._filters,
            IncludedInfs = [.. evaluator._included.Select(i => i.Name)],
            Notices = evaluator.Notices,
        };
    }

    private void Run(InfSection install)
    {
        Process(_inf, install, InfRegistryContext.Driver, 0);
        (string Suffix, InfRegistryContext Context)[] parts =
        [
            ("Services", InfRegistryContext.Other), ("HW", InfRegistryContext.Device), ("CoInstallers", InfRegistryContext.CoInstaller),
            ("Filters", InfRegistryContext.Other), ("Wdf", InfRegistryContext.Other), ("Interfaces", InfRegistryContext.Interface),
        ];
        foreach (var (suffix, context) in parts)
        {
            if (_inf.Find($"{install.Name}.{suffix}") is { } section)
            {
                Process(_inf, section, context, 0);
            }
        }

        foreach (var suffix in InfDirectives.LaterSuffixes)
        {
            if (_inf.Find($"{install.Name}.{suffix}") is { } section)
            {
                Notice(InfNoticeKind.NotApplied, section, null, $"[{section.Name}] acts when the device is installed.");
            }
        }
    }

    /// <summary>Applies every directive of a section.</summary>
    internal void Process(InfFile inf, InfSection section, InfRegistryContext context, int depth, string owner = "")
    {
        Visit(section);
        _open.Add(section);
        foreach (var line in section.Lines)
        {
            if (line.Key is null)
            {
                // "Reboot" stands alone; anything else without "=" is ignored as a typo.
                if (line.Fields.Any(f => f.Length > 0))
                {
                    var alone = line.Fields.Count == 1 && InfDirectives.ActsLater(line.Field(0));
                    Notice(alone ? InfNoticeKind.NotApplied : InfNoticeKind.Unknown, section, line,
                        alone ? line.Field(0) : $"\"{line}\" is not a directive.");
                }
            }
            else if (!ApplyShared(inf, section, line, context, depth, owner) && !ApplyInstall(inf, section, line))
            {
                Notice(InfDirectives.ActsLater(line.Key) || line.Key.StartsWith('*') ? InfNoticeKind.NotApplied : InfNoticeKind.Unknown,
                    section, line, line.Key);
            }
        }

        _open.Remove(section);
    }

    /// <summary>Applies a directive that install sections and service sections share; false when it is another one.</summary>
    internal bool ApplyShared(InfFile inf, InfSection section, InfLine line, InfRegistryContext context, int depth, string owner)
    {
        switch (Canonical(line.Key!))
        {
            case "INCLUDE":
                Include(section, line, inf);
                return true;
            case "NEEDS":
                Needs(inf, section, line, context, depth, owner);
                return true;
            case "ADDREG":
                ForEachNamed(inf, section, line, s => _registry.Add(inf, s, context, owner));
                return true;
            case "DELREG":
                ForEachNamed(inf, section, line, s => _registry.Delete(inf, s, context, owner));
                return true;
            case "BITREG":
                ForEachNamed(inf, section, line, s => _registry.Bits(inf, s, context, owner));
                return true;
            default:
                return false;
        }
    }

    /// <summary>The section named by a field, in the INF itself or one that it includes.</summary>
    internal InfSection? FindSection(InfFile inf, string name) =>
        inf.Find(name) ?? _included.Select(i => i.Find(name)).FirstOrDefault(s => s is not null);

    /// <summary>Counts a change against the limit.</summary>
    internal void CountEffect()
    {
        if (++_effects > InfLimits.Effects)
        {
            throw InfError.TooManyEffects(_inf.Name);
        }
    }

    /// <summary>Counts characters or bytes that changes hold against the limit.</summary>
    internal void CountContent(int count)
    {
        if ((_content += count) > InfLimits.Content)
        {
            throw InfError.TooManyEffects(_inf.Name);
        }
    }

    /// <summary>Counts the visit of a section against the limit.</summary>
    internal void Visit(InfSection section)
    {
        if (++_visits > InfLimits.SectionVisits)
        {
            throw InfError.TooManyVisits(_inf.Name, section.Name);
        }
    }

    /// <summary>Whether a file list of this INF is part of the package itself, not of an included INF.</summary>
    internal bool IsPackage(InfFile inf) => ReferenceEquals(inf, _inf);

    internal void Notice(InfNoticeKind kind, InfSection section, InfLine? line, string message)
    {
        CountEffect();
        Notices.Add(new InfNotice(kind, section.Name, line?.Number ?? 0, message));
    }

    internal static string Canonical(string directive) => directive.ToUpperInvariant();

    /// <summary>Calls <paramref name="apply"/> for each section that a directive lists; a missing one is a problem.</summary>
    internal void ForEachNamed(InfFile inf, InfSection section, InfLine line, Action<InfSection> apply)
    {
        foreach (var field in line.Fields)
        {
            var name = inf.Expand(field);
            if (name.Length == 0)
            {
                continue;
            }

            if (FindSection(inf, name) is { } named)
            {
                Visit(named);
                apply(named);
            }
            else
            {
                Notice(InfNoticeKind.Problem, section, line, $"{line.Key} names [{name}], which does not exist.");
            }
        }
    }

    private bool ApplyInstall(InfFile inf, InfSection section, InfLine line)
    {
        switch (Canonical(line.Key!))
        {
            case "COPYFILES":
                Copies.Copy(inf, section, line);
                return true;
            case "DELFILES":
                Copies.Delete(inf, section, line);
                return true;
            case "ADDSERVICE":
                _services.Add(inf, section, line);
                return true;
            case "ADDFILTER":
                AddFilter(inf, section, line);
                return true;
            case "KMDFSERVICE":
                _services.AddKmdf(inf, section, line);
                return true;
            case "FEATURESCORE":
                if (byte.TryParse(inf.Expand(line.Field(0)).Replace("0x", "", StringComparison.OrdinalIgnoreCase),
                    NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var score))
                {
                    _featureScore = score;
                }
                else
                {
                    Notice(InfNoticeKind.Problem, section, line, $"FeatureScore {line.Field(0)} is not a hexadecimal byte.");
                }

                return true;
            default:
                return false;
        }
    }

    private void Include(InfSection section, InfLine line, InfFile inf)
    {
        foreach (var field in line.Fields)
        {
            var name = inf.Expand(field);
            if (name.Length == 0 || _included.Exists(i => string.Equals(i.Name, name, StringComparison.OrdinalIgnoreCase)))
            {
                continue;
            }

            Visit(section);
            if (_options.Include?.Invoke(name) is { } found)
            {
                _included.Add(found);
            }
            else
            {
                Notice(_options.Include is null ? InfNoticeKind.NotApplied : InfNoticeKind.Problem, section, line,
                    $"{name} is included, but not there.");
            }
        }
    }

    private void Needs(InfFile inf, InfSection section, InfLine line, InfRegistryContext context, int depth, string owner)
    {
        if (depth >= InfLimits.NeedsDepth)
        {
            throw InfError.NeedsTooDeep(inf.Name, section.Name);
        }

        foreach (var field in line.Fields)
        {
            var name = inf.Expand(field);
            if (name.Length == 0)
            {
                continue;
            }

            // [NO_DRV] with Include=machine.inf and Needs=NO_DRV means the section of that INF, never itself.
            var includes = section.Find("Include") is not null;
            InfFile[] places = [.. _included, inf];
            if (places.Select(p => (Inf: p, Section: p.Find(name)))
                .FirstOrDefault(p => p.Section is { } s && !(includes && ReferenceEquals(s, section)))
                is { Section: { } needed } place)
            {
                if (_open.Contains(needed))
                {
                    Notice(InfNoticeKind.Problem, section, line, $"[{name}] needs itself.");
                }
                else
                {
                    Process(place.Inf, needed, context, depth + 1, owner);
                }
            }
            else
            {
                Notice(_options.Include is null ? InfNoticeKind.NotApplied : InfNoticeKind.Problem, section, line,
                    $"[{name}] is needed, but not there.");
            }
        }
    }

    private void AddFilter(InfFile inf, InfSection section, InfLine line)
    {
        var name = inf.Expand(line.Field(2));
        if (FindSection(inf, name) is not { } filter)
        {
            Notice(InfNoticeKind.Problem, section, line, $"AddFilter names [{name}], which does not exist.");
            return;
        }

        CountEffect();
        var level = filter.Find("FilterLevel") is { } l ? inf.Expand(l.Field(0)) : "";
        var position = filter.Find("FilterPosition") is { } p ? inf.Expand(p.Field(0)) : "";
        _filters.Add(new InfFilter(inf.Expand(line.Field(0)), name, level.Length > 0 ? level : position));
    }
}
