using System.CommandLine;
using OfflinePatch.Cli.Rendering;
using OfflinePatch.Core;

namespace OfflinePatch.Cli;

/// <summary>Runs a command's work, and turns its errors into a message with a remedy and an exit code.</summary>
internal static class CommandGuard
{
    /// <summary>The code of a bug.</summary>
    public const string InternalErrorCode = "CLI-0004";

    private const string ResultLostCode = "CLI-0005";

    private static string _path = ""; // the words of the command that runs

    /// <summary>Makes <paramref name="work"/> the action of a command.</summary>
    public static void SetGuardedAction(this Command command, Func<ParseResult, CancellationToken, int> work) =>
        command.SetAction((result, cancellation) =>
        {
            _path = Words.UnknownWord.PathOf(result.CommandResult);
            return Task.FromResult(Run(() => work(result, cancellation)));
        });

    /// <summary>Runs <paramref name="work"/>; an error of the library ends it with a message on stderr.</summary>
    public static int Run(Func<int> work)
    {
        try
        {
            return work();
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
            Print(e);
            Console.Error.WriteLine($"Try: {(_path.Length == 0 ? "offlinepatch" : _path)} --help");
            return ExitCode.Usage;
        }
        catch (Exception e) when (ExitCodeOf(e) is { } code)
        {
            Print(e);
            return code;
        }
        catch (Exception e)
        {
            // A bug. Whatever was not committed is dropped, and a commit under way is rolled back by the next command.
            Output.Message(InternalErrorText(e));
            Output.Remedy("Please report it, with the image if you can. OFFLINEPATCH_TRACE=1 shows where it happened.");
            if (Environment.GetEnvironmentVariable("OFFLINEPATCH_TRACE") is { Length: > 0 })
            {
                Console.Error.WriteLine(PrintableText.EscapeLines(e.ToString()));
            }

            return ExitCode.Unreadable;
        }
    }

    /// <summary>What a user is told about a bug.</summary>
    public static string InternalErrorText(Exception error) =>
        $"{InternalErrorCode}: an error of offlinepatch itself, which the image brought out: {error.GetType().Name}: {error.Message}";

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

    private static void Print(Exception error)
    {
        if (error is OperationCanceledException)
        {
            Output.Message("cancelled; no image was changed");
            return;
        }

        Output.Message(error.Message);
        if (error is ICodedError { Remedy: { } remedy })
        {
            Output.Remedy(remedy);
        }
    }
}

/// <summary>The command line asks for something that cannot be done; found out before any image was opened, and told as such.</summary>
/// <param name="message">What is wrong with it.</param>
/// <param name="remedy">What to write instead, or null.</param>
internal sealed class UsageException(string message, string? remedy = null) : Exception(message), ICodedError
{
    /// <inheritdoc/>
    public string Code => "CLI-0006";

    /// <inheritdoc/>
    public string? Remedy => remedy;
}
