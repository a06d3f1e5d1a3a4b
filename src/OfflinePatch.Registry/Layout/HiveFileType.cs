namespace OfflinePatch.Registry.Layout;

/// <summary>What follows a base block.</summary>
internal enum HiveFileType : uint
{
    /// <summary>The hive itself.</summary>
    Primary = 0,

    /// <summary>A log of dirty 512-byte pages (before Windows 8.1).</summary>
    DirtyPageLog = 1,

    /// <summary>The same, as Windows 2000 and older number it.</summary>
    DirtyPageLogOld = 2,

    /// <summary>A log of entries (Windows 8.1 and later).</summary>
    EntryLog = 6,
}
