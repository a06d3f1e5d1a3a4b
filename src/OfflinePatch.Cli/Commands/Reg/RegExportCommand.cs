using System.CommandLine;
using OfflinePatch.Cli.Documents;
using OfflinePatch.Cli.Help;
using OfflinePatch.Cli.Registry;
using OfflinePatch.Cli.Rendering;
using OfflinePatch.Core;
using OfflinePatch.Registry;
using OfflinePatch.Registry.RegText;
using OfflinePatch.Windows.Jobs;
using static OfflinePatch.Cli.Help.CommonGuide;

namespace OfflinePatch.Cli.Commands.Reg;

/// <summary><c>reg export TARGET [KEY]</c>: .reg text.</summary>
internal static class RegExportCommand
{
    /// <summary>What help and manual say of the command.</summary>
    public static CommandGuide Guide => new(
        """
        Text that regedit and `reg import` read. To a file it is UTF-16 as regedit writes it; to standard output UTF-8.
        """,
        [new("All services, for a comparison:",
            "offlinepatch reg export server.vmdk 'HKLM\\SYSTEM\\CurrentControlSet\\Services' -o services.reg")],
        Reading)
    {
        SeeAlso = ["reg import", "reg diff"],
    };

    public static Command Create()
    {
        var edit = new EditArguments();
        var target = RegArguments.Target();
        var key = RegArguments.Key();
        var output = RegArguments.Output();
        var named = new Argument<string?>("FILE")
        {
            Description = "As --output, for those who are used to reg.exe.",
            Arity = ArgumentArity.ZeroOrOne,
        };
        var yes = new Option<bool>("--yes", "/y") { Description = "Accepted, as reg.exe has it: a file is replaced without asking." };
        var encoding = RegArguments.Encoding();
        var command = new Command("export", "Writes a key with all below it as .reg text, version 5.")
        { target, key, named, output, encoding, yes };
        edit.AddTo(command, writes: false);
        command.SetGuardedAction((result, _) =>
        {
            var file = result.GetValue(output) ?? result.GetValue(named);
            if (file is not null)
            {
                OutputPaths.Check("--output", file, overwrite: true);
            }

            using var registry = RegistryEdit.OpenToRead(result.GetRequiredValue(target), edit.Read(result));
            var name = result.GetValue(key) ?? "";
            var found = registry.Target.Require(name);
            var path = registry.Target.Locate(name).FullPath;
            return RegTextResult.Write(result, file, result.GetValue(encoding), OutputAccess.Of(result.GetRequiredValue(target)),
                (stream, form) =>
            {
                RegTextWriter.Export(found, path, stream, form);
                return null;
            });
        });
        return command;
    }
}

/// <summary>Where .reg text goes: stdout, a JSON document, or a file that appears whole or not at all.</summary>
internal static class RegTextResult
{
    /// <param name="result">The command line.</param>
    /// <param name="path">The file, or null.</param>
    /// <param name="encoding">What <c>--encoding</c> says, or null.</param>
    /// <param name="access">Who may read the file.</param>
    /// <param name="write">Writes the text, and returns how many differences it lists; null where it lists none.</param>
    /// <returns>The exit code: 3 where there are differences.</returns>
    public static int Write(ParseResult result, string? path, string? encoding, OutputAccess? access,
        Func<Stream, RegTextEncoding, int?> write)
    {
        var asJson = GlobalOptions.WantsJson(result);
        var form = (encoding ?? (path is null ? "utf8" : "utf16")) == "utf8" || (asJson && path is null)
            ? RegTextEncoding.Utf8
            : RegTextEncoding.Utf16;
        int? differences;
        string? text = null;
        if (path is not null)
        {
            using var file = new OutputFile(path, overwrite: true, access);
            using var stream = new ResultStream(file);
            differences = write(stream, form);
            file.Complete();
            Output.HasChanged = true;
        }
        else if (asJson)
        {
            using var memory = new MemoryStream();
            differences = write(memory, form);
            text = System.Text.Encoding.UTF8.GetString(memory.GetBuffer(), 0, (int)memory.Length).TrimStart('\uFEFF');
        }
        else
        {
            using var stdout = Console.IsOutputRedirected ? Output.OpenStream() : new EscapingStream(Output.OpenStream());
            differences = write(stdout, form);
        }

        if (asJson)
        {
            DocumentJson.Print(new RegistryTextDocument(CommandGuard.Command, path, text, differences));
        }

        return differences > 0 ? ExitCode.NotReady : ExitCode.Done;
    }
}
