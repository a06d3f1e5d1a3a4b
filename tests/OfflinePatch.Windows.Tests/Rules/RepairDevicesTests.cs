using OfflinePatch.Windows.Guest;
using OfflinePatch.Windows.Rules;
using OfflinePatch.Windows.Rules.Drivers;
using OfflinePatch.Windows.Rules.Windows;
using OfflinePatch.Windows.Tests.Machines;

namespace OfflinePatch.Windows.Tests.Rules;

/// <summary>
/// <c>--repair-devices</c> and <c>--disable-vbs</c>: what is removed, what stays, and that nothing is without the option.
/// </summary>
[Trait("tier", "unit")]
public sealed class RepairDevicesTests
{
    private const string Device = "VEN_1AF4&DEV_1041&SUBSYS_11001AF4&REV_01";
    private const string Classes = @"Control\DeviceClasses\{ad498944-762f-11d0-8dca-00c04fc3358c}";

    [Fact]
    public void A_device_that_never_worked_is_forgotten_with_its_references_and_no_other()
    {
        var machine = new Machine();
        machine.Set($@"Enum\PCI\{Device}\3&1&0&18").SetString("Service", "netkvm");
        machine.Set($@"Enum\PCI\{Device}\3&1&0&20").SetString("Driver", @"{4d36e972-e325-11ce-bfc1-08002be10318}\0001");
        machine.Set(@"Enum\PCI\VEN_1AF4&DEV_1002\3&1&0&28").SetDword("ConfigFlags", 0);
        machine.Set(@"Enum\PCI\VEN_1AF4&DEV_1003\3&1&0&30").SetDword("ConfigFlags", 1); // the owner disabled it
        machine.Set(@"Enum\PCI\VEN_8086&DEV_100E\3&1&0&38").SetDword("ConfigFlags", 0);
        machine.Set($@"{Classes}\##?#PCI#{Device}#3&1&0&18#{{ad498944-762f-11d0-8dca-00c04fc3358c}}").SetString("DeviceInstance", "x");
        machine.Set($@"{Classes}\##?#PCI#{Device}#3&1&0&20#{{ad498944-762f-11d0-8dca-00c04fc3358c}}").SetString("DeviceInstance", "y");

        var set = Repair(new DriversStaleDevicesRule(), machine).Windows.BootControlSets.First();
        Assert.Equal(["3&1&0&20"], set.Find($@"Enum\PCI\{Device}")!.SubKeys.Select(k => k.Name));
        Assert.Null(set.Find(@"Enum\PCI\VEN_1AF4&DEV_1002"));
        Assert.NotNull(set.Find(@"Enum\PCI\VEN_1AF4&DEV_1003\3&1&0&30"));
        Assert.NotNull(set.Find(@"Enum\PCI\VEN_8086&DEV_100E\3&1&0&38"));
        Assert.Contains("#3&1&0&20#", Assert.Single(set.Find(Classes)!.SubKeys).Name, StringComparison.Ordinal);
    }

    /// <summary>What hangs on the buses of Xen is told and forgotten where the target may be Xen, and nowhere else.</summary>
    [Theory]
    [InlineData("huawei-ims", true)]
    [InlineData("xen", true)]
    [InlineData("generic-kvm", false)]
    public void Devices_of_Xen_count_where_the_target_has_them(string profile, bool counts)
    {
        var machine = new Machine { Profile = TargetCatalog.Get(profile) };
        const string Vif = "VEN_XP0001&DEV_VIF&REV_0800000B";
        machine.Set($@"Enum\XENBUS\{Vif}\_").SetDword("ConfigFlags", 0);
        machine.Set(@"Enum\XENBUS\VEN_XP0001&DEV_CONS&REV_09000001\_").SetDword("ConfigFlags", 0); // has no driver anyway
        machine.Set($@"{Classes}\##?#XENBUS#{Vif}#_#{{ad498944-762f-11d0-8dca-00c04fc3358c}}").SetString("DeviceInstance", "x");
        machine.Set(@"Enum\VMBUS\{f8615163-df3e-46c5-913f-f2d2f965ed0e}\1").SetDword("ConfigFlags", 1); // no target is Hyper-V
        if (!counts)
        {
            Assert.Equal(FindingState.Ok, new DriversStaleDevicesRule().Inspect(machine.Start()).State);
            return;
        }

        var set = Repair(new DriversStaleDevicesRule(), machine).Windows.BootControlSets.First();
        Assert.Equal(["VEN_XP0001&DEV_CONS&REV_09000001"], set.Find(@"Enum\XENBUS")!.SubKeys.Select(k => k.Name));
        Assert.Empty(set.Find(Classes)!.SubKeys);
        Assert.Equal(FindingState.Ok, new DriversStaleDevicesRule().Inspect(machine.Restart()).State);
    }

