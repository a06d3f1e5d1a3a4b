using System.CommandLine;
using OfflinePatch.Cli.Rendering;
using OfflinePatch.Windows.Jobs;

namespace OfflinePatch.Cli.Commands;

/// <summary><c>reg query TARGET [KEY]</c>: values and subkeys.</summary>
internal static class RegQueryCommand
{
    public static Command Create()
    {
        var edit = new EditArguments();
        var target = RegArguments.Target();
        var key = RegArguments.Key();
        var value = RegArguments.Value();
        var recursive = new Option<bool>("--recursive", "-s") { Description = "All keys below it too." };
        var command = new Command("query", "Shows the values and subkeys of a key.") { target, key, value, recursive };
        edit.AddTo(command, writes: false);
        command.SetGuardedAction((result, _) =>
        {
            using var registry = RegistryEdit.OpenToRead(result.GetRequiredValue(target), edit.Read(result));
            var name = result.GetValue(key) ?? "";
            var found = registry.Target.Require(name);
            if (result.GetValue(value) is { } wanted && !result.GetValue(recursive) && found.FindValue(wanted) is null)
            {
                throw new FileNotFoundException($"The key has no value '{wanted}'.");
            }

            using var output = Output.OpenBulk();
            RegistryView.Print(output, found, registry.Target.Locate(name).FullPath, result.GetValue(recursive), result.GetValue(value));
            return ExitCode.Done;
        });
        return command;
    }
}
