using System.CommandLine;
using OfflinePatch.Testing;

namespace OfflinePatch.Cli.Tests.Commands;

/// <summary>The command line never does what was not asked: words that mean nothing are refused before anything is opened.</summary>
[Trait("tier", "unit")]
public sealed class CommandLineTests : IDisposable
{
    private readonly ScratchFolder _scratch = new();

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public void Every_option_of_every_command_misspelt_is_refused_and_nothing_is_written()
    {
        var image = Image();
        var before = File.ReadAllBytes(image);
        var lines = 0;
        foreach (var (path, command) in Leaves(CommandTree.Create(), []))
        {
            var names = command.Options.SelectMany(o => o.Aliases.Append(o.Name)).ToHashSet(StringComparer.Ordinal);
            string[] arguments =
                [.. command.Arguments.SelectMany(a => Enumerable.Repeat(image, Math.Max(1, a.Arity.MinimumNumberOfValues)))];
            foreach (var option in command.Options.Where(o => o.Name.StartsWith("--", StringComparison.Ordinal)))
            {
                foreach (var word in Misspell(option.Name).Where(w => !names.Contains(w)))
                {
                    string[] value = option.Arity.MaximumNumberOfValues == 0 ? [] : ["1"];
                    foreach (string[] line in new string[][] { [.. path, .. arguments, word, .. value],
                        [.. path, word, .. value, .. arguments] })
                    {
                        Assert.True(CommandTree.Run(line) == 1, string.Join(' ', line));
                        lines++;
                    }
                }
            }
        }

        Assert.True(lines > 2000, $"only {lines} lines");
        Assert.Equal(before, File.ReadAllBytes(image));
        Assert.Equal([image], Directory.GetFileSystemEntries(_scratch.Path));
    }

