using OfflinePatch.Core;
using OfflinePatch.Drivers.Manifest;
using OfflinePatch.Drivers.Packages;
using OfflinePatch.Fixtures.Drivers;
using OfflinePatch.Windows.DriverStore;
using OfflinePatch.Windows.Guest;
using OfflinePatch.Windows.Rules;
using OfflinePatch.Windows.Tests.Machines;

namespace OfflinePatch.Windows.Tests.DriverStore;

/// <summary>Packages of every class go in with the records of their class, and leave nothing when they go.</summary>
[Trait("tier", "unit")]
public sealed class RemovalTests
{
    public static TheoryData<string> Names => [.. StagingMachine.Generations.Select(g => g.Name)];

    [SkippableTheory]
    [MemberData(nameof(Names))]
    public void What_was_added_leaves_nothing_behind(string name)
    {
        var guest = Start(name, out var machine);
        var isOld = name == "win7-sp1-x86";
        var architecture = isOld ? "x86" : "amd64";
        List<IReadOnlyList<(string Name, byte[] Content)>> packages =
        [
            [.. SampleDrivers.VioStor.Build(architecture, SampleDriverDisc.Version)],
            [.. SampleDrivers.NetKvm.Build(architecture, SampleDriverDisc.Version)],
            VendorPackage.Display(architecture), VendorPackage.Chipset(architecture),
        ];
        if (!isOld)
        {
            packages.Add(VendorPackage.Extension());
            packages.Add(VendorPackage.Component());
        }

        var snapshots = new List<List<string>> { Snapshot(guest, machine) };
        foreach (var files in packages)
        {
            Assert.Equal(StagingOutcome.Staged, Add(guest, files).Outcome);
            snapshots.Add(Snapshot(guest, machine));
            Assert.NotEmpty(StagingMachine.Difference(snapshots[^2], snapshots[^1]));
            var again = Add(guest, files).Outcome; // Windows 7: a boot driver is written again, with the same content
            Assert.True(isOld || again == StagingOutcome.Completed);
            Assert.Empty(StagingMachine.Difference(snapshots[^1], Snapshot(guest, machine)));
        }

        // Last in, first out: after each the machine is what it was before that package came.
        for (var i = packages.Count - 1; i >= 0; i--)
        {
            Remove(guest, packages[i][0].Name);
            Assert.Empty(StagingMachine.Difference(snapshots[i], Snapshot(guest, machine)));
        }

        // In the order in which they came, too.
        packages.ForEach(p => Add(guest, p));
        packages.ForEach(p => Remove(guest, p[0].Name));
        Assert.Empty(StagingMachine.Difference(snapshots[0], Snapshot(guest, machine)));
        Assert.DoesNotContain(GuestDriverStore.Inspect(guest.Windows), s => s.InfName.StartsWith("smp", StringComparison.Ordinal));
    }

    [Fact]
    public void What_an_older_package_owns_too_is_put_back()
    {
        var guest = Start("server2019", out var machine);
        Add(guest, SampleDrivers.VioStor.Build("amd64", "01/01/2020,100.80.0.0"));
        var older = Snapshot(guest, machine);
        var added = Add(guest, SampleDrivers.VioStor.Build("amd64", "01/01/2025,100.95.0.0"));
        Assert.Equal("oem1.inf", added.PublishedName);
        Assert.Equal(["oem0.inf", "oem1.inf"], guest.Windows.Current.Service("viostor")!.GetMultiString("Owners")!);
        Remove(guest, "oem1.inf");
        Assert.Empty(StagingMachine.Difference(older, Snapshot(guest, machine)));

        // And the other way: the older goes, what the newer has stays.
        Add(guest, SampleDrivers.VioStor.Build("amd64", "01/01/2025,100.95.0.0"));
        Remove(guest, "oem0.inf");
        Assert.Equal(["oem1.inf"], guest.Windows.Current.Service("viostor")!.GetMultiString("Owners")!);
        Assert.True(ServiceImage.HasFile(guest.Windows, guest.Windows.Current.Service("viostor")!));
        Assert.Empty(DriverReadiness.Of(guest.Windows, DriverManifest.Embedded.VirtIO!.Find("viostor")!,
            GuestDriverStore.Inspect(guest.Windows)).Problems);
    }

    [Fact]
    public void An_older_version_is_added_beside_a_newer_one()
    {
        var guest = Start("server2022", out _);
        Assert.Equal("oem0.inf", Add(guest, SampleDrivers.NetKvm.Build("amd64", "01/01/2025,100.95.0.0")).PublishedName);
        Assert.Equal((StagingOutcome.Staged, "oem1.inf"),
            Outcome(Add(guest, SampleDrivers.NetKvm.Build("amd64", "01/01/2020,100.80.0.0"))));
        Assert.Equal((StagingOutcome.Completed, "oem0.inf"),
            Outcome(Add(guest, SampleDrivers.NetKvm.Build("amd64", "01/01/2025,100.95.0.0"))));
    }

