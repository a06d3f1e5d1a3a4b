using System.CommandLine;
using OfflinePatch.Core;

namespace OfflinePatch.Cli;

/// <summary>Runs a command's work, and turns its errors into a message with a remedy and an exit code.</summary>
internal static class CommandGuard
{
    /// <summary>Makes <paramref name="work"/> the action of a command.</summary>
    public static void SetGuardedAction(this Command command, Func<ParseResult, CancellationToken, int> work) =>
        command.SetAction((result, cancellation) => Task.FromResult(Run(() => work(result, cancellation))));

    /// <summary>Runs <paramref name="work"/>; an error of the library ends it with a message on stderr.</summary>
    public static int Run(Func<int> work)
    {
        try
        {
            return work();
        }
        catch (Exception e) when (ExitCodeOf(e) is { } code)
        {
            Print(e);
            return code;
        }
        catch (Exception e)
        {
            // A bug. Whatever was not committed is dropped, and a commit under way is rolled back by the next command.
            Console.Error.WriteLine($"offlinepatch: {InternalErrorText(e)}");
            Console.Error.WriteLine(e);
            return ExitCode.Unreadable;
        }
    }

    /// <summary>What a user is told about a bug.</summary>
    public static string InternalErrorText(Exception error) =>
        $"{InternalErrorCode}: an error of offlinepatch itself, which the image brought out: {error.GetType().Name}: {error.Message}";

    /// <summary>The code of a bug.</summary>
    public const string InternalErrorCode = "CLI-0004";

    /// <summary>The exit code of an error that a caller of the library may expect; null for a bug.</summary>
    public static int? ExitCodeOf(Exception error) => error switch
    {
        OperationCanceledException => ExitCode.Cancelled,
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
            Console.Error.WriteLine("offlinepatch: cancelled, nothing was changed");
            return;
        }

        Console.Error.WriteLine($"offlinepatch: {error.Message}");
        if (error is ICodedError { Remedy: { } remedy })
        {
            Console.Error.WriteLine($"  {remedy}");
        }
    }
}
