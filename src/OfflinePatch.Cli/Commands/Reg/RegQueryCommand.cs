using System.CommandLine;
using OfflinePatch.Cli.Documents;
using OfflinePatch.Cli.Help;
using OfflinePatch.Cli.Registry;
using OfflinePatch.Cli.Rendering;
using OfflinePatch.Registry;
using OfflinePatch.Windows.Jobs;
using static OfflinePatch.Cli.Help.CommonGuide;

namespace OfflinePatch.Cli.Commands.Reg;

/// <summary><c>reg query TARGET [KEY]</c>: values and subkeys; with <c>--find</c> a search.</summary>
internal static class RegQueryCommand
{
    /// <summary>What help and manual say of the command.</summary>
    public static CommandGuide Guide => new(
        """
        Values with type and data as `reg query` of Windows shows them, then the subkeys; with -s everything below; with --find what
        matches. HKLM and HKU list the hives. Options can be spelled as there: /v NAME, /ve, /s, /f TEXT, /k, /d, /e, /c.
        """,
        [new("Which control set is current?", "offlinepatch reg query server.vmdk 'HKLM\\SYSTEM\\Select'"),
            new("A hive that was copied out:",
                "offlinepatch reg query ./SOFTWARE 'Microsoft\\Windows NT\\CurrentVersion' -v ProductName --bare"),
            new("Every key and value that names a driver:",
                "offlinepatch reg query server.vmdk 'HKLM\\SYSTEM\\CurrentControlSet\\Services' --find viostor")],
        Reading)
    {
        SeeAlso = ["reg export"],
    };

    public static Command Create()
    {
        var edit = new EditArguments();
        var target = RegArguments.Target();
        var key = RegArguments.Key();
        var value = RegArguments.Value();
        var defaultValue = RegArguments.DefaultValue();
        var recursive = new Option<bool>("--recursive", "-s", "/s") { Description = "All keys below it too." };
        var bare = new Option<bool>("--bare", "-b") { Description = "Of one value, print the data alone, for scripts." };
        var search = new SearchOptions();
        var command = new Command("query", "Shows the values and subkeys of a key, or searches for names and data.")
        { target, key, value, defaultValue, recursive, bare };
        search.AddTo(command);
        edit.AddTo(command, writes: false);
        command.SetGuardedAction((result, cancellation) =>
        {
            var wanted = result.GetValue(defaultValue) ? "" : result.GetValue(value);
            if (result.GetValue(bare)
                && (wanted is null || result.GetValue(recursive) || search.Read(result) is not null || GlobalOptions.WantsJson(result)))
            {
                throw new UsageException("--bare goes with --value, and not with --recursive, --find or --json");
            }

            using var registry = RegistryEdit.OpenToRead(result.GetRequiredValue(target), edit.Read(result));
            var name = result.GetValue(key) ?? "";
            if (registry.Target.RootsBelow(name) is { } roots && search.Read(result) is null)
            {
                PrintRoots(result, result.GetRequiredValue(target), name, roots);
                return ExitCode.Done;
            }

            var found = registry.Target.Require(name);
            var path = registry.Target.Locate(name).FullPath;
            if (search.Read(result) is { } filter)
            {
                return Search(result, result.GetRequiredValue(target), found, path, filter, cancellation);
            }

            if (wanted is not null && !result.GetValue(recursive) && found.FindValue(wanted) is null)
            {
                throw new FileNotFoundException($"The key has no value '{wanted}'.");
            }

            if (result.GetValue(bare))
            {
                Output.Line(RegistryView.Text(found.FindValue(wanted!)!));
            }
            else if (GlobalOptions.WantsJson(result))
            {
                var keys = RegistryView.Describe(found, path, result.GetValue(recursive), wanted, cancellation);
                DocumentJson.Print(new RegistryQueryDocument(result.GetRequiredValue(target), [.. keys]));
            }
            else
            {
                using var output = Output.OpenBulk();
                RegistryView.Print(output, found, path, result.GetValue(recursive), wanted);
            }

            return ExitCode.Done;
        });
        return command;
    }

    private static void PrintRoots(ParseResult result, string target, string key, IReadOnlyList<string> roots)
    {
        if (GlobalOptions.WantsJson(result))
        {
            DocumentJson.Print(new RegistryQueryDocument(target,
                [new RegistryKeyReport(key, null, [], [.. roots.Select(DocumentJson.Valid)])]));
            return;
        }

        foreach (var root in roots)
        {
            Output.Line(root);
        }
    }

    private static int Search(ParseResult result, string target, HiveKey key, string path, RegistrySearch filter,
        CancellationToken cancellation)
    {
        var found = filter.Run(key, path, cancellation).ToList();
        var matches = found.Sum(f => f.Values.Count + (f.IsMatch ? 1 : 0));
        if (GlobalOptions.WantsJson(result))
        {
            DocumentJson.Print(new RegistryQueryDocument(target,
                [.. found.Select(f => RegistryView.Describe(f.Key, f.Path, f.Values, []))]));
        }
        else
        {
            using var output = Output.OpenBulk();
            foreach (var match in found)
            {
                RegistryView.Print(output, match.Path, match.Values);
            }

            output.WriteLine($"End of search: {matches} match(es) found.");
        }

        return matches > 0 ? ExitCode.Done : ExitCode.Unreadable;
    }

    /// <summary>The options of a search, as reg.exe has them.</summary>
    private sealed class SearchOptions
    {
        private readonly Option<string?> _find = new("--find", "/f")
        {
            Description = "Search names and data for TEXT, with * and ?, in any case.",
            HelpName = "TEXT",
        };
        private readonly Option<bool> _keys = new("--keys", "/k") { Description = "With --find: names of keys only." };
        private readonly Option<bool> _data = new("--data", "/d") { Description = "With --find: data only." };
        private readonly Option<bool> _names = new("--names") { Description = "With --find: names of values only." };
        private readonly Option<bool> _exact = new("--exact", "/e")
        {
            Description = "With --find: the whole name or data, not a part of it.",
        };
        private readonly Option<bool> _case = new("--case-sensitive", "/c") { Description = "With --find: upper and lower case differ." };

        public void AddTo(Command command)
        {
            foreach (var option in (Option[])[_find, _keys, _names, _data, _exact, _case])
            {
                command.Add(option);
            }
        }

        public RegistrySearch? Read(ParseResult result)
        {
            var any = result.GetValue(_keys) || result.GetValue(_names) || result.GetValue(_data);
            if (result.GetValue(_find) is not { } text)
            {
                return any || result.GetValue(_exact) || result.GetValue(_case)
                    ? throw new UsageException("--keys, --names, --data, --exact and --case-sensitive go with --find")
                    : null;
            }

            return new RegistrySearch(text)
            {
                InKeys = !any || result.GetValue(_keys),
                InNames = !any || result.GetValue(_names),
                InData = !any || result.GetValue(_data),
                IsExact = result.GetValue(_exact),
                IsCaseSensitive = result.GetValue(_case),
            };
        }
    }
}
