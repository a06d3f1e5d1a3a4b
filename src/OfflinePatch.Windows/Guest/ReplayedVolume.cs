using OfflinePatch.Core;
using OfflinePatch.Ntfs;
using OfflinePatch.Ntfs.Engine;
using OfflinePatch.Ntfs.LogState;
using OfflinePatch.Ntfs.Replay;
using OfflinePatch.Ntfs.Volume;

namespace OfflinePatch.Windows.Guest;

/// <summary>An NTFS volume that was opened after its log was replayed, where the user asked for that and the log needs it.</summary>
/// <param name="Volume">The volume.</param>
/// <param name="Note">What the replay did, or null.</param>
/// <param name="Refusal">Why the log could not be replayed, or null.</param>
internal sealed record ReplayedVolume(NtfsVolume Volume, string? Note, string? Refusal)
{
    /// <summary>
    /// Opens a volume. The replay changes the device, which is a transaction's view: it is committed or dropped with everything else.
    /// </summary>
    public static ReplayedVolume Open(BlockDevice device, NtfsOpenOptions options, bool replayLog)
    {
        var volume = NtfsVolume.Open(device, options);
        var state = volume.NtfsState;
        var isHibernated = state.Hibernation is not (HibernationState.None or HibernationState.Resumed);
        if (!replayLog || !device.CanWrite || isHibernated || state.LogFile is LogFileState.Clean or LogFileState.Empty)
        {
            return new ReplayedVolume(volume, Note: null, Refusal: null);
        }

        try
        {
            var result = LogReplayer.Replay(device, new LogReplayOptions { Force = options.ForceLogReplay });
            volume.Dispose();
            return new ReplayedVolume(
                NtfsVolume.Open(device, options),
                $"{options.Source}: $LogFile was replayed: {result.Records} records, {result.Redone} changes redone, "
                    + $"{result.Undone} undone.",
                Refusal: null);
        }
        catch (RefusedException e)
        {
            return new ReplayedVolume(volume, Note: null, $"$LogFile cannot be replayed: {e.Message}");
        }
    }
}
