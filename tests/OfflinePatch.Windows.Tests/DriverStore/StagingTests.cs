using System.Text;
using OfflinePatch.Core;
using OfflinePatch.Drivers.Manifest;
using OfflinePatch.Drivers.Packages;
using OfflinePatch.Fixtures.Drivers;
using OfflinePatch.Registry;
using OfflinePatch.Testing;
using OfflinePatch.Windows.DriverStore;
using OfflinePatch.Windows.Guest;
using OfflinePatch.Windows.Rules;
using OfflinePatch.Windows.Rules.Drivers;
using OfflinePatch.Windows.Tests.Machines;

namespace OfflinePatch.Windows.Tests.DriverStore;

[Trait("tier", "unit")]
public sealed class StagingTests
{
    private static readonly Lazy<MemoryFileSystem> Disc = new(() => StagingMachine.Disc(SampleDriverDisc.Virtio()));

    private static readonly VirtioRule[] Rules = [VirtioRule.Storage, VirtioRule.Network, VirtioRule.Other];

    public static TheoryData<string> Names => [.. StagingMachine.Generations.Select(g => g.Name)];

    [SkippableTheory]
    [MemberData(nameof(Names))]
    public void The_rules_mend_and_a_second_run_changes_nothing(string name)
    {
        var machine = StagingMachine.Create(name);
        var guest = machine.Start();
        Assert.All(Rules.Take(2), r => Assert.Equal((FindingState.Failed, false), (r.Inspect(guest).State, r.Inspect(guest).Fixable)));
        machine.Options = new RuleOptions
        {
            TrustedRoots = SampleTrust.Options.TrustedRoots,
            DriverSources = [Disc.Value],
            Clock = StagingMachine.Clock,
        };
        guest = machine.Restart();
        foreach (var rule in Rules)
        {
            Assert.True(rule.Inspect(guest).Fixable, $"{rule.Id}: {rule.Inspect(guest).Message}");
            rule.Fix(guest);
            Assert.True(rule.Inspect(guest).State == FindingState.Ok, $"{rule.Id}: {rule.Inspect(guest).Message}");
        }

        Machine.Save(guest);
        var again = machine.Restart();
        var writes = machine.WindowsFiles.Writes;
        foreach (var rule in Rules)
        {
            Assert.True(rule.Inspect(again).State == FindingState.Ok, $"{rule.Id}: {rule.Inspect(again).Message}");
        }

        StagingMachine.StageFamily(again.Windows, Disc.Value, "virtio");
        Assert.Empty(again.Changes.Registry);
        Assert.True(again.Changes.IsEmpty);
        Machine.Save(again);
        Assert.Equal(writes, machine.WindowsFiles.Writes);

        machine.Options = new RuleOptions();
        Assert.All(Rules, r => Assert.Equal(FindingState.Ok, r.Inspect(machine.Restart()).State));
    }

    [Fact]
    public void A_newer_version_is_staged_beside_the_older()
    {
        var machine = StagingMachine.Create("server2019");
        var guest = machine.Start();
        var old = StagingMachine.Stage(guest.Windows, SampleDrivers.VioStor.Build("amd64", "01/01/2020,100.80.0.0"));
        var current = StagingMachine.Stage(guest.Windows, SampleDrivers.VioStor.Build("amd64", "01/01/2025,100.95.0.0"));
        var older = StagingMachine.Stage(guest.Windows, SampleDrivers.VioStor.Build("amd64", "01/01/2022,100.90.0.0"));
        Assert.Equal((StagingOutcome.Staged, "oem0.inf"), (old.Outcome, old.PublishedName));
        Assert.Equal((StagingOutcome.Staged, "oem1.inf"), (current.Outcome, current.PublishedName));
        Assert.Equal((StagingOutcome.Completed, "oem1.inf", "100.95.0.0"), (older.Outcome, older.PublishedName, older.Version.ToString()));
        Assert.Equal(2, GuestDriverStore.Inspect(guest.Windows).Count);
        Assert.Equal(["oem0.inf", "oem1.inf"], guest.Windows.Current.Service("viostor")!.GetMultiString("Owners")!);
    }

