using System.CommandLine;
using OfflinePatch.Cli.Registry;
using OfflinePatch.Cli.Rendering;
using OfflinePatch.Core;
using OfflinePatch.Registry;
using OfflinePatch.Registry.RegText;
using OfflinePatch.Windows.Jobs;

namespace OfflinePatch.Cli.Commands;

/// <summary><c>reg export TARGET [KEY]</c>: .reg text.</summary>
internal static class RegExportCommand
{
    public static Command Create()
    {
        var edit = new EditArguments();
        var target = RegArguments.Target();
        var key = RegArguments.Key();
        var output = RegArguments.Output();
        var encoding = RegArguments.Encoding();
        var command = new Command("export", "Writes a key with all below it as .reg text, version 5.") { target, key, output, encoding };
        edit.AddTo(command, writes: false);
        command.SetGuardedAction((result, _) =>
        {
            using var registry = RegistryEdit.OpenToRead(result.GetRequiredValue(target), edit.Read(result));
            var name = result.GetValue(key) ?? "";
            var found = registry.Target.Require(name);
            var path = registry.Target.Locate(name).FullPath;
            RegTextResult.Write(result.GetValue(output), result.GetValue(encoding), OutputAccess.Of(result.GetRequiredValue(target)), (stream, form) =>
            {
                RegTextWriter.Export(found, path, stream, form);
                return ExitCode.Done;
            });
            return ExitCode.Done;
        });
        return command;
    }
}

/// <summary>Where .reg text goes: stdout, or a file that appears whole or not at all.</summary>
internal static class RegTextResult
{
    public static int Write(string? path, string? encoding, OutputAccess? access, Func<Stream, RegTextEncoding, int> write)
    {
        var form = (encoding ?? (path is null ? "utf8" : "utf16")) == "utf8" ? RegTextEncoding.Utf8 : RegTextEncoding.Utf16;
        if (path is null)
        {
            using var stdout = Console.IsOutputRedirected ? Output.OpenStream() : new EscapingStream(Output.OpenStream());
            return write(stdout, form);
        }

        using var file = new OutputFile(path, overwrite: true, access);
        using var stream = new ResultStream(file);
        var code = write(stream, form);
        file.Complete();
        return code;
    }
}
