using OfflinePatch.Core;
using OfflinePatch.Fixtures.Drivers;
using OfflinePatch.Testing;
using OfflinePatch.Windows.Rules;
using OfflinePatch.Windows.Rules.Drivers;
using OfflinePatch.Windows.Targets;
using OfflinePatch.Windows.Tests.Machines;

namespace OfflinePatch.Windows.Tests.DriverStore;

/// <summary>Lists of the target's PCI devices, and which of them a Windows has no driver for.</summary>
[Trait("tier", "unit")]
public sealed class DeviceListTests
{
    [Theory]
    [InlineData("00:05.0 0100: 1af4:1042 (rev 01)", "1AF4", "1042", null, "01", "0100")] // lspci -n
    [InlineData("0000:00:1f.2 0106: 8086:2922 (rev 02)", "8086", "2922", null, "02", "0106")] // lspci -Dn
    // lspci -nn
    [InlineData("00:03.0 Ethernet controller [0200]: Red Hat, Inc. Virtio network device [1af4:1000]", "1AF4", "1000", null, null, "0200")]
    [InlineData("1af4:1041", "1AF4", "1041", null, null, null)]
    [InlineData("010802: 1b36:0010 NVMe", "1B36", "0010", null, null, "010802")]
    [InlineData(@"PCI\VEN_1AF4&DEV_1042&SUBSYS_11001AF4&REV_01", "1AF4", "1042", "11001AF4", "01", null)]
    [InlineData(@"pci\ven_8086&dev_100e&cc_020000 ""Intel PRO/1000""", "8086", "100E", null, null, "020000")]
    public void A_line_names_a_device(string line, string vendor, string device, string? subsystem, string? revision, string? code)
    {
        var read = PciDevice.TryParse(line)!;
        Assert.Equal((vendor, device, subsystem, revision, code),
            (read.Vendor, read.Device, read.Subsystem, read.Revision, read.ClassCode));
        Assert.Equal(read with { Title = "" }, PciDevice.TryParse(read.ToString())! with { Title = "" });
    }

    [Theory]
    [InlineData("")]
    [InlineData("00:05.0 SCSI storage controller")]
    [InlineData(@"PCI\VEN_1AF&DEV_1042")]
    [InlineData("1af4:10422")]
    [InlineData("12:34:56:78")]
    public void A_line_that_names_none_is_refused(string line) => Assert.Null(PciDevice.TryParse(line));

    [Theory]
    [InlineData("0100: 1af4:1042", "VEN_1AF4&DEV_1042", true)]
    [InlineData("0100: 1af4:1042", "VEN_1AF4&DEV_1042&SUBSYS_11001AF4&REV_01", true)] // the subsystem is not known
    [InlineData(@"PCI\VEN_1AF4&DEV_1042&SUBSYS_00000000", "VEN_1AF4&DEV_1042&SUBSYS_11001AF4", false)]
    [InlineData("0108: 1b36:0010", "CC_010802", true)]
    [InlineData("010802: 1b36:0010", "CC_0108", true)]
    [InlineData("010801: 1b36:0010", "CC_010802", false)]
    [InlineData("1b36:0010", "CC_0108", false)]
    [InlineData("0100: 1af4:1042", "VEN_1AF4&DEV_1043", false)]
    [InlineData("0100: 1af4:1042", "VEN_1AF4&DT_0", false)]
    public void An_id_fits_or_does_not(string line, string id, bool fits) => Assert.Equal(fits, PciDevice.TryParse(line)!.Match(id) > 0);

