using OfflinePatch.Fixtures.Drivers;
using OfflinePatch.Windows.DriverStore;
using OfflinePatch.Windows.Guest;
using OfflinePatch.Windows.Rules;
using OfflinePatch.Windows.Rules.Drivers;
using OfflinePatch.Windows.Tests.Machines;

namespace OfflinePatch.Windows.Tests.DriverStore;

[Trait("tier", "unit")]
public sealed class XenPvTests
{
    private static readonly XenPvRule Rule = new();

    private static Machine Create(string name, params IReadOnlyList<SampleDriver> drivers)
    {
        var machine = StagingMachine.Create(name);
        machine.Profile = TargetCatalog.Get("xen");
        machine.Options = new RuleOptions
        {
            Clock = StagingMachine.Clock,
            DriverSources = drivers.Count == 0 ? [] : [StagingMachine.Disc(SampleDriverDisc.Xen(drivers))],
        };
        return machine;
    }

    private const string SystemClass = @"Control\Class\{4d36e97d-e325-11ce-bfc1-08002be10318}";
    private const string HdcClass = @"Control\Class\{4d36e96a-e325-11ce-bfc1-08002be10318}";

    [SkippableTheory]
    [InlineData("server2022")]
    [InlineData("win81-x64")]
    [InlineData("win7-sp1-x86")]
    public void The_chain_is_configured_and_connected(string name)
    {
        var machine = Create(name, SampleDrivers.XenPv);
        var guest = machine.Start();
        guest.Windows.Current.Key.Create(HdcClass).SetMultiString("UpperFilters", ["other"]);
        Assert.True(Rule.Inspect(guest).Fixable, Rule.Inspect(guest).Message);
        Rule.Fix(guest);
        Assert.Equal(FindingState.Ok, Rule.Inspect(guest).State);
        foreach (var set in guest.Windows.ControlSets)
        {
            foreach (var service in (string[])["xenbus", "xenfilt", "xenvbd"])
            {
                Assert.Equal((0u, $@"System32\drivers\{service}.sys"),
                    (set.Service(service)!.GetDword("Start"), set.Service(service)!.GetString("ImagePath")));
            }

            Assert.Contains("XENFILT", set.Find(SystemClass)!.GetMultiString("UpperFilters")!);
            Assert.Equal("XENFILT", set.Find(HdcClass)!.GetMultiString("UpperFilters")![^1]); // others stay before it
            Assert.Equal(1u, set.Find(@"Services\XEN\ForceUnplug")!.GetDword("DISKS"));
            Assert.False(set.Find(@"Services\XEN\ForceUnplug")!.HasValue("NICS")); // the INFs do not ask for it
            Assert.Equal(0u, set.Find(@"Services\XEN\Unplug")!.GetDword("NICS"));
        }

        Assert.Equal(["other", "XENFILT"], guest.Windows.Current.Find(HdcClass)!.GetMultiString("UpperFilters")!);
        Assert.Equal(5, GuestDriverStore.Inspect(guest.Windows).Count(d => d.Family?.Name == "xen-pv"));
        Machine.Save(guest);

        machine.Options = new RuleOptions();
        guest = machine.Restart();
        Assert.Equal(FindingState.Ok, Rule.Inspect(guest).State);
        guest.Windows.Current.Find(SystemClass)!.DeleteValue("UpperFilters");
        guest.Windows.Current.Find(@"Services\XEN\ForceUnplug")!.DeleteValue("DISKS");
        var finding = Rule.Inspect(guest);
        Assert.True(finding.Fixable);
        Assert.Contains("UpperFilters lacks XENFILT", finding.Message, StringComparison.Ordinal);
        Rule.Fix(guest);
        Assert.Equal(FindingState.Ok, Rule.Inspect(guest).State);
    }

    [SkippableTheory]
    [InlineData("server2019")]
    [InlineData("win7-sp1-x86")]
    public void Drivers_that_count_for_themselves_are_not_forced(string name)
    {
        var guest = Create(name, SampleDrivers.OldXenPv).Start();
        Rule.Fix(guest);
        Assert.Equal(FindingState.Ok, Rule.Inspect(guest).State);
        Assert.Contains("XENFILT", guest.Windows.Current.Find(HdcClass)!.GetMultiString("UpperFilters")!);
        Assert.Null(guest.Windows.Current.Find(@"Services\XEN\ForceUnplug"));
        Assert.Null(guest.Windows.Current.Find(@"Services\xenfilt\Unplug")?.GetMultiString("DISKS"));
    }

    [Theory]
    [InlineData("xenbus")]
    [InlineData("xenvbd")]
    [InlineData("xenvif")]
    [InlineData("xennet")]
    [InlineData("xeniface")]
    public void Without_one_link_there_is_nothing(string missing)
    {
        var guest = Create("server2022", [.. SampleDrivers.XenPv.Where(d => d.Inf != missing)]).Start();
        var finding = Rule.Inspect(guest);
        Assert.Equal((FindingState.Failed, false), (finding.State, finding.Fixable));
        Assert.Contains(missing, finding.Message, StringComparison.Ordinal);
        Assert.True(guest.Changes.IsEmpty);
    }

