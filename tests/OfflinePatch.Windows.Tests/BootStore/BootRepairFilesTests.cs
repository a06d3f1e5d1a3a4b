using OfflinePatch.Windows.BootStore;
using OfflinePatch.Windows.Guest;
using OfflinePatch.Windows.Tests.Machines;

namespace OfflinePatch.Windows.Tests.BootStore;

/// <summary>Which boot files must be in \Windows\Boot, and which a repair can do without.</summary>
[Trait("tier", "unit")]
public sealed class BootRepairFilesTests
{
    private const string Folder = @"Windows\Boot\PCAT\";

    [Fact]
    public void A_boot_manager_that_is_there_needs_no_copy_of_Windows_own()
    {
        var machine = WithFiles(("memtest.exe", [1, 2]), ("de-DE\\bootmgr.exe.mui", [3]), ("empty.dat", []));
        var repair = Find(machine);
        Assert.Null(repair.Problem);
        var copy = Assert.Single(repair.Steps, s => s.After.Contains("boot file(s)", StringComparison.Ordinal));
        Assert.StartsWith("2 boot file(s) from", copy.After, StringComparison.Ordinal);
        foreach (var step in repair.Steps)
        {
            step.Apply();
        }

        Assert.Equal([1, 2], machine.SystemFiles.ReadFile(@"Boot\memtest.exe"));
        Assert.Equal([1, 2, 3], machine.SystemFiles.ReadFile("bootmgr"));
        Assert.False(machine.SystemFiles.FileExists(@"Boot\empty.dat"));
        Assert.DoesNotContain(Find(machine).Steps, s => s.After.Contains("boot file(s)", StringComparison.Ordinal));
    }

    [Fact]
    public void Without_any_boot_manager_it_is_refused()
    {
        var machine = WithFiles(("memtest.exe", [1, 2]));
        machine.SystemFiles.Delete("bootmgr");
        Assert.Contains(@"\Windows\Boot\PCAT\bootmgr", Find(machine).Problem, StringComparison.OrdinalIgnoreCase);
        machine.WindowsFiles.Put(Folder + "bootmgr", [9]);
        Assert.Null(Find(machine).Problem);
    }

    private static Machine WithFiles(params (string Name, byte[] Content)[] files)
    {
        var machine = new Machine(Generation.Server2019, Firmware.Bios);
        foreach (var (name, content) in files)
        {
            machine.WindowsFiles.Put(Folder + name, content);
        }

        return machine;
    }

    private static BootRepair Find(Machine machine)
    {
        var context = machine.Start();
        return BootRepair.Find(context.Machine, context.Windows, new BootRepairOptions { AllFiles = true });
    }
}
