using System.CommandLine;
using OfflinePatch.Cli.Registry;
using OfflinePatch.Cli.Rendering;
using OfflinePatch.Windows.Jobs;

namespace OfflinePatch.Cli.Commands;

/// <summary><c>reg set TARGET KEY -v NAME -t TYPE -d DATA</c>: one value; without <c>-v</c> only the key.</summary>
internal static class RegSetCommand
{
    public static Command Create()
    {
        var edit = new EditArguments();
        var target = RegArguments.Target();
        var key = RegArguments.Key(required: true);
        var value = RegArguments.Value();
        var type = new Option<string>("--type", "-t") { Description = "The type of the value.", DefaultValueFactory = _ => "sz" };
        type.AcceptOnlyFromAmong(ValueArgument.Types);
        var data = new Option<string>("--data", "-d")
        {
            Description = @"The data: text; numbers, decimal or 0x…; bytes in hexadecimal; the texts of multi separated by \0.",
            DefaultValueFactory = _ => "",
        };
        var command = new Command("set", "Creates or changes a value, and the keys above it that are missing.") { target, key, value, type, data };
        edit.AddTo(command, writes: true);
        command.SetGuardedAction((result, cancellation) =>
        {
            if (ValueArgument.Parse(result.GetValue(type)!, result.GetValue(data)!) is not { } content)
            {
                throw new UsageException($"'{result.GetValue(data)}' is no {result.GetValue(type)} data");
            }

            using var registry = RegistryEdit.Open(result.GetRequiredValue(target), edit.Read(result));
            var location = registry.Target.Locate(result.GetRequiredValue(key));
            var opened = location.Hive.Create(location.Path);
            if (result.GetValue(value) is { } name)
            {
                opened.SetValue(name, content.Type, content.Data);
            }

            RegOutcome.Print(result.GetRequiredValue(target), registry.Commit(cancellation));
            return ExitCode.Done;
        });
        return command;
    }
}
