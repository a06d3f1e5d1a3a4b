using OfflinePatch.Testing.Drivers;
using OfflinePatch.Windows.DriverStore;
using OfflinePatch.Windows.Profiles;
using OfflinePatch.Windows.Rules;
using OfflinePatch.Windows.Tests.Machines;

namespace OfflinePatch.Windows.Tests.DriverStore;

[Trait("tier", "unit")]
public sealed class XenPvTests
{
    private static readonly XenPvRule Rule = new();

    private static Machine Create(string name, params IReadOnlyList<SampleDriver> drivers)
    {
        var machine = StagingMachine.Create(name);
        machine.Profile = TargetProfile.Get("xen");
        machine.Options = new RuleOptions { Clock = StagingMachine.Clock, DriverSources = drivers.Count == 0 ? [] : [StagingMachine.Disc(SampleDriverDisc.Xen(drivers))] };
        return machine;
    }

    [SkippableTheory]
    [InlineData("server2022")]
    [InlineData("win7-sp1-x86")]
    public void TheChainIsStagedAndNothingOfItRuns(string name)
    {
        var machine = Create(name, SampleDrivers.XenPv);
        var guest = machine.Start();
        Assert.True(Rule.Inspect(guest).Fixable, Rule.Inspect(guest).Message);
        Rule.Fix(guest);
        Assert.Equal(FindingState.Ok, Rule.Inspect(guest).State);
        Assert.Null(guest.Windows.Current.Service("xenbus"));
        Assert.Null(guest.Windows.Current.Service("xenfilt"));
        Assert.Equal(5, GuestDriverStore.Inspect(guest.Windows).Count(d => d.Family?.Name == "xen-pv"));
        Machine.Save(guest);
        machine.Options = new RuleOptions();
        Assert.Equal(FindingState.Ok, Rule.Inspect(machine.Restart()).State);
    }

    [Fact]
    public void APartialChainIsNotStaged()
    {
        var guest = Create("server2022", [SampleDrivers.XenBus, SampleDrivers.XenVbd]).Start();
        var finding = Rule.Inspect(guest);
        Assert.Equal((FindingState.Failed, false), (finding.State, finding.Fixable));
        Assert.Contains("xenvif", finding.Message, StringComparison.Ordinal);
        Assert.True(guest.Changes.IsEmpty);
    }

    [Fact]
    public void HuaweisBundleIsRecognised()
    {
        var machine = Create("server2022");
        machine.Profile = TargetProfile.Get("huawei-ims");
        Assert.Equal(FindingState.Failed, Rule.Inspect(machine.Start()).State);
        machine.WindowsFiles.Put(@"Program Files (x86)\Xen PV Drivers\bin\version", "2.4.1\r\n"u8.ToArray());
        Assert.Contains("2.4.1 is older than 2.5", Rule.Inspect(machine.Restart()).Message, StringComparison.Ordinal);
        machine.WindowsFiles.Put(@"Program Files (x86)\Xen PV Drivers\bin\version.ini", "[x]\r\npvdriverVersion=5.0.104.010\r\n"u8.ToArray());
        Assert.Contains("5.0.104.010 is installed", Rule.Inspect(machine.Restart()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void OtherTargetsDoNotAskForIt()
    {
        var machine = Create("server2022");
        machine.Profile = TargetProfile.Get("generic-kvm");
        Assert.Equal(FindingState.NotApplicable, Rule.Inspect(machine.Start()).State);
    }
}
