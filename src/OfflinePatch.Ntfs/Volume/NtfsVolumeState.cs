using OfflinePatch.Core;
using OfflinePatch.Ntfs.LogState;
using OfflinePatch.Ntfs.Replay;

namespace OfflinePatch.Ntfs.Volume;

/// <summary>What hiberfil.sys says. Source: ntfs-3g, which checks the same words (facts).</summary>
public enum HibernationState
{
    /// <summary>No hiberfil.sys, or one that was never used.</summary>
    None,

    /// <summary>A hibernated system, or the kernel that fast start-up left: its memory knows this volume's metadata.</summary>
    Hibernated,

    /// <summary>The machine was resumed from it: nothing is pending.</summary>
    Resumed,

    /// <summary>The hibernated system is on another disk.</summary>
    OnOtherDisk,

    /// <summary>Unknown words.</summary>
    Unknown,
}

/// <summary>The condition of a volume, for the gates. Reading is allowed in any.</summary>
public sealed record NtfsVolumeState
{
    /// <summary>Windows runs chkdsk at its next start.</summary>
    public required bool IsDirty { get; init; }

    /// <summary>Flags of $VOLUME_INFORMATION.</summary>
    public required int VolumeFlags { get; init; }

    /// <summary>What $LogFile says.</summary>
    public required LogFileState LogFile { get; init; }

    /// <summary>What hiberfil.sys in the root says.</summary>
    public required HibernationState Hibernation { get; init; }

    /// <summary>NTFS version: 3.1 since Windows XP.</summary>
    public required int MajorVersion { get; init; }

    /// <summary>Minor version.</summary>
    public required int MinorVersion { get; init; }

    /// <summary>The label.</summary>
    public required string Label { get; init; }

    /// <summary>Serial number.</summary>
    public required ulong SerialNumber { get; init; }

    /// <summary>Whether shadow copies exist: they become inconsistent where the volume is written.</summary>
    public required bool HasShadowCopies { get; init; }

    /// <summary>The state in the terms that all file systems share.</summary>
    public VolumeState Summary => new()
    {
        IsDirty = IsDirty,
        LogProblem = LogFile switch
        {
            LogFileState.Clean or LogFileState.Empty => null,
            LogFileState.Unclean20FastStartupOrMounted =>
                "$LogFile has version 2.0: Windows still had the volume mounted "
                + "(a snapshot of a running machine, a power loss, fast startup).",
            LogFileState.UncleanCrash => "$LogFile was not closed: the machine crashed, or the image was made while it ran.",
            LogFileState.UnknownVersion => "$LogFile has a version that is not known.",
            _ => "$LogFile has no valid restart page.",
        },
        HibernationProblem = Hibernation switch
        {
            HibernationState.Hibernated => "hiberfil.sys holds a hibernated system (or the kernel that fast startup left).",
            HibernationState.OnOtherDisk => "hiberfil.sys points to a hibernated system on another disk.",
            HibernationState.Unknown => "hiberfil.sys begins with an unknown signature.",
            _ => null,
        },
        HibernationNote = Hibernation == HibernationState.Resumed ? "hiberfil.sys was resumed already: nothing is pending in it." : null,
        HasShadowCopies = HasShadowCopies,
    };
}
