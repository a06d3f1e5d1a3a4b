namespace OfflinePatch.Ntfs.LogState;

/// <summary>What $LogFile says about the volume. Source: Linux-NTFS documentation, $LogFile.</summary>
public enum LogFileState
{
    /// <summary>Closed cleanly, version 1.x: the metadata on disk is complete.</summary>
    Clean,

    /// <summary>Filled with FF, as after a format, chkdsk or ntfs-3g: nothing to replay.</summary>
    Empty,

    /// <summary>
    /// Version 2.0: Windows 8 or later had the volume mounted when the image was made (a running machine's snapshot, a power loss), or it
    /// was left by fast start-up or hibernation. The state of hiberfil.sys tells which.
    /// </summary>
    Unclean20FastStartupOrMounted,

    /// <summary>Version 1.x and not closed: the machine crashed, or a snapshot was taken while it ran.</summary>
    UncleanCrash,

    /// <summary>A version that is not known.</summary>
    UnknownVersion,

    /// <summary>Neither empty nor with a valid restart page.</summary>
    Damaged,
}