    [Fact]
    public void A_package_that_a_device_runs_with_goes_by_force_only()
    {
        var guest = Start("server2019", out var machine);
        Add(guest, VendorPackage.Chipset());
        guest.Windows.Current.Key.Create(@"Control\Class\{4d36e97d-e325-11ce-bfc1-08002be10318}\0007").SetString("InfPath", "oem0.inf");
        guest.Windows.Current.Key.Create(@"Enum\PCI\VEN_FFF2&DEV_0002&SUBSYS_00000000&REV_00\3&1&0")
            .SetString("Driver", @"{4d36e97d-e325-11ce-bfc1-08002be10318}\0007");
        var before = Snapshot(guest, machine);
        Assert.Equal("STG-0011", Assert.Throws<RefusedException>(() => Remove(guest, "oem0.inf")).Code);
        Assert.Empty(StagingMachine.Difference(before, Snapshot(guest, machine)));
        Remove(guest, "oem0.inf", force: true);
        Assert.Empty(GuestDriverStore.Inspect(guest.Windows));
    }

    /// <summary>Windows keeps several versions under one published name: what they share belongs to those that stay.</summary>
    [Fact]
    public void A_package_beside_another_under_one_name_goes_alone()
    {
        var guest = Start("server2019", out var machine);
        var added = Add(guest, VendorPackage.Chipset());
        var before = Snapshot(guest, machine);
        var database = guest.Windows.System.Root.Find("DriverDatabase")!;
        var other = added.PackageName[..^16] + "0123456789abcdef";
        var copy = database.Create($@"DriverPackages\{other}");
        foreach (var value in database.Find($@"DriverPackages\{added.PackageName}")!.Values.ToList())
        {
            copy.Inner.SetValue(value.Name, value.Type, value.ReadData());
        }

        database.Find(@"DriverInfFiles\oem0.inf")!.SetMultiString("", [added.PackageName, other]);
        machine.WindowsFiles.Put($@"Windows\System32\DriverStore\FileRepository\{other}\{added.InfName}", [1]);
        var drivers = GuestDriverStore.Inspect(guest.Windows);
        Assert.Equal([false, true], drivers.Select(d => d.IsActive).Order());
        GuestDriverStore.Remove(guest.Windows, drivers.Single(d => d.PackageName == other),
            new StagingOptions { Clock = StagingMachine.Clock });
        Assert.Empty(StagingMachine.Difference(before, Snapshot(guest, machine)));
        Assert.True(guest.Windows.Files.FileExists(@"Windows\System32\drivers\smpchip.sys"));
        Assert.Equal(["oem0.inf"], guest.Windows.Current.Service("smpchip")!.GetMultiString("Owners")!);
    }

