using OfflinePatch.Windows.Guest;
using OfflinePatch.Windows.Rules;
using OfflinePatch.Windows.Tests.Machines;

namespace OfflinePatch.Windows.Tests.Rules;

/// <summary>The note of the loader about the last start, and what the boot configuration makes of it.</summary>
[Trait("tier", "unit")]
public sealed class BootStatusTests
{
    // Version 12, product 1, automatic menu on, 30 seconds, then succeeded and shut down.
    private static byte[] Status(byte succeeded, byte shutdown, byte version = 12) =>
        [version, 0, 0, 0, 1, 0, 0, 0, 1, 30, succeeded, shutdown, .. new byte[2036]];

    [Theory]
    [InlineData(1, 1, true, true)]
    [InlineData(1, 0, true, false)]
    [InlineData(0, 0, false, false)]
    public void Flags_are_read(byte succeeded, byte shutdown, bool wasSuccessful, bool wasShutDown)
    {
        var machine = new Machine();
        machine.WindowsFiles.Put(@"Windows\bootstat.dat", Status(succeeded, shutdown));
        Assert.Equal(new BootStatus(wasSuccessful, wasShutDown), BootStatus.Read(machine.Start().Windows));
    }

    [Fact]
    public void What_is_no_such_file_says_nothing()
    {
        var machine = new Machine();
        Assert.Null(BootStatus.Read(machine.Start().Windows));
        foreach (var bytes in new byte[][] { [], new byte[11], new byte[2048], Status(2, 1), Status(0, 7), Status(0, 0, version: 0) })
        {
            machine.WindowsFiles.Put(@"Windows\bootstat.dat", bytes);
            Assert.Null(BootStatus.Read(machine.Restart().Windows));
        }
    }

    [Theory]
    [InlineData("250000e0", 0, FindingState.Failed)] // DisplayAllFailures
    [InlineData("250000e0", 1, FindingState.Ok)] // IgnoreAllFailures
    [InlineData("250000e0", 2, FindingState.Failed)] // IgnoreShutdownFailures
    [InlineData("250000e0", 3, FindingState.Ok)] // IgnoreBootFailures
    [InlineData("16000009", 0, FindingState.Ok)] // recoveryenabled off
    [InlineData("16000009", 1, FindingState.Failed)]
    internal void A_start_that_failed_leads_to_recovery_unless_a_setting_ignores_it(string element, byte value, FindingState expected)
    {
        var machine = new Machine();
        machine.WindowsFiles.Put(@"Windows\bootstat.dat", Status(0, 0));
        machine.Loader(element).SetBinary("Element", element[0] == '2' ? [value, 0, 0, 0, 0, 0, 0, 0] : [value]);
        Assert.Equal(expected, RuleCatalog.All.Single(r => r.Id == "boot.next-start").Inspect(machine.Start()).State);
    }
}