    [Fact]
    public void What_stops_a_boot_driver_is_mended()
    {
        var machine = StagingMachine.Create("server2022");
        machine.Options = new RuleOptions
        {
            TrustedRoots = SampleTrust.Options.TrustedRoots,
            DriverSources = [Disc.Value],
            Clock = StagingMachine.Clock,
        };
        var guest = machine.Start();
        var rule = VirtioRule.Storage;
        rule.Fix(guest);
        foreach (var damage in (Action<GuestKey>[])
            [
                s => s.SetDword("Start", 3), s => s.Create("StartOverride").SetDword("0", 3),
                s => s.Create("Parameters").SetDword("BusType", 3),
                s => s.Create(@"Parameters\PnpInterface").DeleteValue("5"),
                s => s.SetExpandString("ImagePath", @"system32\drivers\gone.sys"),
            ])
        {
            damage(guest.Windows.Current.Service("vioscsi")!);
            Assert.Contains("vioscsi", rule.Inspect(guest).Message, StringComparison.Ordinal);
            Assert.True(rule.Inspect(guest).Fixable);
            rule.Fix(guest);
            Assert.Equal(FindingState.Ok, rule.Inspect(guest).State);
        }

        guest.Windows.Files.Delete(@"Windows\System32\drivers\viostor.sys");
        Assert.Contains("viostor", rule.Inspect(guest).Message, StringComparison.Ordinal);
        rule.Fix(guest);
        Assert.Equal(FindingState.Ok, rule.Inspect(guest).State);
    }

    [Theory]
    [InlineData(0, 0u)]
    [InlineData(1, 1u)]
    [InlineData(2, 1u)]
    [InlineData(3, 1u)]
    public void A_service_never_stops_the_boot_when_its_driver_fails(int control, uint expected)
    {
        var machine = StagingMachine.Create("server2019");
        var guest = machine.Start();
        var files = VendorPackage.Chipset();
        var inf = Encoding.ASCII.GetString(files[0].Content).Replace("ErrorControl=1", $"ErrorControl={control}", StringComparison.Ordinal);
        StagingMachine.Stage(guest.Windows, VendorPackage.Of("smpchip", inf, "smpchip.sys", "smphelp.dll"));
        Assert.Equal(expected, guest.Windows.Current.Service("smpchip")!.GetDword("ErrorControl"));
    }

    /// <summary>Clouds have subsystem ids of their own: the driver must be found without them.</summary>
    [SkippableTheory]
    [InlineData("server2019")]
    [InlineData("win7-sp1-x86")]
    public void A_boot_driver_is_registered_for_its_device_without_a_subsystem(string name)
    {
        var machine = StagingMachine.Create(name);
        var guest = machine.Start();
        var driver = SampleDrivers.VioStor with
        {
            Models = [@"scsi_inst, PCI\VEN_1AF4&DEV_1001&SUBSYS_00021AF4&REV_00",
                @"scsi_inst, PCI\VEN_1AF4&DEV_1042&SUBSYS_11001AF4&REV_01"],
        };
        var (architecture, decoration) = name == "server2019" ? ("amd64", "") : ("x86", ".6.1");
        StagingMachine.Stage(guest.Windows, driver.Build(architecture, SampleDriverDisc.Version, decoration));
        foreach (var id in (string[])["VEN_1AF4&DEV_1001", "VEN_1AF4&DEV_1042"])
        {
            if (name == "server2019")
            {
                Assert.NotNull(guest.Windows.System.Root.Find($@"DriverDatabase\DeviceIds\PCI\{id}")?.GetBinary("oem0.inf"));
            }
            else
            {
                Assert.Equal("viostor", guest.Windows.Current.Find($@"Control\CriticalDeviceDatabase\PCI#{id}")?.GetString("Service"));
            }
        }
    }

    [Fact]
    public void A_driver_that_runs_from_the_store_is_also_put_into_drivers()
    {
        var machine = StagingMachine.Create("server2025");
        var guest = machine.Start();
        StagingMachine.StageFamily(guest.Windows, Disc.Value, "virtio");
        Assert.Equal(@"System32\drivers\viostor.sys", guest.Windows.Current.Service("viostor")!.GetString("ImagePath"));
        Assert.True(guest.Windows.Files.FileExists(@"Windows\System32\drivers\viostor.sys"));
        var balloon = guest.Windows.Current.Service("BALLOON")!.GetString("ImagePath")!;
        Assert.StartsWith(@"\SystemRoot\System32\DriverStore\FileRepository\balloon.inf_amd64_", balloon, StringComparison.Ordinal);
        Assert.True(ServiceImage.HasFile(guest.Windows, guest.Windows.Current.Service("BALLOON")!));
        Assert.False(guest.Windows.Files.FileExists(@"Windows\System32\drivers\balloon.sys"));
    }

    [Fact]
    public void Numbers_and_bits_of_others_are_kept()
    {
        var machine = StagingMachine.Create("server2019");
        machine.System.Create("DriverDatabase").SetBinary("OemInfMap", [0xA0]);
        machine.System.Create(@"DriverDatabase\DriverInfFiles\oem1.inf");
        machine.WindowsFiles.Put(@"Windows\INF\OEM3.INF", [1]);
        var guest = machine.Start();
        Assert.Equal("oem4.inf",
            StagingMachine.Stage(guest.Windows, SampleDrivers.Balloon.Build("amd64", SampleDriverDisc.Version)).PublishedName);
        Assert.Equal([0xA8], guest.Windows.System.Root.Find("DriverDatabase")!.GetBinary("OemInfMap")!);
    }

