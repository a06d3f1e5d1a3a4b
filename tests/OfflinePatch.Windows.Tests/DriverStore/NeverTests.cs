using System.Text;
using OfflinePatch.Core;
using OfflinePatch.Fixtures.Drivers;
using OfflinePatch.Testing;
using OfflinePatch.Windows.Rules;
using OfflinePatch.Windows.Rules.Drivers;
using OfflinePatch.Windows.Tests.Machines;

namespace OfflinePatch.Windows.Tests.DriverStore;

/// <summary>What staging and the rules about drivers never do, whatever a source holds.</summary>
[Trait("tier", "unit")]
public sealed class NeverTests
{
    private static readonly Rule[] Rules = [VirtioRule.Storage, VirtioRule.Network, VirtioRule.Other, new XenPvRule(),
        new DriversLeftoversRule()];
    private static readonly string[] VendorStorage = ["pvscsi", "LSI_SAS", "megasas", "iaStorV", "storvsc", "amdsata", "HpCISSs2"];

    /// <summary>
    /// A working storage driver of a vendor is what may still start the machine: its service, filters and file stay as they are.
    /// </summary>
    [Theory]
    [InlineData("generic-kvm")]
    [InlineData("huawei-ims")]
    [InlineData("xen")]
    public void Storage_drivers_of_vendors_stay(string target)
    {
        var machine = StagingMachine.Create("server2022");
        machine.Profile = TargetCatalog.Get(target);
        machine.Options = new RuleOptions { Clock = StagingMachine.Clock, DriverSources = [Source()] };
        foreach (var service in VendorStorage)
        {
            machine.Set($@"Services\{service}").SetDword("Type", 1);
            machine.Set($@"Services\{service}").SetDword("Start", 0);
            machine.Set($@"Services\{service}").SetExpandString("ImagePath", $@"System32\drivers\{service}.sys");
            machine.Set($@"Services\{service}\StartOverride").SetDword("0", 3);
            machine.WindowsFiles.Put($@"Windows\System32\drivers\{service}.sys", Encoding.ASCII.GetBytes(service));
        }

        machine.Set(@"Control\Class\{4D36E97B-E325-11CE-BFC1-08002BE10318}").SetMultiString("UpperFilters", ["HpCISSs2"]);
        var guest = machine.Start();
        string[] Lines() =>
        [
            .. GoldenStagingTests.Snapshot(guest.Windows, machine).Where(l =>
                VendorStorage.Any(v => l.Contains($@"\Services\{v}", StringComparison.OrdinalIgnoreCase)
                    || l.Contains($@"\drivers\{v}.sys", StringComparison.OrdinalIgnoreCase))
                    || l.Contains("[UpperFilters] multi \"HpCISSs2\"", StringComparison.Ordinal)),
        ];
        var before = Lines();
        foreach (var rule in Rules.Where(r => r.Inspect(guest).Fixable))
        {
            rule.Fix(guest);
            Assert.True(rule.Inspect(guest).State is FindingState.Ok or FindingState.NotApplicable,
                $"{rule.Id}: {rule.Inspect(guest).Message}");
        }

        Assert.False(guest.Changes.IsEmpty);
        Assert.Equal(before, Lines());
        Assert.DoesNotContain(GoldenStagingTests.Snapshot(guest.Windows, machine),
            l => l.Contains("VEN_15AD", StringComparison.OrdinalIgnoreCase));
    }

    /// <summary>A package that calls itself viostor and lists one of Windows' own files beside its driver does not get it in.</summary>
    [Theory]
    [InlineData("storport.sys")]
    [InlineData("netio.sys")]
    public void An_inbox_file_stays_also_when_a_driver_of_the_manifest_lists_it(string inbox)
    {
        var machine = StagingMachine.Create("server2019");
        machine.WindowsFiles.Put($@"Windows\System32\drivers\{inbox}", SamplePe.Build(SamplePe.X64, "inbox"u8));
        var files = (SampleDrivers.VioStor with
        {
            Binaries = ["viostor.sys", inbox],
            Body = SampleDrivers.VioStor.Body.Replace("viostor.sys,,,2", $"viostor.sys,,,2\n{inbox}", StringComparison.Ordinal),
        })
            .Build("amd64", SampleDriverDisc.Version);
        var guest = machine.Start();
        Assert.Equal("STG-0002", Assert.Throws<RefusedException>(() => StagingMachine.Stage(guest.Windows, files)).Code);
        Assert.Equal(SamplePe.Build(SamplePe.X64, "inbox"u8), machine.WindowsFiles.ReadFile($@"Windows\System32\drivers\{inbox}"));
    }

    /// <summary>The service keys of Windows are not taken over by a package that names them.</summary>
    [Theory]
    [InlineData("disk")]
    [InlineData("storahci")]
    public void A_service_of_Windows_is_not_taken_over(string service)
    {
        var machine = StagingMachine.Create("server2019");
        var files = SampleDrivers.VioStor.Build("amd64", SampleDriverDisc.Version).ToList();
        files[0] = ("viostor.inf",
            Encoding.ASCII.GetBytes(Encoding.ASCII.GetString(files[0].Content)
                .Replace("AddService = viostor,", $"AddService = {service},", StringComparison.Ordinal)));
        var guest = machine.Start();
        string[] Lines() => [.. StagingMachine.Dump(guest.Windows.System.Hive, "S", $@"ControlSet001\Services\{service}")];
        var before = Lines();
        StagingMachine.Stage(guest.Windows, files, allowUnsigned: true);
        Assert.Equal(before, Lines());
    }

    private static MemoryFileSystem Source()
    {
        var pvscsi = SampleDrivers.VioStor with
        {
            Inf = "pvscsi",
            Folder = "pvscsi",
            Binaries = ["pvscsi.sys"],
            Models = [@"scsi_inst, PCI\VEN_15AD&DEV_07C0"],
            Body = SampleDrivers.VioStor.Body.Replace("viostor", "pvscsi", StringComparison.Ordinal),
        };
        return StagingMachine.Disc(SampleDriverDisc.Virtio().Concat(SampleDriverDisc.Xen()).Concat(SampleDriverDisc.Virtio([pvscsi])));
    }
}