    [Fact]
    public void A_file_is_read_and_a_mistake_named()
    {
        using var scratch = new ScratchFolder();
        File.WriteAllText(scratch["list"], "# target\n\n0200: 1af4:1041 network # comment\n0100: 1af4:1042\n");
        Assert.Equal(["0200: 1af4:1041 network", "0100: 1af4:1042"], PciDeviceList.Read(scratch["list"]).Select(d => d.ToString()));
        foreach (var (text, what) in new[] { ("0200: 1af4:1041\nnonsense\n", "line 2"), ("# nothing\n", "empty"),
            (string.Concat(Enumerable.Repeat("1af4:1041\n", 4097)), "more than") })
        {
            File.WriteAllText(scratch["list"], text);
            var error = Assert.Throws<UnsupportedImageException>(() => PciDeviceList.Read(scratch["list"]));
            Assert.Equal("WIN-0015", error.Code);
            Assert.Contains(what, error.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Every_profile_has_a_list()
    {
        foreach (var id in TargetCatalog.Ids)
        {
            var devices = TargetCatalog.Get(id).Devices;
            Assert.Contains(devices, d => d.IsStorage);
            Assert.Contains(devices, d => d.IsNetwork);
            Assert.Equal(devices, TargetCatalog.Parse(System.Text.Encoding.UTF8.GetBytes(TargetCatalog.Get(id).ToJson()), id).Devices);
        }
    }

    /// <summary>Against the index of a real Windows 10: what it has drivers for, and what not, by the names of its own INFs.</summary>
    [SkippableFact]
    public void The_drivers_of_windows_itself_are_known()
    {
        var finding = Judge("win10-1709-x64", "0601: 8086:7000", "0101: 8086:7010", "010802: 1b36:0010", "0106: 8086:2922", "15ad:07c0",
            "0100: 1af4:1042 VirtIO disk");
        Assert.Equal((FindingState.Failed, RuleSeverity.Error), (finding.State, finding.Severity));
        Assert.StartsWith("1 of 6 devices of the target have no driver that can be used: 1AF4:1042 VirtIO disk: none.", finding.Message,
            StringComparison.Ordinal);
        foreach (var inf in new[] { "8086:7000: machine.inf", "8086:7010: mshdc.inf", "1B36:0010: stornvme.inf", "8086:2922: mshdc.inf",
            "15AD:07C0: oem4.inf" })
        {
            Assert.Contains(inf, finding.Before, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("server2019")]
    [InlineData("server2022")]
    [InlineData("win11")]
    public void A_staged_driver_counts_while_its_files_are_whole(string name)
    {
        var machine = StagingMachine.Create(name);
        machine.Options = new RuleOptions { Devices = [PciDevice.TryParse("0200: 1af4:1041 network")!], Clock = StagingMachine.Clock };
        Assert.Equal(FindingState.Failed, new DriversDevicesRule().Inspect(machine.Start()).State);
        var guest = machine.Restart();
        var staged = StagingMachine.Stage(guest.Windows, SampleDrivers.NetKvm.Build("amd64", SampleDriverDisc.Version));
        Assert.Equal(FindingState.Ok, new DriversDevicesRule().Inspect(guest).State);
        guest.Windows.Files.Delete($@"Windows\System32\DriverStore\FileRepository\{staged.PackageName}\netkvm.sys");
        Machine.Save(guest);
        var finding = new DriversDevicesRule().Inspect(machine.Restart());
        Assert.Equal((FindingState.Failed, RuleSeverity.Error), (finding.State, finding.Severity));
        Assert.Contains("netkvm.sys is missing", finding.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Windows_7_is_judged_by_its_infs()
    {
        var machine = new Machine(Generation.Windows7);
        machine.Options = new RuleOptions { Devices = [PciDevice.TryParse("0200: fff1:0001 network")!] };
        Assert.Equal(FindingState.Failed, new DriversDevicesRule().Inspect(machine.Start()).State);
        machine.WindowsFiles.Put(@"Windows\INF\smpgpu.inf", VendorPackage.Display("x86")[0].Content);
        var finding = new DriversDevicesRule().Inspect(machine.Restart());
        Assert.Equal(FindingState.Ok, finding.State);
        Assert.Contains("smpgpu.inf", finding.Before, StringComparison.Ordinal);
    }

    [Fact]
    public void Without_a_list_nothing_is_said() =>
        Assert.Equal(FindingState.NotApplicable, new DriversDevicesRule().Inspect(new Machine().Start()).State);

    private static Finding Judge(string name, params string[] devices)
    {
        var machine = StagingMachine.Create(name);
        machine.Options = new RuleOptions { Devices = [.. devices.Select(d => PciDevice.TryParse(d)!)] };
        var guest = machine.Start();
        foreach (var driver in guest.Windows.System.Root.Find(@"DriverDatabase\DriverInfFiles\oem4.inf")?.GetMultiString("") ?? [])
        {
            machine.WindowsFiles.Put($@"Windows\System32\DriverStore\FileRepository\{driver}\pvscsi.inf",
                "[Version]\r\nSignature=\"$Windows NT$\"\r\n"u8.ToArray());
        }

        return new DriversDevicesRule().Inspect(guest);
    }
}
