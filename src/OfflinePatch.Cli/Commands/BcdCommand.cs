using System.CommandLine;
using OfflinePatch.Cli.Registry;
using OfflinePatch.Cli.Rendering;
using OfflinePatch.Core;
using OfflinePatch.Registry.Bcd;

namespace OfflinePatch.Cli.Commands;

/// <summary><c>bcd TARGET</c>: a boot configuration store, as <c>bcdedit /enum all</c> shows it.</summary>
internal static class BcdCommand
{
    public static Command Create()
    {
        var target = RegArguments.Target();
        var command = new Command("bcd", "Shows the boot configuration store of an image, or a store file, as bcdedit /enum all does.") { target };
        command.SetGuardedAction((result, _) =>
        {
            using var registry = RegistryTarget.Open(result.GetRequiredValue(target), writable: false);
            var store = BcdStore.Open(registry is HiveFileTarget file ? file.Hive : registry.Locate(@"HKLM\BCD00000000").Hive);
            Console.Out.Write(PrintableText.EscapeLines(BcdText.Print(store)));
            foreach (var note in store.Notes)
            {
                Output.Message($"{note}");
            }

            return ExitCode.Done;
        });
        return command;
    }
}
