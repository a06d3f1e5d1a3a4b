using System.CommandLine;
using OfflinePatch.Cli.Commands.Reg;
using OfflinePatch.Cli.Documents;
using OfflinePatch.Cli.Help;
using OfflinePatch.Cli.Rendering;
using OfflinePatch.Core;
using OfflinePatch.Registry;
using OfflinePatch.Registry.Bcd;
using OfflinePatch.Windows.Jobs;
using static OfflinePatch.Cli.Help.CommonGuide;

namespace OfflinePatch.Cli.Commands;

/// <summary><c>bcd TARGET</c>: a boot configuration store, as <c>bcdedit /enum all</c> shows it.</summary>
internal static class BcdCommand
{
    /// <summary>What help and manual say of the command.</summary>
    public static CommandGuide Guide => new(
        """
        Shows a boot configuration store as `bcdedit /enum all` does on a running Windows: every object with its elements by name. Where
        bcdedit shows drive letters, this shows the ids of disk and partition, because only a running Windows knows letters.

        --set and --delete-value change an element by its name in bcdedit, in a transaction with an undo file; elements that name
        devices are not written. The options of bcdedit, /set, /deletevalue and /export, are taken too.
        """,
        [
            new("The store that starts the machine:", "offlinepatch bcd server.vmdk"),
            new("A store that was copied out:", "offlinepatch bcd ./BCD"),
            new("Into safe mode at the next start, as bcdedit /set does, and back:",
                "offlinepatch bcd server.vmdk --set '{default}' safeboot Minimal && offlinepatch bcd server.vmdk --delete-value "
                    + "'{default}' safeboot"),
            new("A copy of the store:", "offlinepatch bcd server.vmdk --export ./BCD"),
        ],
        [new(ExitCode.Done, "shown, or changed"), Usage, Unreadable, Refused, HostFailure, ResultLost, Cancelled])
    {
        SeeAlso = ["inspect", "reg query"],
    };

    public static Command Create()
    {
        var edit = new EditArguments();
        var target = RegArguments.Target();
        var set = ListOption("--set", "/set", "ID NAME VALUE...", 3,
            "Set an element: {default}, {bootmgr} or another identifier, its name in bcdedit, and the value. As one change, with an undo "
                + "file.");
        var delete = ListOption("--delete-value", "/deletevalue", "ID NAME", 2, "Delete an element of an object.");
        var export = new Option<string?>("--export", "/export")
        {
            Description = "Write the store into FILE, as a hive.",
            HelpName = "FILE",
        };
        var command = new Command("bcd",
            "Shows the boot configuration store of an image, or a store file, as bcdedit /enum all does; changes elements of it.")
        { target, set, delete, export };
        edit.AddTo(command, writes: true);
        command.Validators.Add(result =>
        {
            if (new Option[] { set, delete, export }.Count(o => result.GetResult(o) is { Implicit: false }) > 1)
            {
                result.AddError("Only one of --set, --delete-value and --export can be given.");
            }
        });
        command.SetGuardedAction((result, cancellation) =>
        {
            var path = result.GetRequiredValue(target);
            if (result.GetValue(set) is { Length: > 0 } setting)
            {
                return Change(result, path, edit, hive => BcdEditor.Set(hive, setting[0], setting[1], setting[2..]), cancellation);
            }

            if (result.GetValue(delete) is { Length: > 0 } deleting)
            {
                return Change(result, path, edit, hive => BcdEditor.Delete(hive, deleting[0], deleting[1]), cancellation);
            }

            if (result.GetValue(export) is { } file)
            {
                OutputPaths.Check("--export", file, overwrite: false);
            }

            using var registry = RegistryEdit.OpenToRead(result.GetRequiredValue(target), edit.Read(result));
            var store = BcdStore.Open(registry.Target.BootStore());
            if (result.GetValue(export) is { } copy)
            {
                using var output = new OutputFile(copy, overwrite: false, OutputAccess.Of(path));
                output.Write(0, registry.Target.BootStore().Image.Span);
                output.Complete();
                Output.HasChanged = true;
            }

            if (GlobalOptions.WantsJson(result))
            {
                DocumentJson.Print(new BootStoreDocument(result.GetRequiredValue(target), [.. store.Objects.Select(Describe)],
                    store.Notes));
                return ExitCode.Done;
            }

            if (result.GetValue(export) is { } written)
            {
                Output.Line($"{written}: the store, {store.Objects.Count} objects");
                return ExitCode.Done;
            }

            Console.Out.Write(PrintableText.EscapeLines(BcdText.Print(store)));
            foreach (var note in store.Notes)
            {
                Output.Note(note);
            }

            return ExitCode.Done;
        });
        return command;
    }

    private static Option<string[]> ListOption(string name, string alias, string form, int least, string text) => new(name, alias)
    {
        Description = text,
        HelpName = form,
        Arity = new ArgumentArity(least, least == 2 ? 2 : 64),
        AllowMultipleArgumentsPerToken = true,
    };

    private static int Change(ParseResult result, string path, EditArguments edit, Action<Hive> change, CancellationToken cancellation)
    {
        using var registry = RegistryEdit.Open(path, edit.Read(result));
        change(registry.Target.BootStore());
        EditOutcome.Print(result, path, registry.Commit(cancellation));
        return ExitCode.Done;
    }

    private static BootObjectReport Describe(BcdObject item) => new(
        item.Id.ToString("B"), item.Identifier, $"{item.Type:X8}", item.TypeName,
        [.. item.Elements.Select(e => new BootElementReport($"{e.Id:X8}", e.Name, [.. e.ToDisplayLines().Select(DocumentJson.Valid)]))]);
}
