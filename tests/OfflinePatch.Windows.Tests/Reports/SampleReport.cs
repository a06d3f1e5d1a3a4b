using OfflinePatch.Windows.Guest;
using OfflinePatch.Windows.Reports;
using OfflinePatch.Windows.Targets;

namespace OfflinePatch.Windows.Tests.Reports;

/// <summary>A report with something of everything, hostile names included.</summary>
internal static class SampleReport
{
    public static ReportDocument Create(ImageResult result = ImageResult.NotReady) =>
        new(1, new ToolIdentity("offlinepatch", "0.1.0"), "fix",
    [
        new ImageReport
        {
            Path = "/images/<script>alert(1)</script> web server.vmdk",
            Result = result,
            Format = "vmdk",
            Subformat = "monolithicSparse",
            VirtualSize = 60L << 30,
            FileSize = 12L << 30,
            Firmware = "uefi",
            Target = "huawei-ims",
            Windows = new WindowsReport("Windows Server 2019 Datacenter", "ServerDatacenter", "10.0 (1809)", 17763, "x64", "Server",
                "ControlSet001", @"C:\Windows", "WEB01", 3),
            Partitions =
            [
                new PartitionReport(1, 1 << 20, 100L << 20, "EFI system", "FAT32", "SYSTEM", "system", false, "0a1b", null, 70L << 20),
                new PartitionReport(2, 101L << 20, 16L << 20, "Microsoft reserved", null, null, "reserved", false, "0a1c", null, null),
                new PartitionReport(3, 117L << 20, 45L << 30, "basic data", "NTFS", "Windows & more", "windows", false, "0a1d", "C:",
                    20L << 30),
                new PartitionReport(4, (117L << 20) + (45L << 30), 10L << 30, "basic data", "NTFS", "Data", "data", false, "0a1e", "E:",
                    9L << 30),
                new PartitionReport(5, (117L << 20) + (55L << 30), 600L << 20, "Windows recovery", "NTFS", null, "recovery", false, "0a1f",
                    null, 90L << 20),
            ],
            Rules =
            [
                new RuleReport("volume.dirty", RuleSeverity.Error, RuleState.Ok, "No volume is marked dirty.",
                    Title: "The volume is not marked dirty", Gate: true),
                new RuleReport("network.dhcp", RuleSeverity.Error, RuleState.Fixed, "All 2 interfaces of all control sets use DHCP.",
                    Before: "ControlSet001 {AAAA} (Ethernet0): 10.0.0.5/255.255.255.0, gateway 10.0.0.1, DNS 10.0.0.2; ControlSet002 "
                        + "{AAAA} (Ethernet0): 10.0.0.5/255.255.255.0",
                    After: "DHCP for address, gateway and DNS", Title: "Every network interface uses DHCP"),
                result == ImageResult.Ready
                    ? new RuleReport("drivers.virtio-storage", RuleSeverity.Error, RuleState.Ok, "viostor and vioscsi start at boot.",
                        Title: "VirtIO storage drivers start at boot")
                    : new RuleReport("drivers.virtio-storage", RuleSeverity.Error, RuleState.Failed, @"Services\viostor is missing.",
                        "Give the driver disc: `offlinepatch fix IMAGE --drivers virtio-win.iso`.",
                        Title: "VirtIO storage drivers start at boot"),
                new RuleReport("drivers.leftovers", RuleSeverity.Warning, RuleState.Failed,
                    @"VMware Tools: VMTools, vmci under ControlSet001\Services.", "Uninstall VMware Tools in the source machine.",
                    Title: "No tools of another hypervisor interfere"),
                new RuleReport("remote.rdp", RuleSeverity.Warning, RuleState.NotApplicable, "Not asked for (--enable-rdp).",
                    Title: "Remote Desktop is on"),
            ],
            Changes = new ChangesReport(2, 1, 3, 1234567)
            {
                Registry =
                [
                    new RegistryChange(@"HKLM\SYSTEM\ControlSet001\Services\Tcpip\Parameters\Interfaces\{AAAA}", "EnableDHCP", "0", "1",
                        "network.dhcp"),
                    new RegistryChange(@"HKLM\SYSTEM\ControlSet001\Services\Tcpip\Parameters\Interfaces\{AAAA}", "IPAddress",
                        "[\"10.0.0.5\"]", null, "network.dhcp"),
                    new RegistryChange(@"HKLM\SYSTEM\ControlSet001\Services\Tcpip\Parameters\Interfaces\{AAAA}", "NameServer",
                        "\"10.0.0.2\"", "\"\"", "network.dhcp"),
                ],
                Files = [new FileChange(@"ESP:\EFI\Boot\bootx64.efi", FileChangeKind.Added, 1 << 20, "boot.loader")],
            },
            UndoFile = "/images/web server.vmdk.offlinepatch-undo",
            ElapsedMs = 812,
        },
    ]);
}
