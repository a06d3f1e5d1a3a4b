using OfflinePatch.Testing;

namespace OfflinePatch.Cli.Tests.Commands;

/// <summary>
/// The process is killed at operations that change a file, by a library that is loaded into it; the host fails; random commands change
/// random machines. A few of each here; <c>make crash</c>, <c>make faults</c> and <c>make soak</c> take all.
/// </summary>
[Trait("tier", "crash")]
public sealed class CrashTests
{
    [SkippableTheory]
    [InlineData("raw", "fix,undo-all,recover,hive", 31)]
    [InlineData("raw", "twice-recover,twice-fix", 29)]
    [InlineData("vmdk-parts", "fix,undo", 61)]
    [InlineData("qcow2", "fs,reg,resize", 47)]
    public void Whatever_operation_a_command_is_killed_at_the_image_is_old_or_new(string formats, string commands, int every)
    {
        var output = Run("tests/crash/crash.py", "--formats", formats, "--commands", commands, "--every", $"{every}", "--real", "3",
            "--power", "1");
        Assert.DoesNotContain("\n0 kill points", output, StringComparison.Ordinal);
    }

    [SkippableTheory]
    [InlineData("errors", "raw", 31)]
    [InlineData("signals", "raw", 20)]
    [InlineData("stopped", "qcow2", 1)]
    [InlineData("places", "raw", 1)]
    [InlineData("undo", "raw", 40)]
    [InlineData("exports", "raw", 1)]
    public void Whatever_the_host_does_to_a_run_the_image_is_old_or_new(string part, string formats, int every) =>
        Assert.DoesNotContain("\n0 faults", Run("tests/crash/faults.py", "--parts", part, "--formats", formats, "--every", $"{every}"),
            StringComparison.Ordinal);

    [SkippableTheory]
    [InlineData(3)]
    public void Random_commands_on_a_random_machine_can_all_be_undone(int seed) =>
        Assert.Contains("\"result\": \"ok\"", Run("tests/soak/soak.py", "--seed", $"{seed}", "--cases", "1"), StringComparison.Ordinal);

    private static string Run(string script, params string[] options)
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "the library is Linux's");
        Oracle.Require("gcc");
        Oracle.Require("python3");
        Oracle.Require("qemu-img");
        var fixtures = "dotnet " + Path.Combine(AppContext.BaseDirectory, "offlinepatch-fixtures.dll");
        var result = Oracle.Run("python3", [Find(script), Tool.Path, fixtures, .. options]);
        Assert.True(result.ExitCode == 0, result.Output + result.Error);
        return result.Output;
    }

    private static string Find(string path)
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, path)))
        {
            folder = folder.Parent;
        }

        return Path.Combine(folder?.FullName ?? throw new InvalidOperationException($"{path} is not there"), path);
    }
}
