using System.CommandLine;
using OfflinePatch.Cli.Documents;
using OfflinePatch.Cli.Help;
using OfflinePatch.Cli.Rendering;
using OfflinePatch.Cli.Shell;
using OfflinePatch.Cli.Words;
using OfflinePatch.Core;
using OfflinePatch.Windows.Jobs;
using static OfflinePatch.Cli.Help.CommonGuide;

namespace OfflinePatch.Cli.Commands;

/// <summary><c>shell IMAGE</c>: a prompt, or a script on standard input, over one transaction.</summary>
internal static class ShellCommand
{
    /// <summary>What help and manual say of the command.</summary>
    public static CommandGuide Guide => new(
        """
        Opens an image once, and takes commands for its files and its registry: at a prompt on a terminal, else from standard input.
        What they change is seen at once by the next command, and is written by `commit` as one transaction with one undo file; without
        it nothing is written. `help` lists the commands.

        In a script the first error ends it, and nothing is written; a line that begins with - may fail. # begins a comment. For
        example: cd Windows; put hosts.txt System32/drivers/etc/hosts; reg set HKLM\SOFTWARE\Moved When sz today; diff; commit, each on
        its line.
        """,
        [
            new("Look around:", "offlinepatch shell server.vmdk --read-only < /dev/null"),
            new("A script:", "offlinepatch shell server.vmdk < changes.txt"),
        ],
        [new(ExitCode.Done, "committed, or there was nothing to write"), Usage, Unreadable,
            new(ExitCode.Refused, "refused; or there were changes, and no commit"), HostFailure, Cancelled])
    {
        Environment = [Clock],
        Files = [UndoFile],
        SeeAlso = ["fs", "reg", "undo"],
    };

    private const int ScriptLimit = 16 * 1024 * 1024;

    public static Command Create()
    {
        var edit = new EditArguments();
        var image = CommonArguments.Image();
        var partition = TypedOption.Number("--partition", 1, int.MaxValue, "The partition to begin with; the Windows volume without it.");
        var readOnly = new Option<bool>("--read-only", "--ro")
        {
            Description = "Open the image to read it; commands that change it are refused.",
        };
        var command = new Command("shell",
            "A prompt for files and registry of an image, or a script on standard input: many commands, one transaction.")
        { image, partition, readOnly };
        edit.AddTo(command, writes: true);
        command.SetGuardedAction((result, cancellation) =>
        {
            var path = result.GetRequiredValue(image);
            var isWritable = !result.GetValue(readOnly);
            var options = edit.Read(result);
            using var opened = isWritable ? ImageEdit.Open(path, options) : ImageEdit.OpenToRead(path, options);
            var session = new ShellSession(opened, result.GetValue(partition), isWritable, OutputAccess.Of(path), cancellation);
            var isInteractive = !Console.IsInputRedirected;
            var code = isInteractive ? Interact(session, cancellation) : RunScript(session, cancellation);
            if (session.Written is { } written)
            {
                EditOutcome.Print(result, path, written);
            }
            else if (session.HasChanges)
            {
                Output.Message("the changes were not written: nothing was committed");
                Output.Remedy("End a script with `commit`.");
                code = code == ExitCode.Done ? ExitCode.Refused : code; // an error of the script says more
            }

            if (session.Written is null && GlobalOptions.WantsJson(result))
            {
                DocumentJson.Print(new EditDocument(CommandGuard.Command, path, Changed: false, 0, null));
            }

            return code;
        });
        return command;
    }

    /// <summary>
    /// Runs standard input line by line. The first error ends it, as with <c>sh -e</c>, unless the line begins with <c>-</c>, as in scripts
    /// of guestfish.
    /// </summary>
    private static int RunScript(ShellSession session, CancellationToken cancellation)
    {
        var number = 0;
        foreach (var line in System.Text.Encoding.UTF8.GetString(StandardInput.Read(ScriptLimit)).Split('\n').Select(l => l.TrimEnd('\r')))
        {
            cancellation.ThrowIfCancellationRequested();
            number++;
            var isTolerant = line.StartsWith('-');
            try
            {
                session.Run(isTolerant ? line[1..] : line);
            }
            catch (Exception e) when (e is not OperationCanceledException && CommandGuard.ExitCodeOf(e) is { } code)
            {
                Output.Message($"line {number}: {e.Message}");
                if (!isTolerant)
                {
                    return code;
                }
            }

            if (session.IsEnded)
            {
                break;
            }
        }

        return ExitCode.Done;
    }

    private static int Interact(ShellSession session, CancellationToken cancellation)
    {
        while (!session.IsEnded)
        {
            cancellation.ThrowIfCancellationRequested();
            Console.Error.Write(PrintableText.Escape(session.Prompt));
            if (Console.In.ReadLine() is not { } line)
            {
                Console.Error.WriteLine();
                break;
            }

            try
            {
                session.Run(line);
            }
            catch (Exception e) when (e is not OperationCanceledException && CommandGuard.ExitCodeOf(e) is not null)
            {
                Output.Message(e.Message, (e as ICodedError)?.Remedy);
            }
        }

        return ExitCode.Done;
    }
}
