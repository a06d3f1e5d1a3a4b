namespace OfflinePatch.Cli;

/// <summary>What the process returns. Several images: the highest.</summary>
internal static class ExitCode
{
    public const int Done = 0;
    public const int Usage = 1;
    public const int Unreadable = 2;
    public const int NotReady = 3;
    public const int Refused = 4;
    public const int HostFailure = 5;
    public const int Cancelled = 130;
}