    /// <summary>Names come out of the image: none may stand for a folder or key that holds others.</summary>
    [Theory]
    [InlineData("")]
    [InlineData(@"\")]
    [InlineData(@"\\")]
    public void A_name_that_is_none_removes_nothing(string name)
    {
        var guest = Start("server2019", out var machine);
        Add(guest, VendorPackage.Chipset());
        var database = guest.Windows.System.Root.Find("DriverDatabase")!;
        database.Create(@"DriverInfFiles\oem7.inf").SetMultiString("", [name]);
        var before = Snapshot(guest, machine);
        Assert.False(database.Find("DriverPackages")!.DeleteSubKeyTree(name));
        Assert.DoesNotContain(GuestDriverStore.Inspect(guest.Windows), d => d.PackageName == name);
        Assert.Empty(StagingMachine.Difference(before, Snapshot(guest, machine)));
    }

    [Fact]
    public void A_filter_goes_with_its_service()
    {
        var guest = Start("server2019", out _);
        Add(guest, VendorPackage.Chipset());
        guest.Windows.Current.Key.Create(@"Control\Class\{4d36e967-e325-11ce-bfc1-08002be10318}")
            .SetMultiString("UpperFilters", ["partmgr", "smpchip"]);
        Remove(guest, "oem0.inf");
        Assert.Equal(["partmgr"],
            guest.Windows.Current.Find(@"Control\Class\{4d36e967-e325-11ce-bfc1-08002be10318}")!.GetMultiString("UpperFilters")!);
        Assert.Null(guest.Windows.Current.Service("smpchip"));
    }

    [Fact]
    public void Files_of_others_stay()
    {
        var guest = Start("server2019", out var machine);
        var files = VendorPackage.Chipset();
        // the same file, and somebody else's
        machine.WindowsFiles.Put(@"Windows\System32\smphelp.dll", files.Single(f => f.Name == "smphelp.dll").Content);
        Add(guest, files);
        Remove(guest, "oem0.inf");
        Assert.True(guest.Windows.Files.FileExists(@"Windows\System32\smphelp.dll"));
        Assert.False(guest.Windows.Files.FileExists(@"Windows\System32\drivers\smpchip.sys"));
    }

    [Fact]
    public void Numbers_of_others_stay_and_the_map_is_trimmed()
    {
        var guest = Start("server2019", out _);
        var database = guest.Windows.System.Root.Create("DriverDatabase");
        database.SetBinary("OemInfMap", [0xFF]);
        Assert.Equal("oem8.inf", Add(guest, VendorPackage.Extension()).PublishedName);
        Assert.Equal([0xFF, 0x80], database.GetBinary("OemInfMap")!);
        Remove(guest, "oem8.inf");
        Assert.Equal([0xFF], database.GetBinary("OemInfMap")!);
    }

    [Fact]
    public void An_extension_has_the_records_that_windows_gives_one()
    {
        // Windows 10 1709, PerceptionSimulationSixDofModels.inf: 03 FF 00 00 under its id, ExtensionId as 16 bytes, and no configuration.
        var guest = Start("server2022", out _);
        var result = Add(guest, VendorPackage.Extension());
        var database = guest.Windows.System.Root.Find("DriverDatabase")!;
        Assert.Equal([3, 0xFF, 0, 0], database.Find(@"DeviceIds\PCI\VEN_FFF2&DEV_0002")!.GetBinary(result.PublishedName)!);
        var package = database.Find($@"DriverPackages\{result.PackageName}")!;
        Assert.Equal(Convert.FromHexString("011B499A0AA0CC4FBFC307004B01C002"), package.GetBinary("ExtensionId")!);
        Assert.Null(package.Find("Configurations"));
        Assert.Null(database.Find($@"DriverInfFiles\{result.PublishedName}")!.GetMultiString("Configurations"));
        Assert.True(database.Find(@"DeviceIds\{e2f84ce7-8efa-411c-aa69-97454ca4cb57}")!.HasValue(result.PublishedName));
    }

    [Fact]
    public void A_package_without_a_class_is_refused()
    {
        var guest = Start("server2022", out _);
        var files = VendorPackage.Of("noclass", """
            [Version]
            Signature="$Windows NT$"
            Provider="x"
            CatalogFile=noclass.cat
            DriverVer=03/04/2024,1.0.0.0
            [Manufacturer]
            "x"=Models,NTamd64
            [Models.NTamd64]
            "y"=inst,PCI\VEN_FFF3&DEV_0001
            [inst]
            """);
        Assert.Equal("STG-0009", Assert.Throws<UnsupportedImageException>(() => Add(guest, files)).Code);
        Assert.True(guest.Changes.Registry.All(r => !r.Key.Contains("DriverPackages", StringComparison.Ordinal)));
    }

    private static (StagingOutcome Outcome, string Name) Outcome(StagingResult result) => (result.Outcome, result.PublishedName);

    private static StagingResult Add(RuleContext guest, IEnumerable<(string Name, byte[] Content)> files)
    {
        var package = DriverSource.Scan(StagingMachine.Disc(files)).Packages.Single();
        return GuestDriverStore.Stage(guest.Windows, DriverPackageCheck.Run(package, DriverTarget.Of(guest.Windows), SampleTrust.Options),
            new StagingOptions { Clock = StagingMachine.Clock, IsExact = true });
    }

    private static void Remove(RuleContext guest, string name, bool force = false)
    {
        var driver = GuestDriverStore.Inspect(guest.Windows).Single(s => s.PublishedName == name || s.InfName == name);
        GuestDriverStore.Remove(guest.Windows, driver, new StagingOptions { Clock = StagingMachine.Clock }, force);
    }

    /// <summary>Everything but the time of the last change of the database.</summary>
    private static List<string> Snapshot(RuleContext guest, Machine machine) =>
        [.. GoldenStagingTests.Snapshot(guest.Windows, machine).Where(l => !l.Contains("[UpdateDate]", StringComparison.Ordinal))];

    /// <summary>A machine with the keys that every Windows has, and that hold nothing at first in the invented ones.</summary>
    private static RuleContext Start(string name, out Machine machine)
    {
        machine = StagingMachine.Create(name);
        var guest = machine.Start();
        foreach (var set in guest.Windows.ControlSets)
        {
            set.Key.Create(@"Services\EventLog\System");
            set.Key.Create(@"Control\CriticalDeviceDatabase");
        }

        guest.Windows.Software.Root.Create(PnpLockdown.Key);
        if (guest.Windows.System.Root.Find("DriverDatabase") is not null && guest.Windows.Find(HiveName.Drivers) is { } drivers)
        {
            drivers.Root.Create(@"DriverDatabase\DeviceIds");
            drivers.Root.Create(@"DriverDatabase\DriverInfFiles");
            drivers.Root.Create(@"DriverDatabase\DriverPackages");
        }

        return guest;
    }
}
