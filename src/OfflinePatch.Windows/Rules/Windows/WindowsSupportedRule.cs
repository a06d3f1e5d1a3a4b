using OfflinePatch.Windows.Guest;
using OfflinePatch.Windows.Targets;

namespace OfflinePatch.Windows.Rules.Windows;

/// <summary>
/// <c>windows.supported</c>: the target lists this Windows (images-and-cloud.md §1.11). Others can be imported as "Other".
/// </summary>
internal sealed class WindowsSupportedRule() : Rule(Description)
{
    private static readonly ListParameter Systems = new("systems", [],
        "The `os_version` strings that the target takes (`Windows Server 2019 Datacenter 64bit`); empty: every Windows.");

    private static readonly RuleContract Description = new("windows.supported")
    {
        Title = "The target supports this Windows",
        Severity = RuleSeverity.Warning,
        Source = "Huawei IMS/OTC: external image file OSs (topic 0030713143)",
        Summary = @"SOFTWARE\Microsoft\Windows NT\CurrentVersion: product, edition, build; architecture of the kernel.",
        Parameters = [Systems],
    };

    /// <inheritdoc/>
    public override Finding Inspect(RuleContext context)
    {
        var facts = context.Windows.Facts;
        var name = OsNames.OsVersion(facts);
        if (name is null && facts.Build != 0)
        {
            return Finding.Failed(
                $"{facts.ProductName ?? "This Windows"} (build {facts.Build}, {facts.ArchitectureText ?? "unknown architecture"}) has no "
                    + $"name in the lists of {context.Profile.Title}.",
                $"Register the image as \"{OsNames.Other(facts)}\", with the architecture {facts.ArchitectureText ?? "of the machine"}.",
                facts.ProductName);
        }

        if (name is null)
        {
            return Finding.Failed(
                @"SOFTWARE\Microsoft\Windows NT\CurrentVersion does not say which Windows this is.",
                $"Register the image as {OsNames.Other(facts)}.", facts.ProductName);
        }

        var supported = Value(context, Systems);
        return supported.Count == 0 || supported.Contains(name, StringComparer.OrdinalIgnoreCase)
            ? Finding.Ok($"{facts.ProductName ?? name}, build {facts.Build}: register it with os_version \"{name}\".")
            : Finding.Failed(
                $"{facts.ProductName ?? name} (build {facts.Build}, {facts.ArchitectureText ?? "unknown architecture"}) is not in the "
                    + $"list of {context.Profile.Title}.",
                $"Register the image as \"{OsNames.Other(facts)}\", or upgrade Windows in the source machine.", name);
    }

    /// <summary>The name under which the image is registered: its own where the target lists it.</summary>
    public static string RegistrationName(RuleContext context)
    {
        var facts = context.Windows.Facts;
        var supported = context.Profile.Value(Description.Id, Systems);
        return OsNames.OsVersion(facts) is { } name && (supported.Count == 0 || supported.Contains(name, StringComparer.OrdinalIgnoreCase))
            ? name
            : OsNames.Other(facts);
    }
}
