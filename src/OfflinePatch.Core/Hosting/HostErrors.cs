namespace OfflinePatch.Core.Hosting;

/// <summary>What .NET throws when the host refuses an operation on a file.</summary>
internal static class HostErrors
{
    /// <summary>What EFBIG means.</summary>
    public const string TooLarge = "the file would be larger than its file system, or the limit of this process (ulimit -f), allows.";

    /// <summary>
    /// Whether an exception of a file operation comes from the host. All but those of this program itself do: .NET turns EPERM, EACCES and
    /// EBADF into <see cref="UnauthorizedAccessException"/>, EFBIG into <see cref="ArgumentOutOfRangeException"/>, ECANCELED into
    /// <see cref="OperationCanceledException"/>.
    /// </summary>
    public static bool IsOfHost(Exception e) =>
        e is not (ICodedError or ObjectDisposedException or NullReferenceException or OutOfMemoryException);

    /// <summary>The host's reason, as a user can understand it.</summary>
    public static string Reason(Exception e) => e switch
    {
        ArgumentOutOfRangeException => TooLarge,
        DirectoryNotFoundException => "its folder does not exist.",
        UnauthorizedAccessException => "permission denied.",
        PathTooLongException => "the path is too long for this host.",
        _ => WithoutPath(e.Message),
    };

    // .NET appends the path, which the message names already: "No space left on device : '/images/disk.raw'"
    private static string WithoutPath(string message)
    {
        var end = message.IndexOf(" : '", StringComparison.Ordinal);
        var text = end < 0 ? message : message[..end];
        return text.EndsWith('.') ? text : text + ".";
    }
}
