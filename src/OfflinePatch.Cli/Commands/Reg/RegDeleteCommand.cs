using System.CommandLine;
using OfflinePatch.Cli.Help;
using OfflinePatch.Core;
using OfflinePatch.Windows.Jobs;
using static OfflinePatch.Cli.Help.CommonGuide;

namespace OfflinePatch.Cli.Commands.Reg;

/// <summary><c>reg delete TARGET KEY [-v NAME]</c>: a key with all below it, or one value.</summary>
internal static class RegDeleteCommand
{
    /// <summary>What help and manual say of the command.</summary>
    public static CommandGuide Guide => new(
        """
        Deletes a key with all below it; with -v one value of it.
        """,
        [new("A service that must not start:", "offlinepatch reg delete server.vmdk 'HKLM\\SYSTEM\\CurrentControlSet\\Services\\x'")],
        Writing)
    {
        Environment = [Clock],
        Files = [UndoFile],
        SeeAlso = ["reg set", "undo"],
    };

    public static Command Create()
    {
        var edit = new EditArguments();
        var target = RegArguments.Target();
        var key = RegArguments.Key(required: true);
        var value = RegArguments.Value();
        var defaultValue = RegArguments.DefaultValue();
        var allValues = new Option<bool>("--all-values", "/va") { Description = "All values of the key; its subkeys stay." };
        var force = RegArguments.Force();
        var command = new Command("delete", "Deletes a key with all below it, or with -v one value of it.")
        { target, key, value, defaultValue, allValues, force };
        edit.AddTo(command, writes: true);
        command.SetGuardedAction((result, cancellation) =>
        {
            var name = result.GetValue(defaultValue) ? "" : result.GetValue(value);
            if (name is not null && result.GetValue(allValues))
            {
                throw new UsageException("--all-values cannot be combined with the name of one value");
            }

            using var registry = RegistryEdit.Open(result.GetRequiredValue(target), edit.Read(result));
            var location = registry.Target.Locate(result.GetRequiredValue(key));
            if (result.GetValue(allValues))
            {
                var opened = registry.Target.Require(result.GetRequiredValue(key));
                foreach (var one in opened.Values.Select(v => v.Name).ToList())
                {
                    opened.DeleteValue(one);
                }
            }
            else if (!(name is not null
                    ? registry.Target.Require(result.GetRequiredValue(key)).DeleteValue(name)
                    : location.Hive.Root.DeleteSubKeyTree(location.Path)))
            {
                throw new UnsupportedImageException("REG-0901",
                    $"There is no {(name is not null ? $"value '{name}' in " : "key ")}{location.FullPath}.");
            }

            EditOutcome.Print(result, result.GetRequiredValue(target), registry.Commit(cancellation));
            return ExitCode.Done;
        });
        return command;
    }
}
