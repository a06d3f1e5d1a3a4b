using System.CommandLine;
using OfflinePatch.Cli.Commands;
using OfflinePatch.Cli.Documents;
using OfflinePatch.Cli.Rendering;
using OfflinePatch.Core;
using OfflinePatch.Windows.Reports;

namespace OfflinePatch.Cli;

/// <summary>Runs a command's work, and turns its errors into a message with a remedy and an exit code.</summary>
internal static class CommandGuard
{
    /// <summary>The code of a bug.</summary>
    public const string InternalErrorCode = "CLI-0004";

    /// <summary>The code of a cancellation.</summary>
    public const string CancelledCode = "CLI-0001";

    /// <summary>The code of an error that the host reported and that has no code of its own.</summary>
    public const string HostErrorCode = "CLI-0002";

    /// <summary>What is reported on a cancellation.</summary>
    public const string CancelledText = "cancelled; no image was changed";

    private const string ResultLostCode = "CLI-0005";

    /// <summary>The words of the command that runs, without the program's name.</summary>
    public static string Command { get; set; } = "";

    /// <summary>Whether the command that runs is to print JSON.</summary>
    public static bool WantsJson { get; set; }

    /// <summary>Makes <paramref name="work"/> the action of a command.</summary>
    public static void SetGuardedAction(this Command command, Func<ParseResult, CancellationToken, int> work) =>
        command.SetAction((result, cancellation) => Task.FromResult(Run(() =>
        {
            GlobalOptions.Apply(result);
            return work(result, cancellation);
        })));

    /// <summary>Runs <paramref name="work"/>; an error of the library ends it with a message on stderr.</summary>
    public static int Run(Func<int> work)
    {
        try
        {
            return work();
        }
        catch (ReaderGoneException)
        {
            return ExitCode.Done;
        }
        catch (ResultLostException e)
        {
            Output.Message($"{ResultLostCode}: {e.Message}");
            Output.Remedy(Output.HasChanged
                ? "The command has done its work, and what it changed stays changed; only its result was not shown."
                : "Nothing was changed.");
            return Output.HasChanged ? ExitCode.ResultLost : ExitCode.HostFailure;
        }
        catch (UsageException e)
        {
            Print(e, ExitCode.Usage);
            PrintHint();
            return ExitCode.Usage;
        }
        catch (Exception e) when (ExitCodeOf(e) is { } code)
        {
            Print(e, code);
            return code;
        }
        catch (Exception e)
        {
            // A bug. Whatever was not committed is dropped, and a commit under way is rolled back by the next command.
            Output.Message(InternalErrorText(e));
            Output.Remedy(InternalErrorRemedy + " OFFLINEPATCH_TRACE=1 shows where it happened.");
            if (Environment.GetEnvironmentVariable("OFFLINEPATCH_TRACE") is { Length: > 0 })
            {
                Console.Error.WriteLine(PrintableText.EscapeLines(e.ToString()));
            }

            PrintDocument(new ErrorReport(InternalErrorCode, InternalErrorText(e), InternalErrorRemedy), ExitCode.Unreadable);
            return ExitCode.Unreadable;
        }
    }

    /// <summary>Says where the words of the command are explained.</summary>
    public static void PrintHint() => Console.Error.WriteLine($"Try: offlinepatch {(Command.Length == 0 ? "" : Command + " ")}--help");

    /// <summary>Prints an error as the document that a script waits for, unless there is one already.</summary>
    public static void PrintDocument(ErrorReport error, int exitCode)
    {
        if (WantsJson && !Output.HasDocument)
        {
            DocumentJson.Print(new ErrorDocument(Command, error, exitCode));
        }
    }

    /// <summary>What a user can do about a bug.</summary>
    public const string InternalErrorRemedy = "Please report it, with the image if you can.";

    /// <summary>What is reported about a bug.</summary>
    public static string InternalErrorText(Exception error) =>
        $"{InternalErrorCode}: internal error while processing the image: {error.GetType().Name}: {error.Message}";

    /// <summary>The exit code of an error that a caller of the library may expect; null for a bug.</summary>
    public static int? ExitCodeOf(Exception error) => error switch
    {
        OperationCanceledException => ExitCode.Cancelled,
        UsageException => ExitCode.Usage,
        CorruptImageException or UnsupportedImageException => ExitCode.Unreadable,
        RefusedException => ExitCode.Refused,
        HostIOException { IsMissing: true } or FileNotFoundException => ExitCode.Unreadable,
        IOException or UnauthorizedAccessException => ExitCode.HostFailure,
        _ => null,
    };

    /// <summary>An error in the form that documents have.</summary>
    public static ErrorReport Describe(Exception error) => error is OperationCanceledException
        ? new ErrorReport(CancelledCode, CancelledText)
        : new ErrorReport((error as ICodedError)?.Code ?? HostErrorCode, error.Message, (error as ICodedError)?.Remedy);

    private static void Print(Exception error, int exitCode)
    {
        var report = Describe(error);
        Output.Message(report.Message, report.Remedy);
        PrintDocument(report, exitCode);
    }
}

/// <summary>The command line asks for something that cannot be done; found before any image was opened, and reported as such.</summary>
/// <param name="message">What is wrong with it.</param>
/// <param name="remedy">What to write instead, or null.</param>
internal sealed class UsageException(string message, string? remedy = null) : Exception(message), ICodedError
{
    /// <summary>Its code, whatever the mistake is.</summary>
    public const string ErrorCode = "CLI-0006";

    /// <inheritdoc/>
    public string Code => ErrorCode;

    /// <inheritdoc/>
    public string? Remedy => remedy;
}