    [Fact]
    public void A_package_that_Windows_staged_without_configuring_is_completed()
    {
        // As the corpus has pvscsi: staged by an installer on a machine without the device; no configuration, no service.
        var machine = StagingMachine.Create("server2019");
        var guest = machine.Start();
        var files = SampleDrivers.VioStor.Build("amd64", "01/01/2025,100.95.0.0");
        StagingMachine.Stage(guest.Windows, files);
        var package = guest.Windows.System.Root.Find(@"DriverDatabase\DriverPackages")!.SubKeys.Single();
        package.DeleteSubKeyTree("Configurations");
        package.DeleteSubKeyTree("Descriptors");
        package.SetDword("StatusFlags", 0x112);
        guest.Windows.Current.Find("Services")!.DeleteSubKeyTree("viostor");
        guest.Windows.Files.Delete(@"Windows\System32\drivers\viostor.sys");
        var staged = GuestDriverStore.Inspect(guest.Windows);
        var entry = OfflinePatch.Drivers.Manifest.DriverManifest.Embedded.VirtIO!.Find("viostor")!;
        Assert.False(DriverReadiness.Of(guest.Windows, entry, staged).IsReady);
        var result = StagingMachine.Stage(guest.Windows, files);
        Assert.Equal((StagingOutcome.Completed, "oem0.inf"), (result.Outcome, result.PublishedName));
        Assert.Empty(DriverReadiness.Of(guest.Windows, entry, GuestDriverStore.Inspect(guest.Windows)).Problems);
        Assert.Equal(0x112u, package.GetDword("StatusFlags"));
    }

    [Fact]
    public void An_inbox_file_is_never_overwritten()
    {
        var machine = StagingMachine.Create("server2019");
        machine.WindowsFiles.Put(@"Windows\System32\drivers\disk.sys", SamplePe.Build(SamplePe.X64, "inbox"u8));
        var files = SampleDrivers.VioStor.Build("amd64", SampleDriverDisc.Version).ToList();
        var inf = Encoding.ASCII.GetString(files[0].Content).Replace("viostor.sys", "disk.sys", StringComparison.Ordinal)
            .Replace("1AF4", "FFFF", StringComparison.Ordinal);
        files[0] = ("other.inf", Encoding.ASCII.GetBytes(inf));
        files[1] = ("disk.sys", files[1].Content);
        var guest = machine.Start();
        var error = Assert.Throws<RefusedException>(() => StagingMachine.Stage(guest.Windows, files, allowUnsigned: true));
        Assert.Equal("STG-0002", error.Code);
    }

    [Fact]
    public void A_service_of_Windows_is_never_changed()
    {
        var machine = StagingMachine.Create("server2019");
        var files = SampleDrivers.VioStor.Build("amd64", SampleDriverDisc.Version).ToList();
        files[0] = ("other.inf", Encoding.ASCII.GetBytes(Encoding.ASCII.GetString(files[0].Content)
            .Replace("AddService = viostor,", "AddService = disk,", StringComparison.Ordinal)
            .Replace("1AF4", "FFFF", StringComparison.Ordinal)));
        var guest = machine.Start();
        var before = StagingMachine.Dump(guest.Windows.System.Hive, "S")
            .Where(l => l.Contains(@"ControlSet001\Services\disk", StringComparison.OrdinalIgnoreCase)).ToList();
        StagingMachine.Stage(guest.Windows, files, allowUnsigned: true);
        Assert.Equal(before, StagingMachine.Dump(guest.Windows.System.Hive, "S")
            .Where(l => l.Contains(@"ControlSet001\Services\disk", StringComparison.OrdinalIgnoreCase)));
    }

    [Fact]
    public void Packages_that_cannot_be_used_are_refused_and_nothing_is_written()
    {
        var machine = StagingMachine.Create("server2019");
        var guest = machine.Start();
        List<(string Name, byte[] Content)> Package() => [.. SampleDrivers.VioStor.Build("amd64", SampleDriverDisc.Version)];
        var tampered = Package();
        tampered[1].Content[0x2A0] ^= 1;
        foreach (var (files, unsignedHelps) in new (List<(string Name, byte[] Content)>, bool)[]
            {
                ([.. Package().Where(f => f.Name != "viostor.sys")], false), (tampered, true),
                ([.. SampleDrivers.VioStor.Build("arm64", SampleDriverDisc.Version)], false),
                ([.. SampleDrivers.VioStor.Build("amd64", SampleDriverDisc.Version, embedded: null)], true),
                ([.. Package().Where(f => f.Name != "viostor.cat")], true),
            })
        {
            Assert.Equal("STG-0004", Assert.Throws<RefusedException>(() => StagingMachine.Stage(guest.Windows, files)).Code);
            Assert.True(guest.Changes.IsEmpty);
            if (unsignedHelps)
            {
                var second = StagingMachine.Create("server2019").Start();
                Assert.Equal(StagingOutcome.Staged, StagingMachine.Stage(second.Windows, files, allowUnsigned: true).Outcome);
            }
            else
            {
                Assert.Throws<RefusedException>(() => StagingMachine.Stage(guest.Windows, files, allowUnsigned: true));
            }
        }
    }

