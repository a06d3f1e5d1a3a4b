using OfflinePatch.Registry;
using OfflinePatch.Windows.Rules;
using OfflinePatch.Windows.Rules.Gates;
using OfflinePatch.Windows.Tests.Machines;

namespace OfflinePatch.Windows.Tests.Rules;

/// <summary>Each sign of an update that waits for a restart closes the gate by itself; what healthy machines have, too, does not.</summary>
[Trait("tier", "unit")]
public sealed class ServicingPendingTests
{
    private const string Cbs = @"Microsoft\Windows\CurrentVersion\Component Based Servicing";

    [Theory]
    [InlineData("RebootPending")]
    [InlineData("RebootInProgress")]
    [InlineData("PackagesPending")]
    public void A_marker_of_component_based_servicing(string marker)
    {
        var machine = new Machine();
        machine.Software.Create($@"{Cbs}\{marker}");
        var finding = new WindowsServicingPendingGate().Inspect(machine.Start());
        Assert.Equal(FindingState.Failed, finding.State);
        Assert.Contains($@"SOFTWARE\{Cbs}\{marker} exists", finding.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("ExecutionState")]
    [InlineData("PendingXmlIdentifier")]
    [InlineData("NextQueueEntryIndex")]
    [InlineData("NextQueueEntryIndexBCDB")]
    [InlineData("AdvancedInstallersNeedResolving")]
    [InlineData("StoreDirty")]
    public void A_value_of_the_component_store(string name)
    {
        foreach (var (data, state) in ((byte[], FindingState)[])
            [([1, 0, 0, 0], FindingState.Failed), ([0, 0, 0, 1], FindingState.Failed), ([0, 0, 0, 0], FindingState.Ok),
                ([], FindingState.Ok)])
        {
            var machine = new Machine();
            var components = Hive.Create(rootName: "COMPONENTS");
            components.Root.SetBinary(name, data);
            machine.WindowsFiles.Put(@"Windows\System32\config\COMPONENTS", components.ToArray());
            var finding = new WindowsServicingPendingGate().Inspect(machine.Start());
            Assert.Equal(state, finding.State);
            Assert.Equal(state == FindingState.Failed, finding.Message.Contains($"COMPONENTS: {name} = ", StringComparison.Ordinal));
        }
    }

    [Fact]
    public void Every_sign_is_named()
    {
        var machine = new Machine();
        machine.Software.Create($@"{Cbs}\RebootPending");
        machine.WindowsFiles.Put(@"Windows\WinSxS\pending.xml", [1]);
        machine.Set(@"Control\Session Manager").SetMultiString("SetupExecute", ["other.exe", @"\SystemRoot\System32\POQEXEC.exe /x"]);
        var finding = new WindowsServicingPendingGate().Inspect(machine.Start());
        Assert.Contains(@"\RebootPending exists; ", finding.Message, StringComparison.Ordinal);
        Assert.Contains(@"C:\Windows\WinSxS\pending.xml exists; ", finding.Message, StringComparison.Ordinal);
        Assert.Contains(@"ControlSet001\Control\Session Manager\SetupExecute runs \SystemRoot\System32\POQEXEC.exe /x.", finding.Message,
            StringComparison.Ordinal);
        Assert.DoesNotContain("other.exe", finding.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_healthy_machines_have_is_no_sign()
    {
        var machine = new Machine();
        machine.Software.Create($@"{Cbs}\SessionsPending").SetDword("Exclusive", 0);
        machine.Software.Create($@"{Cbs}\TxR");
        machine.Set(@"Control\Session Manager").SetMultiString("SetupExecute", ["other.exe"]);
        Assert.Equal(FindingState.Ok, new WindowsServicingPendingGate().Inspect(machine.Start()).State);
    }
}