    [Fact]
    public void Drivers_of_two_makers_are_no_chain()
    {
        var guest = Create("server2022", [SampleDrivers.XenBus with { Maker = "Another Xen" }, .. SampleDrivers.XenPv.Skip(1)]).Start();
        var finding = Rule.Inspect(guest);
        Assert.Equal((FindingState.Failed, false), (finding.State, finding.Fixable));
        Assert.Contains("Another Xen", finding.Message, StringComparison.Ordinal);
        Assert.True(guest.Changes.IsEmpty);
    }

    [Fact]
    public void Without_xenfilt_the_bus_is_refused()
    {
        var machine = Create("server2022");
        var files = SampleDriverDisc.Xen().Where(f => !f.Path.EndsWith("x64/xenfilt.sys", StringComparison.Ordinal));
        machine.Options = machine.Options with { DriverSources = [StagingMachine.Disc(files)], AllowUnsigned = true };
        var guest = machine.Start();
        var finding = Rule.Inspect(guest);
        Assert.Equal((FindingState.Failed, false), (finding.State, finding.Fixable));
        Assert.Contains("xenfilt.sys", finding.Message, StringComparison.Ordinal);
        Assert.True(guest.Changes.IsEmpty);
    }

    [Fact]
    public void Drivers_that_Windows_may_refuse_never_unplug_the_disk()
    {
        var machine = Create("server2022");
        var files = SampleDriverDisc.Xen().ToList();
        files.Single(f => f.Path == "xenvbd/x64/xenvbd.sys").Content[0x2A0] ^= 1;
        machine.Options = machine.Options with { DriverSources = [StagingMachine.Disc(files)], AllowUnsigned = true };
        var guest = machine.Start();
        Rule.Fix(guest);
        Assert.Equal(FindingState.Ok, Rule.Inspect(guest).State);
        Assert.Null(guest.Windows.Current.Find(@"Services\XEN\ForceUnplug"));
    }

    [SkippableTheory]
    [InlineData("server2022")]
    [InlineData("win7-sp1-x86")]
    public void Where_Xen_is_one_of_several_hosts_nothing_of_it_runs(string name)
    {
        var machine = Create(name, SampleDrivers.XenPv);
        machine.Profile = TargetCatalog.Get("huawei-ims");
        var guest = machine.Start();
        Assert.True(Rule.Inspect(guest).Fixable, Rule.Inspect(guest).Message);
        Rule.Fix(guest);
        Assert.Equal(FindingState.Ok, Rule.Inspect(guest).State);
        Assert.Null(guest.Windows.Current.Service("xenbus"));
        Assert.Null(guest.Windows.Current.Service("xenfilt"));
        Assert.Null(guest.Windows.Current.Service("XEN"));
        Assert.DoesNotContain("XENFILT", guest.Windows.Current.Find(SystemClass)?.GetMultiString("UpperFilters") ?? []);
        Assert.Equal(5, GuestDriverStore.Inspect(guest.Windows).Count(d => d.Family?.Name == "xen-pv"));
        Machine.Save(guest);
        machine.Options = new RuleOptions();
        Assert.Equal(FindingState.Ok, Rule.Inspect(machine.Restart()).State);
    }