    [Fact]
    public void The_rules_tell_what_is_wrong_with_a_source()
    {
        var machine = StagingMachine.Create("server2019");
        machine.Options = new RuleOptions
        {
            TrustedRoots = SampleTrust.Options.TrustedRoots,
            DriverSources = [StagingMachine.Disc(SampleDriverDisc.Virtio([SampleDrivers.VioStor], f => f == "2k25"))],
        };
        var finding = VirtioRule.Storage.Inspect(machine.Start());
        Assert.Equal((FindingState.Failed, false), (finding.State, finding.Fixable));
        Assert.Contains("2k25", finding.Remedy, StringComparison.Ordinal);

        var altered = SampleDriverDisc.Virtio().Where(f => f.Path.Contains("/2k19/", StringComparison.Ordinal)).ToList();
        altered.Single(f => f.Path == "vioscsi/2k19/amd64/vioscsi.sys").Content[0x2A0] ^= 1;
        machine.Options = new RuleOptions
        {
            TrustedRoots = SampleTrust.Options.TrustedRoots,
            DriverSources = [StagingMachine.Disc(altered)],
            Clock = StagingMachine.Clock,
        };
        finding = VirtioRule.Storage.Inspect(machine.Restart());
        Assert.Equal((FindingState.Failed, false), (finding.State, finding.Fixable));
        Assert.Contains("vioscsi.sys is not the file that vioscsi.cat lists", finding.Message, StringComparison.Ordinal);
        Assert.Contains("--allow-unsigned", finding.Remedy, StringComparison.Ordinal);
        machine.Options = machine.Options with { AllowUnsigned = true };
        var guest = machine.Restart();
        Assert.True(VirtioRule.Storage.Inspect(guest).Fixable);
        VirtioRule.Storage.Fix(guest);
        Assert.Equal(FindingState.Ok, VirtioRule.Storage.Inspect(guest).State);
    }

    [Fact]
    public void What_is_wrong_with_several_drivers_is_said_once()
    {
        var machine = StagingMachine.Create("server2019");
        var altered = SampleDriverDisc.Virtio().Where(f => f.Path.Contains("/2k19/", StringComparison.Ordinal)).ToList();
        foreach (var driver in (string[])["viostor", "vioscsi"])
        {
            altered.Single(f => f.Path == $"{driver}/2k19/amd64/{driver}.sys").Content[0x2A0] ^= 1;
        }

        machine.Options =
            new RuleOptions { TrustedRoots = SampleTrust.Options.TrustedRoots, DriverSources = [StagingMachine.Disc(altered)] };
        var message = VirtioRule.Storage.Inspect(machine.Start()).Message;
        Assert.StartsWith("viostor.sys is not the file that viostor.cat lists", message, StringComparison.Ordinal);
        Assert.DoesNotContain("vioscsi.sys", message, StringComparison.Ordinal);
        Assert.EndsWith("The same applies to vioscsi.", message, StringComparison.Ordinal);
    }

    [SkippableFact]
    public void The_drivers_of_the_corpus_machine_are_listed()
    {
        var guest = StagingMachine.Create("win10-1709-x64").Start();
        var drivers = GuestDriverStore.Inspect(guest.Windows);
        Assert.Equal(["efifw.inf", "pvscsi.inf", "vmci.inf", "vmmouse.inf", "vmusbmouse.inf"], drivers.Select(d => d.InfName).Order());
        var storage = drivers.Single(d => d.InfName == "pvscsi.inf");
        Assert.Equal(("oem4.inf", "1.3.15.0", "VMware, Inc.", "2019-08-02", false),
            (storage.PublishedName, storage.Version.ToString(), storage.Provider, storage.Date.ToString("yyyy-MM-dd"),
                storage.IsConfigured));
        Assert.Equal([@"PCI\VEN_15AD&DEV_07C0"], storage.Ids);
        Assert.True(drivers.Single(d => d.InfName == "vmci.inf").IsConfigured);
    }
}
