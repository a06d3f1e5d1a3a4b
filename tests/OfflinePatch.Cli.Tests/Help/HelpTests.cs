using System.Text.RegularExpressions;
using OfflinePatch.Testing;

namespace OfflinePatch.Cli.Tests.Help;

/// <summary>Help and manual of the built binary: every command explains itself, and both say the same.</summary>
[Trait("tier", "e2e")]
public sealed partial class HelpTests
{
    [Fact]
    public void Every_command_has_purpose_usage_examples_and_exit_codes()
    {
        var commands = Walk([]).ToList();
        Assert.True(commands.Count >= 29, $"only {commands.Count} commands");
        foreach (var (path, help) in commands)
        {
            var name = string.Join(' ', path.Prepend("offlinepatch"));
            Assert.Contains($"Usage: {name} ", help + " ", StringComparison.Ordinal);
            Assert.True(help.IndexOf("Usage:", StringComparison.Ordinal) < help.IndexOf("Examples:", StringComparison.Ordinal), name);
            Assert.Contains($"\n    {name}", help, StringComparison.Ordinal);
            Assert.Matches("Exit codes:\n  0 ", help);
            Assert.All(help.Split('\n')
                .Where(l => !l.StartsWith("    offlinepatch", StringComparison.Ordinal)
                    && !l.StartsWith("Usage:", StringComparison.Ordinal)),
                l => Assert.True(l.Length <= 100, l));
            Assert.Equal(0, Tool.Run([.. path, "-h"]).ExitCode);
        }
    }

    [Fact]
    public void Examples_are_lines_that_the_program_understands()
    {
        using var scratch = new ScratchFolder();
        foreach (var (path, help) in Walk([]))
        {
            foreach (var line in help.Split('\n').Where(l => l.StartsWith("    offlinepatch ", StringComparison.Ordinal)))
            {
                // The images of the examples are not here: the line must fail on them, not on its own words.
                var run = Oracle.RunIn(scratch.Path, "/bin/sh", "-c",
                    line.Trim().Replace("offlinepatch ", $"'{Tool.Path}' ", StringComparison.Ordinal).Split(" | ")[0]);
                Assert.True(run.ExitCode != 1, $"{string.Join(' ', path)}: {line.Trim()}\n{run.Error}");
            }
        }
    }

    [Fact]
    public void A_fault_of_the_program_itself_is_exit_code_2_with_a_stable_code()
    {
        Assert.Equal(2, CommandGuard.Run(() => throw new InvalidOperationException("impossible")));
        Assert.Equal("CLI-0004: internal error while processing the image: InvalidOperationException: impossible",
            CommandGuard.InternalErrorText(new InvalidOperationException("impossible")));
    }

    [Fact]
    public void Help_is_given_for_a_line_that_is_not_complete() =>
        Assert.Contains("Usage: offlinepatch convert IMAGE [OUT] [options]", Tool.Run("convert", "--help").MustExit(0).Output,
            StringComparison.Ordinal);

    [Fact]
    public void A_profile_of_ones_own_begins_with_one_of_ours_and_changes_the_rules()
    {
        using var scratch = new ScratchFolder();
        var ours = Tool.Run("rules", "--target", "otc", "--as-profile").MustExit(0).Output;
        File.WriteAllText(scratch["own.json"],
            ours.Replace("\"network.services\": {}", "\"network.services\": { \"severity\": \"info\", \"source\": \"our handbook\" }",
                StringComparison.Ordinal));
        var rules = Tool.RunJson("rules", "--profile", scratch["own.json"]).MustExit(0).Json.GetProperty("rules").EnumerateArray()
            .ToDictionary(r => r.GetProperty("id").GetString()!, StringComparer.Ordinal);
        Assert.Equal("info", rules["network.services"].GetProperty("severity").GetString());
        Assert.Equal("our handbook", rules["network.services"].GetProperty("source").GetString());
        Assert.Contains("our handbook", Tool.Run("rules", "--profile", scratch["own.json"]).MustExit(0).Output, StringComparison.Ordinal);

        File.WriteAllText(scratch["own.json"], ours.Replace("network.dhcp", "network.dchp", StringComparison.Ordinal));
        Assert.Contains("there is no rule network.dchp", Tool.Run("rules", "--profile", scratch["own.json"]).MustExit(2).Error,
            StringComparison.Ordinal);
    }

    [SkippableFact]
    [Trait("tier", "oracle")]
    public void The_manual_has_every_command_and_option_and_no_fault()
    {
        using var scratch = new ScratchFolder();
        Tool.RunAt(1700000000, "man", scratch["man"]).MustExit(0);
        var pages = Directory.GetFiles(scratch["man"])
            .ToDictionary(p => Path.GetFileNameWithoutExtension(p), File.ReadAllText, StringComparer.Ordinal);
        foreach (var (path, help) in Walk([]))
        {
            var page = pages[string.Join('-', path.Take(1).Prepend("offlinepatch"))];
            foreach (Match option in OptionName().Matches(help))
            {
                Assert.Contains(option.Groups["name"].Value.Replace("-", "\\-", StringComparison.Ordinal), page, StringComparison.Ordinal);
            }
        }

        Assert.Contains("network.dhcp", pages["offlinepatch-rules"], StringComparison.Ordinal);
        Assert.All(pages.Values, p => Assert.Contains(" 1 2023-11-14 ", p, StringComparison.Ordinal));
        Tool.RunAt(1700000000, "man", scratch["again"]).MustExit(0);
        Assert.All(pages, p => Assert.Equal(p.Value, File.ReadAllText(Path.Combine(scratch["again"], p.Key + ".1"))));

        var judges = new[] { "groff", "mandoc" }.Where(j => Oracle.Locate(j) is not null).ToList();
        Skip.If(judges.Count == 0, "neither groff nor mandoc is installed");
        foreach (var page in Directory.GetFiles(scratch["man"]))
        {
            foreach (var run in judges.Select(j => j == "groff"
                ? Oracle.Run("groff", "-man", "-ww", "-z", page)
                : Oracle.Run("mandoc", "-Tlint", "-Wwarning", page)))
            {
                Assert.True(run is { ExitCode: 0, Error: "", Output: "" }, $"{page}: {run.Output}{run.Error}");
            }
        }
    }

    /// <summary>A command's help, and that of every command below it.</summary>
    private static IEnumerable<(string[] Path, string Help)> Walk(string[] path)
    {
        var help = Tool.Run([.. path, "--help"]).MustExit(0).Output.ReplaceLineEndings("\n");
        yield return (path, help);
        var commands = help.Split("\nCommands:\n");
        foreach (var line in commands.Length < 2 ? [] : commands[1].Split("\n\n")[0].Split('\n'))
        {
            if (CommandName().Match(line) is { Success: true } match)
            {
                foreach (var inner in Walk([.. path, match.Groups["name"].Value]))
                {
                    yield return inner;
                }
            }
        }
    }

    [GeneratedRegex("^  (?<name>[a-z]+)  ", RegexOptions.ExplicitCapture)]
    private static partial Regex CommandName();

    [GeneratedRegex("^  (-., )?(?<name>--[a-z-]+)", RegexOptions.ExplicitCapture | RegexOptions.Multiline)]
    private static partial Regex OptionName();
}
