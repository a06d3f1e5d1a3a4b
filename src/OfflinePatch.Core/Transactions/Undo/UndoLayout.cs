namespace OfflinePatch.Core.Undo;

/// <summary>
/// The undo file, version 1. All integers little-endian.
/// A header of one sector, so that its state changes in one sector write; then, for each host file, a record, its path, and its ranges
/// each followed by the old bytes. The body is covered by a SHA-256 in the header, the header by a SHA-256 of its own.
/// </summary>
internal static class UndoLayout
{
    public const int HeaderSize = 512;
    public const uint Version = 1;
    public static ReadOnlySpan<byte> Magic => "OPUNDO\r\n"u8;

    /// <summary>Header fields.</summary>
    public static class Header
    {
        public const int Magic = 0x00;        // 8 bytes
        public const int Version = 0x08;      // u32, 1
        public const int State = 0x0C;        // u32: UndoState
        public const int BodyLength = 0x10;   // u64, bytes after the header
        public const int FileCount = 0x18;    // u32, 1..MaxFiles
        public const int Created = 0x20;      // u64, ticks of DateTime, UTC
        public const int BodyHash = 0x28;     // 32 bytes, SHA-256 of the body
        public const int HeaderHash = 0x1E0;  // 32 bytes, SHA-256 of bytes 0..0x1DF
    }

    /// <summary>One record per host file.</summary>
    public static class File
    {
        public const int OldLength = 0x00;    // u64
        public const int NewLength = 0x08;    // u64
        public const int OldWriteTime = 0x10; // u64, ticks of DateTime, UTC
        public const int RangeCount = 0x18;   // u32
        public const int PathLength = 0x1C;   // u32, bytes of UTF-8 that follow: a name in the image's folder
        public const int Size = 0x20;
    }

    /// <summary>One record per range, followed by the old bytes.</summary>
    public static class Range
    {
        public const int Offset = 0x00;       // u64
        public const int Length = 0x08;       // u32, bytes that the commit wrote, 0..FileChange.MaxRange; 0 where it cut the file
        public const int OldLength = 0x0C;    // u32, bytes that follow: fewer than Length where the file was shorter
        public const int NewHash = 0x10;      // 32 bytes, SHA-256 of what the commit wrote
        public const int Size = 0x30;
    }

    /// <summary>A split disk of 64 TiB in extents of 2 GiB.</summary>
    public const int MaxFiles = 32768;

    /// <summary>Longest path that a host allows, in UTF-8.</summary>
    public const int MaxPath = 65536;
}

/// <summary>Where a commit stands.</summary>
internal enum UndoState : uint
{
    /// <summary>The image may be half written: roll it back.</summary>
    Applying = 1,

    /// <summary>The image is completely written; the file is the way back.</summary>
    Complete = 2,
}
