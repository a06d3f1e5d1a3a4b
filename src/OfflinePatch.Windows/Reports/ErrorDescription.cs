namespace OfflinePatch.Windows.Reports;

/// <summary>What raises an error code, and with it the exit status of a command that ends with it.</summary>
public enum ErrorKind
{
    /// <summary>The image, or a structure inside it, contradicts its own format. Exit status 2.</summary>
    Corrupt,

    /// <summary>Something well formed that is not handled. Exit status 2.</summary>
    Unsupported,

    /// <summary>A file that was named does not exist or cannot be opened. Exit status 2.</summary>
    Missing,

    /// <summary>The operation was refused before anything was written. Exit status 4.</summary>
    Refused,

    /// <summary>The host failed. Exit status 5.</summary>
    Host,

    /// <summary>A finding of a check (<c>fs check</c>, <c>reg check</c>). Exit status 3.</summary>
    Finding,

    /// <summary>A finding about a driver package. Exit status 3 where a rule of severity error needs the package.</summary>
    Driver,

    /// <summary>An error of the command line; its exit status is its own.</summary>
    Command,
}

/// <summary>An error code, explained.</summary>
/// <param name="Code"><c>NTFS-0107</c>.</param>
/// <param name="Area">What the code is about: <c>Commit and undo</c>.</param>
/// <param name="Kind">What raises it.</param>
/// <param name="ExitStatus">The exit status of a command that ends with it.</param>
/// <param name="Meaning">What it says, in one sentence.</param>
/// <param name="Cause">The usual cause.</param>
/// <param name="Remedy">What to do.</param>
public sealed record ErrorDescription(string Code, string Area, ErrorKind Kind, int ExitStatus, string Meaning, string Cause,
    string Remedy);
