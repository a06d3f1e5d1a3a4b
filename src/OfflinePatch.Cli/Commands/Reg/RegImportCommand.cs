using System.CommandLine;
using OfflinePatch.Cli.Help;
using OfflinePatch.Cli.Rendering;
using OfflinePatch.Core;
using OfflinePatch.Registry;
using OfflinePatch.Registry.RegText;
using OfflinePatch.Windows.Jobs;
using static OfflinePatch.Cli.Help.CommonGuide;

namespace OfflinePatch.Cli.Commands.Reg;

/// <summary><c>reg import TARGET FILE...</c>: applies .reg text.</summary>
internal static class RegImportCommand
{
    /// <summary>What help and manual say of the command.</summary>
    public static CommandGuide Guide => new(
        """
        Makes the changes of .reg files, deletions included: all of them or, when one line cannot be understood, none. Text of version 5
        and REGEDIT4; - reads standard input. What is already as the text leaves it in the end is not written.
        """,
        [new("What the administrators prepared:", "offlinepatch reg import server.vmdk harden.reg")],
        Writing)
    {
        Environment = [Clock],
        Files = [UndoFile],
        SeeAlso = ["reg export", "undo"],
    };

    private const int Limit = 512 * 1024 * 1024;

    public static Command Create()
    {
        var edit = new EditArguments();
        var target = RegArguments.Target();
        var files = new Argument<string[]>("FILE")
        {
            Description = ".reg text, version 5 (UTF-16 or UTF-8) or REGEDIT4; - is standard input.",
            Arity = ArgumentArity.OneOrMore,
        };
        var command = new Command("import", "Makes the changes of .reg files, all or none.") { target, files };
        edit.AddTo(command, writes: true);
        command.SetGuardedAction((result, cancellation) =>
        {
            var texts = result.GetRequiredValue(files)
                .Select(f => RegTextFile.Parse(f == "-" ? StandardInput.Read(Limit) : HostPaths.ReadSmallFile(f, Limit))).ToList();
            using var registry = RegistryEdit.Open(result.GetRequiredValue(target), edit.Read(result));
            var hives = texts.SelectMany(t => t.Sections)
                .Select(s => (Section: s, Location: registry.Target.LocateImport(s.Path)))
                .GroupBy(s => s.Location.Hive, s => s.Section with { Path = s.Location.Path });
            foreach (var hive in hives)
            {
                new RegTextFile([.. hive]).ApplyTo(hive.Key, path => path);
            }

            EditOutcome.Print(result, result.GetRequiredValue(target), registry.Commit(cancellation));
            return ExitCode.Done;
        });
        return command;
    }
}
