namespace OfflinePatch.Cli;

/// <summary>What the process returns. Several images: the highest.</summary>
internal static class ExitCode
{
    public const int Done = 0;
    public const int Usage = 1;
    public const int Unreadable = 2;
    public const int NotReady = 3;
    public const int Refused = 4;

    /// <summary>
    /// The host failed; the image is unchanged, or was rolled back, or the error says that it could not be (CORE-0021, CORE-0049).
    /// </summary>
    public const int HostFailure = 5;

    /// <summary>
    /// The work was done, and the image is changed; the result could not be written to standard output, or to the file of --report.
    /// </summary>
    public const int ResultLost = 6;

    public const int Cancelled = 130;
}
