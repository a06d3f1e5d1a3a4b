using OfflinePatch.Drivers.Manifest;
using OfflinePatch.Windows.Targets;

namespace OfflinePatch.Windows.Rules.Drivers;

/// <summary>
/// <c>drivers.virtio-storage</c>: viostor and vioscsi are staged and start at boot, so that Windows finds its disk behind either controller (drivers.md §1 and §11).
/// </summary>
public sealed class VirtioStorageRule : DriverFamilyRule
{
    /// <inheritdoc/>
    public override string Id => "drivers.virtio-storage";

    /// <inheritdoc/>
    public override string Title => "Windows starts from a VirtIO disk";

    /// <inheritdoc/>
    public override RuleSeverity Severity => RuleSeverity.Error;

    /// <inheritdoc/>
    public override string Source => "Huawei IMS, OTC, OpenStack: VirtIO drivers must be installed before a Windows image is imported";

    /// <inheritdoc/>
    public override string Summary =>
        @"viostor and vioscsi: driver store, DriverDatabase (CriticalDeviceDatabase on Windows 7), Services\viostor and \vioscsi with Start=0 and no StartOverride, System32\drivers.";

    /// <inheritdoc/>
    protected override DriverFamily? Family(DriverManifest manifest) => manifest.VirtIO;

    /// <inheritdoc/>
    protected override IEnumerable<DriverEntry> Entries(DriverFamily family, RuleContext context) => family.Drivers.Where(d => d.Role == DriverRole.Storage);

    /// <inheritdoc/>
    protected override bool IsDemanded(DriverFamily family, DriverEntry entry, RuleContext context) => true;
}
