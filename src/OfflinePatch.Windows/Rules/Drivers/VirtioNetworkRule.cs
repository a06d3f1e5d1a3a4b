using OfflinePatch.Drivers.Manifest;
using OfflinePatch.Windows.DriverStore;
using OfflinePatch.Windows.Targets;

namespace OfflinePatch.Windows.Rules.Drivers;

/// <summary>
/// <c>drivers.virtio-network</c>: NetKVM is staged, so that Windows installs it when it first sees the adapter; no script runs for it (drivers.md §3.9).
/// </summary>
public sealed class VirtioNetworkRule : DriverFamilyRule
{
    /// <inheritdoc/>
    public override string Id => "drivers.virtio-network";

    /// <inheritdoc/>
    public override string Title => "Windows has the VirtIO network driver";

    /// <inheritdoc/>
    public override RuleSeverity Severity => RuleSeverity.Error;

    /// <inheritdoc/>
    public override string Source => "OTC: without VirtIO drivers ECS network adapters cannot be detected";

    /// <inheritdoc/>
    public override string Summary => "netkvm: driver store, DriverDatabase of the DRIVERS hive (a folder of DevicePath on Windows 7).";

    /// <inheritdoc/>
    protected override DriverFamily? Family(DriverManifest manifest) => manifest.VirtIO;

    /// <inheritdoc/>
    protected override IEnumerable<DriverEntry> Entries(DriverFamily family, RuleContext context) => family.Drivers.Where(d => d.Role == DriverRole.Network);

    /// <inheritdoc/>
    protected override bool IsDemanded(DriverFamily family, DriverEntry entry, RuleContext context) => true;
}
