using System.CommandLine;
using OfflinePatch.Cli.Documents;
using OfflinePatch.Cli.Rendering;
using OfflinePatch.Core;
using OfflinePatch.Registry.Bcd;
using OfflinePatch.Windows.Jobs;

namespace OfflinePatch.Cli.Commands;

/// <summary><c>bcd TARGET</c>: a boot configuration store, as <c>bcdedit /enum all</c> shows it.</summary>
internal static class BcdCommand
{
    public static Command Create()
    {
        var edit = new EditArguments();
        var target = RegArguments.Target();
        var command = new Command("bcd", "Shows the boot configuration store of an image, or a store file, as bcdedit /enum all does.") { target };
        edit.AddTo(command, writes: false);
        command.SetGuardedAction((result, _) =>
        {
            using var registry = RegistryEdit.OpenToRead(result.GetRequiredValue(target), edit.Read(result));
            var store = BcdStore.Open(registry.Target.BootStore());
            if (GlobalOptions.WantsJson(result))
            {
                DocumentJson.Print(new BootStoreDocument(result.GetRequiredValue(target), [.. store.Objects.Select(Describe)], store.Notes));
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

    private static BootObjectReport Describe(BcdObject item) => new(
        item.Id.ToString("B"), item.Identifier, $"{item.Type:X8}", item.TypeName,
        [.. item.Elements.Select(e => new BootElementReport($"{e.Id:X8}", e.Name, [.. e.ToDisplayLines().Select(DocumentJson.Valid)]))]);
}