    [Fact]
    public void A_network_service_without_its_device_is_removed_and_one_with_it_stays()
    {
        foreach (var installed in (bool[])[false, true])
        {
            var machine = new Machine();
            machine.System.Create(@"DriverDatabase\DeviceIds\PCI\VEN_1AF4&DEV_1000").SetBinary("oem3.inf", [1, 255, 0, 0]);
            machine.Set(@"Services\netkvm").SetDword("Start", 3);
            if (installed)
            {
                machine.Set($@"Enum\PCI\{Device}\3&1&0&20").SetString("Driver", @"{4d36e972-e325-11ce-bfc1-08002be10318}\0001");
            }

            machine.Options = machine.Options with { RepairDevices = true };
            var guest = machine.Start();
            var rule = new DriversStaleDevicesRule();
            Assert.Equal(!installed, rule.Inspect(guest).Fixable);
            rule.Fix(guest);
            Assert.Equal(installed, guest.Windows.BootControlSets.First().Find(@"Services\netkvm") is not null);
        }
    }

    [Fact]
    public void A_package_without_files_leaves_the_index_and_one_with_files_stays()
    {
        var machine = new Machine();
        const string Real = "other.inf_amd64_0000000000000000";
        Defect.AddPackage(machine, "guestor.inf", "guestor.inf_amd64_0000000000000000");
        Defect.AddPackage(machine, "oem7.inf", Real);
        machine.WindowsFiles.Put($@"Windows\System32\DriverStore\FileRepository\{Real}\other.inf", [1]);
        machine.System.Create(@"DriverDatabase\DeviceIds\ACPI\ACPI0010").SetBinary("hidinterrupt.inf", [1, 255, 0, 0]);
        machine.System.Create(@"DriverDatabase\DeviceIds\ACPI\ACPI0010").SetBinary("acpi.inf", [1, 255, 0, 0]);
        machine.System.Create(@"DriverDatabase\DriverInfFiles\hidinterrupt.inf").SetString("Active", "hidinterrupt.inf_amd64_1");
        machine.System.Create(@"DriverDatabase\DriverPackages\hidinterrupt.inf_amd64_1\Descriptors\ACPI\ACPI0010");
        machine.System.Create(@"DriverDatabase\DriverPackages\hidinterrupt.inf_amd64_1\Descriptors\ACPI\ACPI0011");

        var database = Repair(new DriversDatabaseRule(), machine).Windows.System.Root.Find("DriverDatabase")!;
        Assert.Null(database.Find(@"DriverPackages\guestor.inf_amd64_0000000000000000"));
        Assert.NotNull(database.Find($@"DriverPackages\{Real}"));
        Assert.Null(database.Find(@"DriverInfFiles\guestor.inf"));
        Assert.NotNull(database.Find(@"DriverInfFiles\oem7.inf"));
        Assert.Equal(["oem7.inf"], database.Find(@"DeviceIds\PCI\VEN_1AF4&DEV_1002")!.Values.Select(v => v.Name));
        Assert.Equal(["acpi.inf"], database.Find(@"DeviceIds\ACPI\ACPI0010")!.Values.Select(v => v.Name));
        Assert.Equal(["ACPI0011"], database.Find(@"DriverPackages\hidinterrupt.inf_amd64_1\Descriptors\ACPI")!.SubKeys.Select(k => k.Name));
    }

    [Fact]
    public void Security_that_needs_a_hypervisor_is_switched_off_when_it_is_asked_for()
    {
        var machine = new Machine();
        machine.Set(@"Control\Lsa").SetDword("LsaCfgFlags", 2);
        machine.Set(@"Control\DeviceGuard").SetDword("EnableVirtualizationBasedSecurity", 1);
        machine.Set(@"Control\DeviceGuard\Scenarios\HypervisorEnforcedCodeIntegrity").SetDword("Enabled", 1);
        machine.Options = machine.Options with { DisableVbs = true };
        var set = Repair(new WindowsDeviceGuardRule(), machine).Windows.BootControlSets.First();
        Assert.Equal(0u, set.Find(@"Control\Lsa")!.GetDword("LsaCfgFlags"));
        Assert.Equal(0u, set.Find(@"Control\DeviceGuard")!.GetDword("EnableVirtualizationBasedSecurity"));
        Assert.Equal(0u, set.Find(@"Control\DeviceGuard\Scenarios\HypervisorEnforcedCodeIntegrity")!.GetDword("Enabled"));
    }

    /// <summary>Told without the option, mended with it, and clean at the second look.</summary>
    private static RuleContext Repair(Rule rule, Machine machine)
    {
        var options = machine.Options;
        machine.Options = options with { RepairDevices = false, DisableVbs = false };
        Assert.Equal((FindingState.Failed, false), rule.Inspect(machine.Start()) is var told ? (told.State, told.Fixable) : default);
        machine.Options = options with { RepairDevices = true };
        var guest = machine.Restart();
        Assert.True(rule.Inspect(guest).Fixable && rule.Contract.CanFix);
        rule.Fix(guest);
        Assert.DoesNotContain(rule.Inspect(guest).Message, "never worked", StringComparison.Ordinal);
        Assert.False(rule.Inspect(guest).Fixable);
        Machine.Save(guest);
        return guest;
    }
}
