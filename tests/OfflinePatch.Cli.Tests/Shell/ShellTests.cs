using System.Text;
using OfflinePatch.Cli.Shell;
using OfflinePatch.Fixtures.Machines;
using OfflinePatch.Testing;

namespace OfflinePatch.Cli.Tests.Shell;

/// <summary><c>shell</c>: many commands, one transaction.</summary>
[Trait("tier", "e2e")]
public sealed class ShellTests(Machines machines) : IClassFixture<Machines>, IDisposable
{
    private readonly ScratchFolder _scratch = new();

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public void A_script_changes_files_and_registry_in_one_step_of_the_history()
    {
        var image = Sample();
        var before = SparseHash.Of(image);
        File.WriteAllText(_scratch["note.txt"], "note");
        var run = Run(image, $"""
            # a comment
            mkdir Temp/deep
            cd Temp
            put '{_scratch["note.txt"]}' deep/
            mv deep/note.txt "deep/my note.txt"
            reg set HKLM\SOFTWARE\Moved When sz "to day"
            cat "deep\my note.txt"
            get "deep/my note.txt" {_scratch["out.txt"]}
            reg query HKLM\SOFTWARE\Moved
            -rm nothing
            diff
            pwd
            ls
            commit
            ls never reached
            """).MustExit(0);
        Assert.Contains("note", run.Output, StringComparison.Ordinal);
        Assert.Contains("    When    REG_SZ    to day", run.Output, StringComparison.Ordinal);
        Assert.Contains("added    ", run.Output, StringComparison.Ordinal);
        Assert.Contains(@"set      HKEY_LOCAL_MACHINE\SOFTWARE\Moved\When", run.Output, StringComparison.Ordinal);
        Assert.Contains("\\Temp\n", run.Output, StringComparison.Ordinal);
        Assert.Contains("line 10: ", run.Error, StringComparison.Ordinal);
        Assert.Equal("note", File.ReadAllText(_scratch["out.txt"]));
        Assert.Equal("note", Tool.Run("fs", "cat", image, "Temp/deep/my note.txt").MustExit(0).Output);
        Assert.Equal("shell", Tool.RunJson("undo", "--list", image).Image.GetProperty("steps")[0].GetProperty("label").GetString());
        Tool.Run("undo", image).MustExit(0);
        Assert.Equal(before, SparseHash.Of(image));
    }

    [Theory]
    [InlineData("mkdir Temp\nabort\n", 0)]
    [InlineData("mkdir Temp\n", 4)]
    [InlineData("mkdir Temp\nrm nothing\ncommit\n", 2)]
    [InlineData("mkdir Temp\nnonsense\ncommit\n", 1)]
    [InlineData("mkdir Temp\nexit\n", 1)]
    [InlineData("mkdir 'Temp\ncommit\n", 1)]
    [InlineData("ls\n", 0)]
    [InlineData("", 0)]
    public void Without_a_commit_nothing_is_written(string script, int code)
    {
        var image = Sample();
        var before = SparseHash.Of(image);
        Run(image, script).MustExit(code);
        Assert.Equal(before, SparseHash.Of(image));
        Assert.Equal([image], Directory.GetFiles(_scratch.Path));
    }

    [Fact]
    public void Read_only_refuses_changes_and_help_lists_every_command()
    {
        var run = Tool.RunWithInput("mkdir x\n"u8.ToArray(), "shell", Sample(), "--read-only").MustExit(1);
        Assert.Contains("--read-only", run.Error, StringComparison.Ordinal);
        var help = Tool.RunWithInput("help\n"u8.ToArray(), "shell", Sample()).MustExit(0).Output;
        Assert.All(ShellSession.Commands, c => Assert.Contains($"  {c.Name} {c.Arguments}", help, StringComparison.Ordinal));
    }

    [SkippableFact]
    public void A_script_whose_output_nobody_reads_goes_on_to_its_commit()
    {
        Skip.If(OperatingSystem.IsWindows(), "the runtime tells of a closed pipe there");
        var image = Sample();
        File.WriteAllBytes(_scratch["large"], new byte[4 << 20]);
        File.WriteAllText(_scratch["script"], $"put '{_scratch["large"]}' large\ncat large\nls\nmkdir After\ncommit\n");
        var script = $"'{Tool.Path}' shell '{image}' < '{_scratch["script"]}'; echo $? > '{_scratch["code"]}'";
        Oracle.Run("sh", "-c", $"{{ {script}; }} | true").MustSucceed();
        Assert.Equal("0\n", File.ReadAllText(_scratch["code"]));
        Tool.Run("fs", "stat", image, "After").MustExit(0);
    }

    private static ToolResult Run(string image, string script) => Tool.RunWithInput(Encoding.UTF8.GetBytes(script), "shell", image);

    private string Sample() => machines.Copy(_scratch, machines.Raw("win2019", MachineFirmware.Bios, Defect.StaticAddress));
}
