namespace OfflinePatch.Ntfs.Layout;

/// <summary>Flags of a FILE record at 0x16.</summary>
[Flags]
internal enum FileRecordFlags : ushort
{
    /// <summary>Free.</summary>
    None = 0,

    /// <summary>In use.</summary>
    InUse = 1,

    /// <summary>Holds a $I30 index.</summary>
    Directory = 2,

    /// <summary>A file of $Extend.</summary>
    Extend = 4,

    /// <summary>Holds an index that is no directory ($Secure, $ObjId, $Quota, $Reparse).</summary>
    ViewIndex = 8,
}