    [Fact]
    public void Huaweis_bundle_is_recognised()
    {
        var machine = Create("server2022");
        machine.Profile = TargetCatalog.Get("huawei-ims");
        Assert.Equal(FindingState.Failed, Rule.Inspect(machine.Start()).State);
        machine.WindowsFiles.Put(@"Program Files (x86)\Xen PV Drivers\bin\version", "2.4.1\r\n"u8.ToArray());
        Assert.Contains("2.4.1 is older than 2.5", Rule.Inspect(machine.Restart()).Message, StringComparison.Ordinal);
        machine.WindowsFiles.Put(@"Program Files (x86)\Xen PV Drivers\bin\version.ini",
            "[x]\r\npvdriverVersion=5.0.104.010\r\n"u8.ToArray());
        Assert.Contains("5.0.104.010 is installed", Rule.Inspect(machine.Restart()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_former_Xen_guest_starts_without_Xen()
    {
        var machine = Create("server2022", SampleDrivers.XenPv);
        var guest = machine.Start();
        Rule.Fix(guest);
        var set = guest.Windows.Current;
        set.Key.Create(HdcClass).SetMultiString("LowerFilters", ["scsifilt", "keep"]);
        set.Key.Create(@"Services\stornvme\StartOverride").SetDword("0", 3);
        set.Key.Create(@"Services\vendorraid\StartOverride").SetDword("0", 3);
        set.Key.Create(@"Services\pvscsi\StartOverride").SetDword("0", 3);
        set.Key.Create(@"Services\pvscsi").SetDword("Start", 0);
        set.Key.Create(@"Services\xenfilt\Parameters").SetString("ActiveDeviceID", @"PCI\VEN_5853&DEV_0001");
        Device(set, @"PCI\VEN_1234&DEV_0001\1", "vendorraid", "{4d36e97b-e325-11ce-bfc1-08002be10318}", "oem7.inf");
        Device(set, @"PCI\VEN_5853&DEV_0001\1", "xenbus", "{4d36e97d-e325-11ce-bfc1-08002be10318}", "oem8.inf");
        Device(set, @"XENBUS\VEN_XP0001&DEV_VBD\1", "xenvbd", "{4d36e97b-e325-11ce-bfc1-08002be10318}", "oem9.inf");
        set.Find(@"Enum\XENBUS\VEN_XP0001&DEV_VBD\1")!.SetMultiString("UpperFilters", ["xendisk"]);
        Machine.Save(guest);

        machine.Profile = TargetCatalog.Get("generic-kvm");
        machine.Options = new RuleOptions();
        guest = machine.Restart();
        var finding = Rule.Inspect(guest);
        Assert.True(finding.Fixable, finding.Message);
        Assert.Contains("xenbus", finding.Message, StringComparison.Ordinal);
        Rule.Fix(guest);
        Assert.Equal(FindingState.NotApplicable, Rule.Inspect(guest).State);
        set = guest.Windows.Current;
        foreach (var service in (string[])["xenbus", "xenfilt", "xenvbd", "xenvif", "xeniface"])
        {
            Assert.Equal(4u, set.Service(service)!.GetDword("Start"));
        }

        Assert.Null(set.Find(SystemClass)!.FindValue("UpperFilters")); // no empty list stays
        Assert.Null(set.Find(HdcClass)!.FindValue("UpperFilters"));
        Assert.Equal(["keep"], set.Find(HdcClass)!.GetMultiString("LowerFilters")!);
        Assert.Null(set.Find(@"Enum\XENBUS\VEN_XP0001&DEV_VBD\1")!.FindValue("UpperFilters"));
        Assert.False(set.Find(@"Services\XEN\ForceUnplug")!.HasValue("DISKS"));
        Assert.Null(set.Find(@"Services\stornvme\StartOverride"));
        Assert.Null(set.Find(@"Services\vendorraid\StartOverride"));
        Assert.NotNull(set.Find(@"Services\pvscsi\StartOverride")); // no device of this machine used it
        Assert.Equal(0u, set.Service("pvscsi")!.GetDword("Start"));
        Assert.False(set.Find(@"Services\xenfilt\Parameters")!.HasValue("ActiveDeviceID"));
    }

    [Fact]
    public void A_service_that_something_else_needs_is_not_disabled()
    {
        var machine = Create("server2022", SampleDrivers.XenPv);
        var guest = machine.Start();
        Rule.Fix(guest);
        Machine.Save(guest);
        machine.Profile = TargetCatalog.Get("generic-kvm");
        machine.Options = new RuleOptions();

        guest = machine.Restart();
        Device(guest.Windows.Current, @"ACPI\SAMPLE0001\1", "xeniface", "{4d36e97d-e325-11ce-bfc1-08002be10318}", "oem8.inf");
        Assert.Contains(@"Enum\ACPI\SAMPLE0001\1 uses xeniface", Rule.Inspect(guest).Message, StringComparison.Ordinal);
        Assert.False(Rule.Inspect(guest).Fixable);

        guest = machine.Restart();
        var dependent = guest.Windows.Current.Key.Create(@"Services\sample");
        dependent.SetDword("Start", 2);
        dependent.SetMultiString("DependOnService", ["rpcss", "xenvif"]);
        Assert.Contains(@"Services\sample depends on xenvif", Rule.Inspect(guest).Message, StringComparison.Ordinal);
        Assert.False(Rule.Inspect(guest).Fixable);
        dependent.SetDword("Start", 4);
        Assert.True(Rule.Inspect(guest).Fixable);
    }

    private static void Device(ControlSet set, string path, string service, string classGuid, string inf)
    {
        var device = set.Key.Create($@"Enum\{path}");
        device.SetString("Service", service);
        device.SetString("ClassGUID", classGuid);
        device.SetString("Driver", $@"{classGuid}\{inf[3..4]}");
        set.Key.Create($@"Control\Class\{classGuid}\{inf[3..4]}").SetString("InfPath", inf);
    }

    [Fact]
    public void Other_targets_do_not_ask_for_it()
    {
        var machine = Create("server2022");
        machine.Profile = TargetCatalog.Get("generic-kvm");
        Assert.Equal(FindingState.NotApplicable, Rule.Inspect(machine.Start()).State);
    }
}
