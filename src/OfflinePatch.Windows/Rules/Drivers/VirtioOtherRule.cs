using OfflinePatch.Drivers.Manifest;
using OfflinePatch.Windows.Targets;

namespace OfflinePatch.Windows.Rules.Drivers;

/// <summary>
/// <c>drivers.virtio-other</c>: balloon, serial, random numbers, input, display, file system, panic and firmware devices are staged as far as the source holds
/// them. What the target advises and neither the image nor the source has is told.
/// </summary>
public sealed class VirtioOtherRule : DriverFamilyRule
{
    /// <inheritdoc/>
    public override string Id => "drivers.virtio-other";

    /// <inheritdoc/>
    public override string Title => "Windows has the other VirtIO drivers";

    /// <inheritdoc/>
    public override RuleSeverity Severity => RuleSeverity.Warning;

    /// <inheritdoc/>
    public override string Source => "virtio-win: drivers of the devices that KVM gives a guest beside disk and network";

    /// <inheritdoc/>
    public override string Summary => "balloon, vioserial, viorng, vioinput, viogpudo, viofs, pvpanic, fwcfg: driver store and DriverDatabase, from the sources that hold them.";

    /// <inheritdoc/>
    protected override DriverFamily? Family(DriverManifest manifest) => manifest.VirtIO;

    /// <inheritdoc/>
    protected override IEnumerable<DriverEntry> Entries(DriverFamily family, RuleContext context) => family.Drivers.Where(d => d.Role == DriverRole.Other);

    /// <inheritdoc/>
    protected override bool IsDemanded(DriverFamily family, DriverEntry entry, RuleContext context) =>
        family.Demand(context.Profile.Id).Advised?.Contains(entry.Id, StringComparer.OrdinalIgnoreCase) ?? false;
}
