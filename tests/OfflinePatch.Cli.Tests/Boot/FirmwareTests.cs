using OfflinePatch.Fixtures.Machines;
using OfflinePatch.Testing;

namespace OfflinePatch.Cli.Tests.Boot;

/// <summary>
/// OVMF with an empty NVRAM and SeaBIOS start fixed machines from each kind of disk, and a stand-in of Windows' loader reads boot
/// configuration, volumes, hive, boot drivers and the index of drivers by code of its own. The same machine, not fixed or with one fault
/// planted, does not pass.
/// </summary>
[Trait("tier", "oracle")]
public sealed class FirmwareTests(StandIns standIns) : IClassFixture<StandIns>
{
    private const string Services = @"HKLM\SYSTEM\ControlSet001\Services";

    /// <summary>Firmware, release, bus, and the service that must serve the controller.</summary>
    public static TheoryData<MachineFirmware, string, string, string> Starts { get; } = new()
    {
        { MachineFirmware.Uefi, "win10", "virtio-blk", "viostor" },
        { MachineFirmware.Uefi, "win10", "virtio-scsi", "vioscsi" },
        { MachineFirmware.Uefi, "win10", "sata", "storahci" },
        { MachineFirmware.Uefi, "win10", "nvme", "stornvme" },
        { MachineFirmware.Bios, "win10", "virtio-blk-modern", "viostor" },
        { MachineFirmware.Bios, "win10", "virtio-scsi", "vioscsi" },
        { MachineFirmware.Bios, "win10", "sata", "storahci" },
        { MachineFirmware.Bios, "win10", "nvme", "stornvme" },
        { MachineFirmware.Bios, "win7", "virtio-blk", "viostor" },
        { MachineFirmware.Bios, "win7", "virtio-scsi", "vioscsi" },
    };

    [SkippableTheory]
    [MemberData(nameof(Starts))]
    public void A_fixed_machine_is_started(MachineFirmware firmware, string generation, string bus, string service)
    {
        StandIns.Require(firmware);
        Corpus.Require(Generation.Get(generation).CorpusHive);
        var run = standIns.Start(standIns.Fixed(generation, firmware), firmware, bus).MustStart();
        var machine = Generation.Get(generation).Is64Bit ? "8664" : "014C";
        Assert.Contains(run.Lines("CONTROLLER"), l => l.Contains($"service {service} start 0", StringComparison.Ordinal));
        var drivers = run.Lines("DRIVER");
        Assert.All(drivers, d => Assert.Contains($"machine {machine}", d, StringComparison.Ordinal));
        Assert.Contains(drivers, d => d.Contains(@" viostor \Windows\System32\drivers\viostor.sys", StringComparison.Ordinal));
        Assert.Contains(drivers, d => d.Contains(@" vioscsi \Windows\System32\drivers\vioscsi.sys", StringComparison.Ordinal));

        // the kernel starts the port drivers of disks before the classes of disks and volumes
        var order = drivers.Select(d => d.Split(' ')[2].ToLowerInvariant()).ToList();
        Assert.InRange(order.IndexOf("viostor"), 0, order.IndexOf("disk") - 1);
        Assert.InRange(order.IndexOf("vioscsi"), 0, order.IndexOf("disk") - 1);
    }

    [SkippableFact]
    public void A_machine_that_was_not_fixed_does_not_find_its_boot_manager()
    {
        StandIns.Require(MachineFirmware.Bios);
        var image = standIns.Exported("win10", MachineFirmware.Bios);
        using var scratch = new ScratchFolder();
        var result = Oracle.Run(
            "timeout", "8", "qemu-system-x86_64", "-M", "pc", "-m", "64", "-display", "none", "-vga", "none", "-monitor", "none", "-net",
            "none",
            "-serial", $"file:{scratch["com1"]}",
            "-device", "isa-debug-exit,iobase=0x501,iosize=1", "-drive", $"file={image},format=raw,if=virtio,snapshot=on");
        Assert.Equal(124, result.ExitCode); // nothing started
        Assert.Empty(File.ReadAllBytes(scratch["com1"]));
    }

    [SkippableTheory]
    [InlineData("virtio-blk")]
    [InlineData("virtio-scsi")]
    public void Without_the_drivers_the_disk_is_not_found(string bus)
    {
        StandIns.Require(MachineFirmware.Bios);
        using var scratch = new ScratchFolder();
        var image = Copy(scratch, standIns.Exported("win10", MachineFirmware.Bios));
        Tool.Run("fix", image, "--only", "boot.loader");
        standIns.Start(image, MachineFirmware.Bios, bus).MustStop("stop 7B, no driver for the disk controller");
    }

