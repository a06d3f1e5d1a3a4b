using OfflinePatch.Windows.Guest;
using OfflinePatch.Windows.Rules;
using OfflinePatch.Windows.Rules.Windows;
using OfflinePatch.Windows.Tests.Machines;

namespace OfflinePatch.Windows.Tests.Rules;

[Trait("tier", "unit")]
public sealed class PendingRenamesTests
{
    private static readonly WindowsPendingRenamesRule Rule = new();

    [Theory]
    [InlineData(@"\??\C:\Windows\System32\drivers\storahci.sys", "", true)]
    [InlineData(@"\??\c:\windows\system32\DRIVERS\storahci.sys", @"\??\C:\Windows\Temp\x", true)]
    [InlineData(@"*1\??\C:\Windows\System32\config\SYSTEM", "", true)]
    [InlineData(@"\??\C:\Cloudbase-Init\Python\python.exe", "", true)]
    [InlineData(@"\??\C:\Windows\System32\drivers\tdx.sys", "", false)] // starts later, and is not ours
    [InlineData(@"\??\D:\Windows\System32\drivers\storahci.sys", "", false)]
    [InlineData(@"\??\C:\Windows\Temp\x.sys", @"!\??\C:\Windows\System32\drivers\storahci.sys", false)] // an update of it
    [InlineData(@"\??\C:\Users\x\AppData\Local\Temp\y.tmp", "", false)]
    public void Operations_that_take_away_what_the_machine_needs_are_dropped_and_no_other(string source, string target, bool harmful)
    {
        var machine = new Machine();
        machine.Set(@"Services\cloudbase-init")
            .SetExpandString("ImagePath", "\"C:\\Cloudbase-Init\\Bin\\OpenStackService.exe\" cloudbase-init");
        machine.Rename(@"\??\C:\Windows\Temp\first.tmp", "");
        machine.Rename(source, target);
        machine.Rename(@"\??\C:\Windows\Temp\last.dll", @"!\??\C:\Windows\System32\last.dll");
        var guest = machine.Start();
        var before = PendingRenames.Read(Manager(guest), "PendingFileRenameOperations");
        Assert.Equal(new PendingRename(source, target), before[1]);
        var finding = Rule.Inspect(guest);
        Assert.Equal(harmful, finding.Fixable);
        if (!harmful)
        {
            Assert.Equal(FindingState.Ok, finding.State);
            return;
        }

        Assert.Contains(source, finding.Message, StringComparison.Ordinal);
        Rule.Fix(guest);
        Machine.Save(guest);
        var after = machine.Restart();
        Assert.Equal(FindingState.Ok, Rule.Inspect(after).State);
        Assert.Equal([before[0], before[2]], PendingRenames.Read(Manager(after), "PendingFileRenameOperations"));
    }

    [Fact]
    public void The_last_operation_goes_with_its_value()
    {
        var machine = new Machine();
        machine.Rename(@"\??\C:\Windows\System32\drivers\atapi.sys", "");
        var guest = machine.Start();
        Rule.Fix(guest);
        Assert.False(Manager(guest).HasValue("PendingFileRenameOperations"));
    }

    private static GuestKey Manager(RuleContext guest) => guest.Windows.Current.Find(@"Control\Session Manager")!;
}
