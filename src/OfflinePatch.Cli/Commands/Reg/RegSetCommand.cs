using System.CommandLine;
using OfflinePatch.Cli.Help;
using OfflinePatch.Cli.Registry;
using OfflinePatch.Cli.Rendering;
using OfflinePatch.Windows.Jobs;
using static OfflinePatch.Cli.Help.CommonGuide;

namespace OfflinePatch.Cli.Commands.Reg;

/// <summary><c>reg set TARGET KEY -v NAME -t TYPE -d DATA</c>: one value; without <c>-v</c> only the key.</summary>
internal static class RegSetCommand
{
    /// <summary>What help and manual say of the command.</summary>
    public static CommandGuide Guide => new(
        """
        Creates a value or changes it, with the keys above it. Without -v only the key is created. A value that is already so is not
        written. It is `reg add` too, with the options of reg.exe: /v NAME or /ve, /t REG_DWORD, /d DATA, /s SEPARATOR, /f.
        """,
        [
            new("As on Windows:",
                "offlinepatch reg add server.vmdk 'HKLM\\SYSTEM\\CurrentControlSet\\Services\\x' /v Start /t REG_DWORD /d 4 /f"),
            new("A number:", "offlinepatch reg set server.vmdk 'HKLM\\SYSTEM\\CurrentControlSet\\Services\\x' -v Start -t dword -d 4"),
            new("Several texts:", "offlinepatch reg set ./SYSTEM 'ControlSet001\\Control\\X' -v List -t multi -d 'one\\0two'"),
        ],
        Writing)
    {
        Environment = [Clock],
        Files = [UndoFile],
        SeeAlso = ["reg delete", "undo"],
    };

    public static Command Create()
    {
        var edit = new EditArguments();
        var target = RegArguments.Target();
        var key = RegArguments.Key(required: true);
        var value = RegArguments.Value();
        var defaultValue = RegArguments.DefaultValue();
        var type = new Option<string>("--type", "-t", "/t")
        {
            Description = "The type of the value; REG_SZ, REG_DWORD… too.",
            DefaultValueFactory = _ => "sz",
            HelpName = string.Join('|', ValueArgument.Types),
        };
        type.CompletionSources.Add(ValueArgument.Types);
        var force = RegArguments.Force();
        var separator = new Option<string>("--separator", "/s")
        {
            Description = @"What separates the texts of multi in --data.",
            HelpName = "TEXT",
            DefaultValueFactory = _ => @"\0",
        };
        var data = new Option<string>("--data", "-d", "/d")
        {
            Description = @"The data: text; numbers, decimal or 0x…; bytes in hexadecimal; the texts of multi separated by \0.",
            DefaultValueFactory = _ => "",
        };
        var command = new Command("set", "Creates or changes a value, and the keys above it that are missing.")
        { target, key, value, defaultValue, type, data, separator, force };
        command.Aliases.Add("add");
        edit.AddTo(command, writes: true);
        command.SetGuardedAction((result, cancellation) =>
        {
            var kind = ValueArgument.TypeOf(result.GetValue(type)!)
                ?? throw new UsageException($"--type {result.GetValue(type)}: there is no such type; one of "
                    + $"{string.Join(", ", ValueArgument.Types)}, or as reg.exe names it, such as REG_DWORD");
            if (ValueArgument.Parse(kind, result.GetValue(data)!, result.GetValue(separator)!) is not { } content)
            {
                throw new UsageException($"'{result.GetValue(data)}' is not {result.GetValue(type)} data");
            }

            var name = result.GetValue(defaultValue) ? "" : result.GetValue(value);
            if (name is null && (result.GetResult(data) is { Implicit: false } || result.GetResult(type) is { Implicit: false }))
            {
                throw new UsageException("--type and --data belong to a value; name it with --value, or say --default-value");
            }

            using var registry = RegistryEdit.Open(result.GetRequiredValue(target), edit.Read(result));
            var location = registry.Target.Locate(result.GetRequiredValue(key));
            var opened = location.Hive.Create(location.Path);
            if (name is not null)
            {
                opened.SetValue(name, content.Type, content.Data);
            }

            EditOutcome.Print(result, result.GetRequiredValue(target), registry.Commit(cancellation));
            return ExitCode.Done;
        });
        return command;
    }
}
