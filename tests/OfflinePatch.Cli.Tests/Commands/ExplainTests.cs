using System.Text.Json;
using OfflinePatch.Testing;
using OfflinePatch.Windows.Reports;

namespace OfflinePatch.Cli.Tests.Commands;

/// <summary><c>explain</c>, and the document that is generated from the same table.</summary>
[Trait("tier", "e2e")]
public sealed class ExplainTests
{
    [Fact]
    public void A_code_is_explained_in_any_case()
    {
        var text = Tool.Run("explain", "core-0031").MustExit(0).Output;
        Assert.StartsWith("CORE-0031: The image depends on another image", text, StringComparison.Ordinal);
        Assert.Contains("what to do:  Give --allow-backing", text, StringComparison.Ordinal);
        Assert.Contains("exit status: 4", text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_code_as_json_has_every_field()
    {
        var error = Assert.Single(Tool.RunJson("explain", "NTFS-6100").MustExit(0).Json.GetProperty("errors").EnumerateArray());
        Assert.Equal(("NTFS-6100", "Finding", 3),
            (error.GetProperty("code").GetString(), error.GetProperty("kind").GetString(), error.GetProperty("exitStatus").GetInt32()));
        Assert.All(["area", "meaning", "cause", "remedy"], name => Assert.NotEmpty(error.GetProperty(name).GetString()!));
    }

    [Fact]
    public void Without_a_code_all_are_listed()
    {
        var lines = Tool.Run("explain").MustExit(0).Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(ErrorCatalog.All.Count, lines.Count(l => l.StartsWith("  ", StringComparison.Ordinal)));
        Assert.Equal(ErrorCatalog.All.Count, Tool.RunJson("explain").MustExit(0).Json.GetProperty("errors").GetArrayLength());
    }

    [Theory]
    [InlineData("CORE-031", "Did you mean CORE-0031?")]
    [InlineData("network.dhcp", "It is a rule")]
    [InlineData("nonsense", "lists every code")]
    public void An_unknown_code_is_a_mistake_of_the_command_line(string code, string hint)
    {
        var run = Tool.Run("explain", code).MustExit(1);
        Assert.Contains("There is no error code", run.Error, StringComparison.Ordinal);
        Assert.Contains(hint, run.Error, StringComparison.Ordinal);
    }

    /// <summary>The code that a failing command prints is one that can be explained, and its exit status is the one of the table.</summary>
    [Fact]
    public void The_exit_status_of_a_real_failure_is_that_of_the_table()
    {
        using var scratch = new ScratchFolder();
        File.WriteAllBytes(scratch["empty.img"], []);
        string[][] commands = [["inspect", scratch["none.img"]], ["inspect", scratch.Path], ["inspect", scratch["empty.img"]],
            ["undo", scratch["empty.img"]], ["drivers", scratch["none"]]];
        foreach (var command in commands)
        {
            var run = Tool.Run(command);
            var code = System.Text.RegularExpressions.Regex.Match(run.Output + run.Error, "[A-Z]+-[0-9]{4}").Value;
            var described = ErrorCatalog.Find(code);
            Assert.True(described is not null, $"{string.Join(' ', command)}: {run.Output}{run.Error}");
            Assert.Equal((string.Join(' ', command), described.ExitStatus), (string.Join(' ', command), run.ExitCode));
        }
    }

    [Fact]
    public void The_document_is_that_of_the_table() =>
        Assert.Equal(ErrorCatalog.ToMarkdown(),
            File.ReadAllText(Path.Combine(Repository.Root, "src", "ERRORS.md")).ReplaceLineEndings("\n"));
}
