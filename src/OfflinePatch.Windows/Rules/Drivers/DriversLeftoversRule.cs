using OfflinePatch.Windows.Guest;
using OfflinePatch.Windows.Targets;

namespace OfflinePatch.Windows.Rules.Drivers;

/// <summary>
/// <c>drivers.leftovers</c>: what VMware, VirtualBox, Parallels, Hyper-V and Xen left behind (drivers.md §8, images-and-cloud.md §4.4,
/// virt-v2v convert/convert_windows.ml). Fixed is only what virt-v2v has done for years: Parallels' drivers and Red Hat's old Xen SCSI driver are disabled, after
/// they are taken out of the filter lists of every class and device. Hyper-V's drivers come with Windows: they are no leftovers. Storage drivers of VMware (pvscsi, LSI) are never touched: they may be what still boots the machine.
/// </summary>
internal sealed class DriversLeftoversRule() : Rule(Description)
{
    private static readonly (string Origin, string Remedy, string[] Services)[] Known =
    [
        ("VMware Tools", "Uninstall VMware Tools in the source machine before the export: its uninstaller refuses to run outside VMware.",
            [
                "VMTools", "VGAuthService", "vmvss", "VM3DService", "vm3dmp", "vm3dmp-debug", "vm3dmp-stats", "vm3dmp_loader", "svga_wddm", "vmx_svga", "vmx86", "vmhgfs",
                "VMMemCtl", "vmrawdsk", "vmci", "vsock", "vmmouse", "vmusbmouse", "vmkbd", "vmaudio", "vmdesched", "efifw", "vmwefifw", "vnetWFP", "vnetflt", "vsepflt",
                "vmdebug", "VMUpgradeHelper", "GISvc",
            ]),
        ("VirtualBox Guest Additions", "Uninstall the VirtualBox Guest Additions in the source machine.",
            ["VBoxService", "VBoxGuest", "VBoxMouse", "VBoxSF", "VBoxVideo", "VBoxVideoW8", "VBoxWddm"]),
        ("Citrix or old Xen tools", "Uninstall the Xen tools in the source machine, or stage the Xen PV drivers with --drivers.",
            ["xenpci", "xenstub", "xensvc", "xenlite", "XenServerTools"]),
    ];

    private static readonly string[] Parallels =
    [
        "prl_boot", "prl_dd", "prl_eth5", "prl_fs", "prl_memdev", "prl_mouf", "prl_pv32", "prl_pv64", "prl_scsi", "prl_sound", "prl_strg", "prl_tg",
        "prl_time", "prl_uprof", "prl_va",
    ];

    private static readonly string[] SafeToDisable = [.. Parallels, "rhelscsi"];

    private static readonly RuleContract Description = new("drivers.leftovers")
    {
        Title = "Nothing of another hypervisor stands in the way",
        Severity = RuleSeverity.Warning,
        Source = "Huawei IMS: remove VMware Tools and Citrix tools before the import; virt-v2v convert_windows.ml",
        Summary = @"Services of VMware Tools, VirtualBox, old Xen tools: told. Services\prl_* (Parallels) and rhelscsi: taken out of every UpperFilters and LowerFilters under Control\Class and Enum, Start=4.",
        CanFix = true,
    };

    /// <inheritdoc/>
    public override Finding Inspect(RuleContext context)
    {
        var active = Active(context).ToList();
        if (active.Count > 0)
        {
            return Finding.Broken(
                $@"Drivers of another hypervisor would start: {string.Join(", ", active.Select(a => $@"Services\{a.Name}").Distinct(StringComparer.OrdinalIgnoreCase))}.",
                string.Join("; ", active.Select(a => $@"{a.Path}\Start={a.GetDword("Start")}")), "disabled (Start=4), out of every filter list");
        }

        var current = context.Windows.Current;
        var found = Known
            .Select(k => (k.Origin, k.Remedy, Services: k.Services.Where(s => IsEnabled(current, s)).ToList()))
            .Where(k => k.Services.Count > 0)
            .ToList();
        return found.Count == 0
            ? Finding.Ok("No service of VMware Tools, VirtualBox, Parallels or old Xen tools that this rule knows is enabled.")
            : Finding.Failed(
                string.Join(" ", found.Select(f => $@"{f.Origin}: {string.Join(", ", f.Services)} under {current.Name}\Services.")),
                string.Join(" ", found.Select(f => f.Remedy)));
    }

    /// <inheritdoc/>
    public override void Fix(RuleContext context)
    {
        foreach (var key in Active(context).ToList())
        {
            foreach (var set in context.Windows.BootControlSets)
            {
                foreach (var filter in DeviceFilters.Naming(set, key.Name).ToList())
                {
                    DeviceFilters.Remove(filter);
                }
            }

            key.SetDword("Start", ServiceImage.Disabled);
        }
    }

    private static IEnumerable<GuestKey> Active(RuleContext context) =>
        context.Windows.BootControlSets.SelectMany(set => SafeToDisable.Where(s => IsEnabled(set, s)).Select(s => set.Service(s)!));

    private static bool IsEnabled(ControlSet set, string service) =>
        set.Service(service)?.GetDword("Start") is { } start && start != ServiceImage.Disabled;
}
