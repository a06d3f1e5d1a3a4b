using System.CommandLine;
using OfflinePatch.Core;
using OfflinePatch.Windows.Jobs;

namespace OfflinePatch.Cli.Commands;

/// <summary><c>reg delete TARGET KEY [-v NAME]</c>: a key with all below it, or one value.</summary>
internal static class RegDeleteCommand
{
    public static Command Create()
    {
        var edit = new EditArguments();
        var target = RegArguments.Target();
        var key = RegArguments.Key(required: true);
        var value = RegArguments.Value();
        var command = new Command("delete", "Deletes a key with all below it, or with -v one value of it.") { target, key, value };
        edit.AddTo(command, writes: true);
        command.SetGuardedAction((result, cancellation) =>
        {
            using var registry = RegistryEdit.Open(result.GetRequiredValue(target), edit.Read(result));
            var location = registry.Target.Locate(result.GetRequiredValue(key));
            var deleted = result.GetValue(value) is { } name
                ? registry.Target.Require(result.GetRequiredValue(key)).DeleteValue(name)
                : location.Hive.Root.DeleteSubKeyTree(location.Path);
            if (!deleted)
            {
                throw new UnsupportedImageException("REG-0901", $"There is no {(result.GetValue(value) is { } v ? $"value '{v}' in " : "key ")}{location.FullPath}.");
            }

            RegOutcome.Print(result.GetRequiredValue(target), registry.Commit(cancellation));
            return ExitCode.Done;
        });
        return command;
    }
}
