using OfflinePatch.Drivers.Manifest;
using OfflinePatch.Fixtures.Drivers;
using OfflinePatch.Testing;
using OfflinePatch.Windows.DriverStore;
using OfflinePatch.Windows.Rules;
using OfflinePatch.Windows.Rules.Drivers;
using OfflinePatch.Windows.Tests.Machines;

namespace OfflinePatch.Windows.Tests.DriverStore;

/// <summary>
/// A VirtIO driver that is in the image and must not be used: replaced where a source has a good one, else out of the index.
/// </summary>
[Trait("tier", "unit")]
public sealed class ReplacementTests
{
    private static readonly Lazy<MemoryFileSystem> Disc = new(() => StagingMachine.Disc(SampleDriverDisc.Virtio()));

    public static TheoryData<string, string> Cases()
    {
        var cases = new TheoryData<string, string>();
        foreach (var name in new[] { "win81-x64", "win10-1709-x64", "server2016", "server2019", "server2022", "server2025" })
        {
            foreach (var damage in new[] { "altered", "lost", "unsigned", "phantom" })
            {
                cases.Add(name, damage);
            }
        }

        return cases;
    }

    [SkippableTheory]
    [MemberData(nameof(Cases))]
    public void It_is_replaced_although_it_is_newer(string name, string damage)
    {
        var machine = Broken(name, damage);
        var guest = machine.Restart();
        var broken = GuestDriverStore.Inspect(guest.Windows).Single(s => s.Entry?.Id == "viostor").PublishedName;
        guest = With(machine, replace: true, Disc.Value);
        Assert.True(VirtioRule.Storage.Inspect(guest) is { State: FindingState.Failed, Fixable: true } found
            && found.Message.Contains(broken, StringComparison.Ordinal));
        VirtioRule.Storage.Fix(guest);
        Assert.True(VirtioRule.Storage.Inspect(guest).State == FindingState.Ok, VirtioRule.Storage.Inspect(guest).Message);
        var left = GuestDriverStore.Inspect(guest.Windows).Where(s => s.Entry?.Id == "viostor").ToList();
        Assert.Single(left);
        Assert.Equal(SampleDriverDisc.Version.Split(',')[1], left[0].Version.ToString());
        Machine.Save(guest);
        var again = With(machine, replace: true, Disc.Value);
        Assert.Equal(FindingState.Ok, VirtioRule.Storage.Inspect(again).State);
        Assert.True(again.Changes.IsEmpty);
    }

    [SkippableTheory]
    [MemberData(nameof(Cases))]
    public void Without_a_source_no_device_leads_to_it(string name, string damage)
    {
        var machine = Broken(name, damage);
        var guest = With(machine, replace: true);
        Assert.True(VirtioRule.Storage.Inspect(guest).Fixable);
        VirtioRule.Storage.Fix(guest);
        var finding = VirtioRule.Storage.Inspect(guest);
        Assert.Equal((FindingState.Failed, false), (finding.State, finding.Fixable));
        var viostor = GuestDriverStore.Inspect(guest.Windows).Single(s => s.Entry?.Id == "viostor" || s.InfName == "viostor.inf");
        Assert.Empty(viostor.Ids);
        Assert.Equal(3u, guest.Windows.Current.Service("viostor")!.GetDword("Start"));
        Machine.Save(guest);
        var again = With(machine, replace: true);
        Assert.False(VirtioRule.Storage.Inspect(again).Fixable);
    }

    [Fact]
    public void Nothing_of_it_is_touched_unless_the_user_asks()
    {
        var machine = Broken("server2022", "altered");
        var guest = With(machine, replace: false);
        Assert.False(VirtioRule.Storage.Inspect(guest).Fixable);
    }

    [Fact]
    public void A_good_one_stays()
    {
        var machine = StagingMachine.Create("server2022");
        var guest = machine.Start();
        foreach (var driver in new[] { SampleDrivers.VioStor, SampleDrivers.VioScsi })
        {
            StagingMachine.Stage(guest.Windows, driver.Build("amd64", "01/01/2030,200.1.0.0"));
        }

        Machine.Save(guest);
        guest = With(machine, replace: true, Disc.Value);
        Assert.Equal(FindingState.Ok, VirtioRule.Storage.Inspect(guest).State);
    }

    /// <summary>A machine with both storage drivers, newer than those of the disc; viostor is damaged.</summary>
    private static Machine Broken(string name, string damage)
    {
        var machine = StagingMachine.Create(name);
        var guest = machine.Start();
        StagingMachine.Stage(guest.Windows, SampleDrivers.VioScsi.Build("amd64", "01/01/2030,200.1.0.0"));
        var unsigned = damage == "unsigned"
            ? SampleDrivers.VioStor.Build("amd64", "01/01/2030,200.1.0.0", embedded: null)
            : SampleDrivers.VioStor.Build("amd64", "01/01/2030,200.1.0.0");
        var staged = StagingMachine.Stage(guest.Windows, unsigned, allowUnsigned: true);
        var folder = $@"Windows\System32\DriverStore\FileRepository\{staged.PackageName}";
        switch (damage)
        {
            case "altered":
                guest.Windows.Files.WriteFile($@"{folder}\viostor.sys", SamplePe.Build(SamplePe.X64, "somebody else's"u8));
                break;
            case "lost":
                guest.Windows.Files.Delete($@"{folder}\viostor.sys");
                break;
            case "phantom": // what other tools leave: records that lead to no package
                foreach (var file in guest.Windows.Files.Enumerate(folder).ToList())
                {
                    guest.Windows.Files.Delete($@"{folder}\{file.Name}");
                }

                break;
            default:
                break;
        }

        Machine.Save(guest);
        return machine;
    }

    private static RuleContext With(Machine machine, bool replace, params MemoryFileSystem[] sources)
    {
        machine.Options = new RuleOptions
        {
            TrustedRoots = SampleTrust.Options.TrustedRoots,
            DriverSources = sources,
            Clock = StagingMachine.Clock,
            ReplaceDrivers = replace,
        };
        return machine.Restart();
    }
}
