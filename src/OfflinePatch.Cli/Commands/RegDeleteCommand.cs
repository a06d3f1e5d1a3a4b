using System.CommandLine;
using OfflinePatch.Cli.Registry;

namespace OfflinePatch.Cli.Commands;

/// <summary><c>reg delete TARGET KEY [-v NAME]</c>: a key with all below it, or one value.</summary>
internal static class RegDeleteCommand
{
    public static Command Create()
    {
        var target = RegArguments.Target();
        var key = RegArguments.Key(required: true);
        var value = RegArguments.Value();
        var command = new Command("delete", "Deletes a key with all below it, or with -v one value of it.") { target, key, value };
        command.SetGuardedAction((result, cancellation) =>
        {
            using var registry = RegistryTarget.Open(result.GetRequiredValue(target), writable: true);
            var location = registry.Locate(result.GetRequiredValue(key));
            var deleted = result.GetValue(value) is { } name
                ? registry.Require(result.GetRequiredValue(key)).DeleteValue(name)
                : location.Hive.Root.DeleteSubKeyTree(location.Path);
            if (!deleted)
            {
                throw new FileNotFoundException($"There is no {(result.GetValue(value) is { } v ? $"value '{v}' in " : "key ")}{location.FullPath}.");
            }

            RegOutcome.Print(registry.Commit(cancellation));
            return ExitCode.Done;
        });
        return command;
    }
}