    [Theory]
    [InlineData("--dryrun", "--dry-run")]
    [InlineData("--dry_run", "--dry-run")]
    [InlineData("--dry-rum", "--dry-run")]
    [InlineData("--DRY-RUN", "--dry-run")]
    [InlineData("-dry-run", "--dry-run")]
    [InlineData("--dry-run ", "--dry-run")]
    [InlineData("--dry run", "--dry-run")]
    [InlineData("–dry-run", "--dry-run")]
    [InlineData("--ouput", "--output")]
    [InlineData("--no-undo", null)]
    [InlineData("-n", null)]
    [InlineData("--jsn", "--json")]
    public void A_misspelt_option_is_told_with_the_one_that_was_meant(string word, string? meant)
    {
        var result = Tool.Run("fix", Image(), word).MustExit(1);
        Assert.Contains($"unknown option {word}", result.Error, StringComparison.Ordinal);
        Assert.Contains("Try: offlinepatch fix --help", result.Error, StringComparison.Ordinal);
        if (meant is not null)
        {
            Assert.Contains($"did you mean {meant}?", result.Error, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Commands_that_mean_nothing_are_told_once_with_the_one_that_was_meant()
    {
        Assert.Equal(["offlinepatch: unknown command chekc; did you mean check?", "Try: offlinepatch --help"],
            Lines(Tool.Run("chekc", "x").MustExit(1).Error));
        Assert.Equal(["offlinepatch: unknown command lss; did you mean ls?", "Try: offlinepatch fs --help"],
            Lines(Tool.Run("fs", "lss", "x").MustExit(1).Error));
        Assert.Contains("Usage: offlinepatch COMMAND", Tool.Run().MustExit(1).Output, StringComparison.Ordinal);
        Assert.Contains("Usage: offlinepatch fs COMMAND", Tool.Run("fs").MustExit(1).Output, StringComparison.Ordinal);
        Assert.Equal(Tool.Run("undo", "--help").MustExit(0).Output, Tool.Run("help", "undo").MustExit(0).Output);
        Assert.Equal(Tool.Run("--version").MustExit(0).Output, Tool.Run("-V").MustExit(0).Output);
    }

    [Fact]
    public void A_name_that_begins_with_a_dash_goes_behind_two_or_with_its_folder()
    {
        var image = _scratch["-x"];
        File.WriteAllBytes(image, new byte[4096]);
        Assert.Equal(2, Oracle.RunIn(_scratch.Path, Tool.Path, "inspect", "--", "-x").ExitCode);
        Assert.Equal(2, Oracle.RunIn(_scratch.Path, Tool.Path, "inspect", "./-x").ExitCode);
        Assert.Equal(1, Oracle.RunIn(_scratch.Path, Tool.Path, "inspect", "-x").ExitCode);
        Assert.Equal(1, Oracle.RunIn(_scratch.Path, Tool.Path, "fix", image, "--drivers", "--dryrun").ExitCode);
    }

    [Theory]
    [InlineData("fix IMAGE --jobs abc", 1)]
    [InlineData("fix IMAGE --jobs", 1)]
    [InlineData("fix IMAGE --jobs 0", 1)]
    [InlineData("fix IMAGE --jobs 99999999999", 1)]
    [InlineData("fs ls IMAGE --partition abc", 1)]
    [InlineData("convert IMAGE -o FOLDER/x.vhd -O vpcx", 1)]
    [InlineData("convert IMAGE -o FOLDER/no/y.raw", 1)]
    [InlineData("convert IMAGE -o FOLDER/y.qcow2 --subformat foo", 1)]
    [InlineData("convert IMAGE -o FOLDER/y.raw --compress zlib", 1)]
    [InlineData("convert IMAGE -o FOLDER/y.vmdk -O qcow2", 1)]
    [InlineData("convert IMAGE -o FOLDER/y.ova -O vmdk", 1)]
    [InlineData("convert IMAGE -o FOLDER", 1)]
    [InlineData("fix IMAGE -o FOLDER/y.ova", 1)]
    [InlineData("fix IMAGE -o FOLDER/no/y.raw", 1)]
    [InlineData("fix IMAGE --target foo", 1)]
    [InlineData("rules --target XEN", 1)]
    [InlineData("fix IMAGE --undo-dir FOLDER/no", 1)]
    [InlineData("fix IMAGE --report FOLDER/no/r.html", 1)]
    [InlineData("fix IMAGE --only netwrk.dhcp", 1)]
    [InlineData("fix IMAGE --drivers FOLDER/no.iso", 2)]
    [InlineData("fix IMAGE --cloudbase-init FOLDER/no.zip", 2)]
    [InlineData("fix IMAGE --profile FOLDER/no.json", 2)]
    [InlineData("recover FOLDER/no.raw", 2)]
    [InlineData("undo FOLDER/no.raw", 2)]
    [InlineData("fs get IMAGE x IMAGE", 1)]
    [InlineData("check FOLDER/no.raw --color sometimes", 1)]
    public void Exit_codes_are_those_of_the_table_and_no_word_of_ours_is_shown(string line, int code)
    {
        var image = Image();
        var before = File.ReadAllBytes(image);
        var result =
            Tool.Run(line.Replace("IMAGE", image, StringComparison.Ordinal).Replace("FOLDER", _scratch.Path, StringComparison.Ordinal)
                .Split(' ')).MustExit(code);
        foreach (var word in (string[])["   at ", "Exception", "OfflinePatch.", "System.", "Unhandled"])
        {
            Assert.DoesNotContain(word, result.Error + result.Output, StringComparison.Ordinal);
        }

        Assert.Equal(before, File.ReadAllBytes(image));
        Assert.Equal([image], Directory.GetFileSystemEntries(_scratch.Path));
    }

    [Fact]
    public void No_line_of_random_words_ends_in_anything_but_an_exit_code() => Fuzz(1, 3_000);

    [Fact]
    [Trait("speed", "slow")]
    public void No_line_of_many_random_words_ends_in_anything_but_an_exit_code() => Fuzz(2, 100_000);

    private void Fuzz(int seed, int count)
    {
        var image = Image();
        var words = Leaves(CommandTree.Create(), [])
            .SelectMany(l => l.Path.Concat(l.Command.Options.SelectMany(o => o.Aliases.Append(o.Name))))
            .Concat([image, _scratch["no.raw"], _scratch["no/x.qcow2"], "", " ", "-", "--", "-5", "0", "1", "99999999999", "vpc", "qcow2",
                "raw", "xen", "network.*", "*", "@x", "a=b", "--x=y", "--jobs=", "-o=", "/", "\\", "'", "ü", "\ud800", "true", "false",
                "[suggest:3]", "[x]", "\u001b[31m"])
            .Distinct(StringComparer.Ordinal).Where(w => w is not ("man" or "witness" or "watch" or "shell")).ToArray();
        var random = new Random(seed);
        var commands = Leaves(CommandTree.Create(), []).Where(l => l.Path[0] is not ("man" or "witness" or "watch" or "shell"))
            .Select(l => l.Path).ToArray();
        var (output, error) = (Console.Out, Console.Error);
        Console.SetOut(TextWriter.Null);
        Console.SetError(TextWriter.Null);
        StandardInput.Open = () => Stream.Null;
        try
        {
            for (var i = 0; i < count; i++)
            {
                string[] line = [.. random.Next(10) == 0 ? [] : commands[random.Next(commands.Length)],
                    .. Enumerable.Range(0, random.Next(6)).Select(_ => words[random.Next(words.Length)])];
                var code = CommandTree.Run(line);
                Assert.True(code is >= 0 and <= 6 or 130, $"{code}: {string.Join(' ', line)}");
            }
        }
        finally
        {
            Console.SetOut(output);
            Console.SetError(error);
            StandardInput.Open = Console.OpenStandardInput;
        }
    }

    private string Image()
    {
        var image = _scratch["disk.raw"];
        File.WriteAllBytes(image, new byte[64 * 1024]);
        return image;
    }

    private static string[] Lines(string text) => text.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    private static IEnumerable<(string[] Path, Command Command)> Leaves(Command command, string[] path) => command.Subcommands.Count == 0
        ? [(path, command)]
        : command.Subcommands.SelectMany(c => Leaves(c, [.. path, c.Name]));

    private static IEnumerable<string> Misspell(string name)
    {
        var plain = name[2..];
        yield return "--" + plain[1..]; // a letter left out
        yield return "--" + plain + plain[^1]; // a letter twice
        yield return name.ToUpperInvariant();
        yield return "-" + plain; // a dash left out
        yield return name + " ";
        yield return "–" + plain; // what an editor makes of two dashes
        yield return "--" + plain.Replace('-', '_') + (plain.Contains('-', StringComparison.Ordinal) ? "" : "x");
        yield return plain.Length > 2 ? "--" + plain[1] + plain[0] + plain[2..] : "--" + plain + "y";
    }
}