    /// <summary>OVMF with an empty NVRAM starts a machine that was a BIOS machine; SeaBIOS does not any more.</summary>
    [SkippableTheory]
    [InlineData("virtio-blk", "viostor")]
    [InlineData("nvme", "stornvme")]
    public void A_machine_that_became_a_UEFI_machine_is_started(string bus, string service)
    {
        StandIns.Require(MachineFirmware.Uefi);
        Corpus.Require(Generation.Get("win10").CorpusHive);
        var run = standIns.Start(standIns.Converted("win10"), MachineFirmware.Uefi, bus).MustStart();
        Assert.Contains("STAND-IN uefi", run.Said, StringComparison.Ordinal);
        Assert.Contains(run.Lines("CONTROLLER"), l => l.Contains($"service {service} start 0", StringComparison.Ordinal));
    }

    /// <summary>SeaBIOS starts a machine whose system partition stayed behind from the partition of Windows.</summary>
    [SkippableTheory]
    [InlineData("win10")]
    [InlineData("win7")]
    public void A_machine_without_system_partition_is_started_after_a_boot_repair(string generation)
    {
        StandIns.Require(MachineFirmware.Bios);
        Corpus.Require(Generation.Get(generation).CorpusHive);
        var run = standIns.Start(standIns.Repaired(generation), MachineFirmware.Bios, "virtio-blk").MustStart();
        Assert.Contains("STAND-IN bios", run.Said, StringComparison.Ordinal);
    }

    [SkippableTheory]
    [InlineData("win10", "Start")]
    [InlineData("win7", "Start")]
    [InlineData("win10", "StartOverride")]
    [InlineData("win10", "ImagePath")]
    [InlineData("win10", "index")]
    [InlineData("win7", "index")]
    [InlineData("win10", "hive")]
    [InlineData("win10", "entry")]
    public void A_planted_fault_is_seen(string generation, string fault)
    {
        StandIns.Require(MachineFirmware.Bios);
        Corpus.Require(Generation.Get(generation).CorpusHive);
        using var scratch = new ScratchFolder();
        var image = Copy(scratch, standIns.Fixed(generation, MachineFirmware.Bios));
        var problem = Plant(scratch, image, generation, fault);
        standIns.Start(image, MachineFirmware.Bios, "virtio-blk").MustStop(problem);
    }

    private static string Plant(ScratchFolder scratch, string image, string generation, string fault)
    {
        switch (fault)
        {
            case "Start":
                Tool.Run("reg", "set", image, $@"{Services}\viostor", "-v", "Start", "-t", "dword", "-d", "3").MustExit(0);
                return "does not start at boot: viostor";
            case "StartOverride":
                Tool.Run("reg", "set", image, $@"{Services}\viostor\StartOverride", "-v", "0", "-t", "dword", "-d", "3").MustExit(0);
                return "does not start at boot: viostor";
            case "ImagePath":
                Tool.Run("reg", "set", image, $@"{Services}\viostor", "-v", "ImagePath", "-t", "expand", "-d",
                    @"System32\drivers\viostor.sy")
                    .MustExit(0);
                return @"has no file: \Windows\System32\drivers\viostor.sy";
            case "index":
                var index = generation == "win7"
                    ? @"HKLM\SYSTEM\ControlSet001\Control\CriticalDeviceDatabase\pci#" : @"HKLM\SYSTEM\DriverDatabase\DeviceIds\PCI\";
                string[] old = generation == "win7" ? ["ven_1af4&dev_1001&rev_00"] : [];
                foreach (var id in (string[])["ven_1af4&dev_1001&subsys_00021af4&rev_00", "ven_1af4&dev_1001", .. old])
                {
                    Tool.Run("reg", "delete", image, index + id).MustExit(0);
                }

                return "no driver for the disk controller: VEN_1AF4&DEV_1001";
            case "hive":
                Tool.Run("fs", "get", image, "/Windows/System32/config/SYSTEM", scratch.Path).MustExit(0);
                var hive = File.ReadAllBytes(scratch["SYSTEM"]);
                hive[0x1000 + 0x20] ^= 0x08; // the size of the root key's cell
                File.WriteAllBytes(scratch["SYSTEM"], hive);
                Tool.Run("fs", "put", image, scratch["SYSTEM"], "/Windows/System32/config/SYSTEM").MustExit(0);
                return "SYSTEM hive: size of a cell";
            default:
                using (var disk = File.Open(image, FileMode.Open, FileAccess.ReadWrite))
                {
                    disk.Position = 0x1B8;
                    disk.Write(BitConverter.GetBytes(DiskPlan.Signature + 1)); // a clone that got another signature
                }

                return "the entry names no partition of this disk";
        }
    }

    private static string Copy(ScratchFolder scratch, string image)
    {
        Oracle.Run("cp", "--sparse=always", image, scratch["disk.raw"]).MustSucceed();
        return scratch["disk.raw"];
    }
}
