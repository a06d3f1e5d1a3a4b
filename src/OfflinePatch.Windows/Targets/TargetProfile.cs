using System.Text.Json;
using System.Text.Unicode;
using OfflinePatch.Core;

namespace OfflinePatch.Windows.Targets;

/// <summary>
/// What an image is made ready for: the rules that apply, how much each matters there, their parameters, and the drivers that the target
/// needs. Immutable.
/// </summary>
/// <param name="Id"><c>huawei-ims</c>.</param>
/// <param name="Title">The target's name.</param>
/// <param name="Description">What it is, in a sentence.</param>
/// <param name="Rules">Rules by id. A rule that is not listed does not run; gates always do.</param>
public sealed record TargetProfile(string Id, string Title, string Description, IReadOnlyDictionary<string, ProfileRule> Rules)
{
    /// <summary>A profile that lists no rule: every rule runs with its own severity and parameters.</summary>
    public static TargetProfile Empty { get; } = new("none", "", "", new Dictionary<string, ProfileRule>());

    /// <summary>What every user of the target has to know, in full sentences; part of every report.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];

    /// <summary>What the target needs of each family of drivers, by the name of the family.</summary>
    public IReadOnlyDictionary<string, DriverDemand> Drivers { get; init; } = new Dictionary<string, DriverDemand>();

    /// <summary>The PCI devices that a machine of the target has, for <c>--devices target</c>.</summary>
    public IReadOnlyList<PciDevice> Devices { get; init; } = [];

    /// <summary>Reads a profile from JSON.</summary>
    /// <param name="json">UTF-8; comments and trailing commas are allowed.</param>
    /// <param name="source">Where it comes from, for messages.</param>
    /// <param name="rules">The parameters of each rule that exists.</param>
    /// <param name="baseProfile">Gives the profile that another one extends.</param>
    /// <exception cref="UnsupportedImageException"><c>WIN-0008</c>: it is not a profile.</exception>
    /// <exception cref="RefusedException"><c>WIN-0007</c>: it extends a profile that does not exist.</exception>
    internal static TargetProfile Parse(
        ReadOnlySpan<byte> json, string source, IReadOnlyDictionary<string, IReadOnlyList<RuleParameter>> rules,
        Func<string, TargetProfile> baseProfile)
    {
        if (!Utf8.IsValid(json))
        {
            throw TargetError.Broken(source, "it is not UTF-8."); // a value that is read later would fail otherwise
        }

        TargetDocument document;
        try
        {
            document = JsonSerializer.Deserialize(json, TargetJsonContext.Default.TargetDocument)
                ?? throw TargetError.Broken(source, "it is empty.");
        }
        catch (JsonException e)
        {
            throw TargetError.Broken(source,
                e.LineNumber is { } line ? $"line {line + 1} is not JSON, or not what a target has there." : "it is not JSON.");
        }

        if (string.IsNullOrEmpty(document.Id) || document.Rules is null)
        {
            throw TargetError.Broken(source, "it lacks \"id\" or \"rules\".");
        }

        foreach (var (id, rule) in document.Rules)
        {
            Check(source, id, rule, rules);
        }

        foreach (var device in document.Devices ?? [])
        {
            if (device is null || PciDevice.TryParse(device) is null)
            {
                throw TargetError.Broken(source, $"\"{device}\" is not a PCI device; write it as \"0200: 1af4:1041 network adapter\".");
            }
        }

        return (document.Extends is { } extended ? baseProfile(extended) : Empty).Extend(document);
    }

    /// <summary>Whether a rule applies to this target.</summary>
    public bool Includes(string ruleId) => Rules.Count == 0 || Rules.ContainsKey(ruleId);

    /// <summary>How much a failure of a rule matters here, or null for the rule's own severity.</summary>
    public RuleSeverity? SeverityOf(string ruleId) => Rules.GetValueOrDefault(ruleId)?.Severity;

    /// <summary>What the target needs of a family of drivers, or null when the profile does not say.</summary>
    public DriverDemand? DemandOf(string family) => Drivers.GetValueOrDefault(family);

    /// <summary>The profile as a JSON file of its own, which extends no other.</summary>
    public string ToJson() => TargetJson.Write(new TargetDocument(
        null, Id, Title, Description, Notes.Count == 0 ? null : Notes, Devices.Count == 0 ? null : [.. Devices.Select(d => d.ToString())],
        Drivers, Rules.ToDictionary(r => r.Key, r => (ProfileRule?)r.Value, StringComparer.Ordinal)));

    /// <summary>The value of a parameter of a rule; its default where the profile does not set it.</summary>
    internal T Value<T>(string ruleId, RuleParameter<T> parameter) =>
        Rules.GetValueOrDefault(ruleId)?.Parameters is { } values && values.TryGetValue(parameter.Name, out var value)
            ? parameter.Read(value)
            : parameter.Default;

    private TargetProfile Extend(TargetDocument own)
    {
        var rules = new Dictionary<string, ProfileRule>(Rules, StringComparer.Ordinal);
        foreach (var (id, rule) in own.Rules!)
        {
            if (rule is null)
            {
                rules.Remove(id);
            }
            else
            {
                rules[id] = rules.TryGetValue(id, out var inherited) ? inherited.Extend(rule) : rule;
            }
        }

        var drivers = new Dictionary<string, DriverDemand>(Drivers, StringComparer.OrdinalIgnoreCase);
        foreach (var (family, demand) in own.Drivers ?? new Dictionary<string, DriverDemand>())
        {
            drivers[family] = demand;
        }

        return new TargetProfile(own.Id!, own.Title ?? "", own.Description ?? "", rules)
        {
            Drivers = drivers,
            Notes = own.Notes ?? Notes,
            Devices = own.Devices?.Select(d => PciDevice.TryParse(d)!).ToList() ?? Devices,
        };
    }

    /// <summary>Refuses what would silently have no effect: a rule or parameter that does not exist, a value of another kind.</summary>
    private static void Check(string source, string id, ProfileRule? rule, IReadOnlyDictionary<string, IReadOnlyList<RuleParameter>> rules)
    {
        if (!rules.TryGetValue(id, out var parameters))
        {
            throw TargetError.Broken(source, $"there is no rule {id}.");
        }

        foreach (var (name, value) in rule?.Parameters ?? new Dictionary<string, JsonElement>())
        {
            var parameter = parameters.FirstOrDefault(p => p.Name == name)
                ?? throw TargetError.Broken(source,
                    $"{id} has no parameter {name}"
                        + (parameters.Count == 0 ? "." : $" (it has {string.Join(", ", parameters.Select(p => p.Name))})."));
            if (parameter.Problem(value) is { } expected)
            {
                throw TargetError.Broken(source, $"{id}.{name} must be {expected}, not {value.GetRawText()}.");
            }
        }
    }
}
