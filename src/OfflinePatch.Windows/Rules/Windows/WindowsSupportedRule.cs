using OfflinePatch.Windows.Guest;
using OfflinePatch.Windows.Targets;

namespace OfflinePatch.Windows.Rules.Windows;

/// <summary><c>windows.supported</c>: the target lists this Windows (images-and-cloud.md §1.11). Others can be imported as "Other".</summary>
public sealed class WindowsSupportedRule : Rule
{
    /// <inheritdoc/>
    public override string Id => "windows.supported";

    /// <inheritdoc/>
    public override string Title => "The target supports this Windows";

    /// <inheritdoc/>
    public override RuleSeverity Severity => RuleSeverity.Warning;

    /// <inheritdoc/>
    public override string Source => "Huawei IMS/OTC: external image file OSs (topic 0030713143)";

    /// <inheritdoc/>
    public override string Summary => @"SOFTWARE\Microsoft\Windows NT\CurrentVersion: product, edition, build; architecture of the kernel.";

    /// <inheritdoc/>
    public override Finding Inspect(RuleContext context)
    {
        var facts = context.Windows.Facts;
        var name = OsNames.OsVersion(facts);
        if (name is null)
        {
            return Finding.Failed(
                @"SOFTWARE\Microsoft\Windows NT\CurrentVersion does not say which Windows this is.",
                $"Register the image as {OsNames.Other(facts)}.", facts.ProductName);
        }

        var supported = context.Profile.List(Id, "systems", []);
        return supported.Count == 0 || supported.Contains(name, StringComparer.OrdinalIgnoreCase)
            ? Finding.Ok($"{facts.ProductName ?? name}, build {facts.Build}: register it with os_version \"{name}\".")
            : Finding.Failed(
                $"{facts.ProductName ?? name} (build {facts.Build}, {facts.ArchitectureText ?? "unknown architecture"}) is not in the list of {context.Profile.Title}.",
                $"Register the image as \"{OsNames.Other(facts)}\", or upgrade Windows in the source machine.", name);
    }
}
