using OfflinePatch.Core;
using OfflinePatch.Ntfs.LogState;

namespace OfflinePatch.Ntfs.Replay;

/// <summary>Why a log is not replayed; codes <c>NTFS-5200</c> to <c>NTFS-5299</c>. Nothing was written.</summary>
internal static class LogError
{
    private const string Remedy =
        "Start the source machine once, let Windows replay its log, shut it down (without fast start-up) and export it again.";

    public static RefusedException State(LogFileState state) =>
        new("NTFS-5201", $"The log cannot be replayed in the state {state}.", Remedy);

    public static RefusedException Geometry(string problem) =>
        new("NTFS-5202", $"The log's restart page is not understood: {problem}.", Remedy);

    public static RefusedException Gap(ulong reached, ulong newest) =>
        new("NTFS-5203", $"The log is broken: it can be read up to LSN 0x{reached:X}, but holds records up to 0x{newest:X}.", Remedy);

    public static RefusedException Record(ulong lsn, string problem) =>
        new("NTFS-5204", $"The log record 0x{lsn:X} is not understood: {problem}.", Remedy);

    public static RefusedException Operation(ulong lsn, int operation) =>
        new("NTFS-5205", $"The log record 0x{lsn:X} has the operation 0x{operation:X2}, which is not known.", Remedy);

    public static RefusedException Target(ulong lsn, LogOperation operation, string problem) =>
        new("NTFS-5206", $"The log record 0x{lsn:X} ({operation}) does not fit the volume: {problem}.", Remedy);

    public static RefusedException Volume(string problem) => new("NTFS-5207", $"The log cannot be replayed: {problem}.", Remedy);

    public static RefusedException Unproven(ulong lsn, LogOperation operation) =>
        new("NTFS-5209", $"The log record 0x{lsn:X} asks for {operation}, which no log of a real volume has tested here.",
            Remedy + " Or allow it: --force-replay.");

    public static RefusedException Hibernated() =>
        new("NTFS-5208", "The machine is hibernated or was shut down by fast start-up: its memory is newer than the log.",
            "Start it, shut it down fully (shutdown /s /t 0) and export it again.");
}
