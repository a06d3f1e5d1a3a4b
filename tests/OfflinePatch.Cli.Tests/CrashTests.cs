using OfflinePatch.Testing;

namespace OfflinePatch.Cli.Tests;

/// <summary>The process is killed at operations that change a file, by a library that is loaded into it. A few of them here; <c>make crash</c> takes all.</summary>
[Trait("tier", "crash")]
public sealed class CrashTests
{
    [SkippableTheory]
    [InlineData("raw", "fix,undo-all,recover,hive", 31)]
    [InlineData("vmdk-parts", "fix,undo", 37)]
    [InlineData("qcow2", "fs,reg", 23)]
    public void Whatever_operation_a_command_is_killed_at_the_image_is_old_or_new(string formats, string commands, int every)
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "the library is Linux's");
        Oracle.Require("gcc");
        Oracle.Require("python3");
        Oracle.Require("qemu-img");
        var script = Find("tests/crash/crash.py");
        var fixtures = "dotnet " + Path.Combine(AppContext.BaseDirectory, "offlinepatch-fixtures.dll");
        var result = Oracle.Run("python3", script, Tool.Path, fixtures, "--formats", formats, "--commands", commands, "--every", $"{every}");
        Assert.True(result.ExitCode == 0, result.Output + result.Error);
        Assert.Contains(" 0 failed", result.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("\n0 kill points", result.Output, StringComparison.Ordinal);
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
