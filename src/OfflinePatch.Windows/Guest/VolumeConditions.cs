using OfflinePatch.Ntfs;
using OfflinePatch.Ntfs.LogFile;

namespace OfflinePatch.Windows.Guest;

/// <summary>Puts the state of an NTFS volume into the words of <see cref="VolumeCondition"/> (ntfs.md §10 and §11, boot-network-accounts.md §5).</summary>
internal static class VolumeConditions
{
    /// <summary>The condition of a volume.</summary>
    /// <param name="state">What its metafiles say.</param>
    /// <param name="replayRefusal">Why its log could not be replayed, or null.</param>
    public static VolumeCondition Of(NtfsVolumeState state, string? replayRefusal = null) => new()
    {
        IsDirty = state.IsDirty,
        LogProblem = replayRefusal ?? state.LogFile switch
        {
            LogFileState.Clean or LogFileState.Empty => null,
            LogFileState.Unclean20FastStartupOrMounted =>
                "$LogFile has version 2.0: Windows still had the volume mounted (a snapshot of a running machine, a power loss, fast startup).",
            LogFileState.UncleanCrash => "$LogFile was not closed: the machine crashed, or the image was made while it ran.",
            LogFileState.UnknownVersion => "$LogFile has a version that is not known.",
            _ => "$LogFile has no valid restart page.",
        },
        HibernationProblem = state.Hibernation switch
        {
            HibernationState.Hibernated => "hiberfil.sys holds a hibernated system (or the kernel that fast startup left).",
            HibernationState.OnOtherDisk => "hiberfil.sys points to a hibernated system on another disk.",
            HibernationState.Unknown => "hiberfil.sys begins with an unknown signature.",
            _ => null,
        },
        HibernationNote = state.Hibernation == HibernationState.Resumed ? "hiberfil.sys was resumed already: nothing is waiting in it." : null,
        HasShadowCopies = state.HasShadowCopies,
    };
}
