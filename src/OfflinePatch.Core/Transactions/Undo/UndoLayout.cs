namespace OfflinePatch.Core.Undo;

/// <summary>
/// The undo file, version 2. All integers little-endian.
/// A header of one sector, so that its state changes in one sector write; then, for each host file, a record, its path, and its ranges
/// each followed by the old bytes, unless these were zeros. The body is covered by a hash in the header, the header by a hash of its own.
/// All hashes are XXH3, 128 bits: they find accidents, and whoever can write an undo file can write the image beside it as well.
/// </summary>
internal static class UndoLayout
{
    public const int HeaderSize = 512;
    public const uint Version = 2;
    public static ReadOnlySpan<byte> Magic => "OPUNDO\r\n"u8;

    /// <summary>Header fields.</summary>
    public static class Header
    {
        public const int Magic = 0x00;        // 8 bytes
        public const int Version = 0x08;      // u32, 2
        public const int State = 0x0C;        // u32: UndoState
        public const int BodyLength = 0x10;   // u64, bytes after the header
        public const int FileCount = 0x18;    // u32, 1..MaxFiles
        public const int Created = 0x20;      // u64, ticks of DateTime, UTC
        public const int BodyHash = 0x28;     // 16 bytes, hash of the body
        public const int HeaderHash = 0x1E0;  // 16 bytes, hash of bytes 0..0x1DF
    }

    /// <summary>One record per host file.</summary>
    public static class File
    {
        public const int OldLength = 0x00;    // u64
        public const int NewLength = 0x08;    // u64
        public const int OldWriteTime = 0x10; // u64, ticks of DateTime, UTC
        public const int RangeCount = 0x18;   // u32
        public const int PathLength = 0x1C;   // u32, bytes of UTF-8 that follow: a name in the image's folder
        public const int Samples = 0x20;      // 16 bytes, hash of blocks that the commit leaves alone: ImageSamples
        public const int Size = 0x30;
    }

    /// <summary>One record per range, followed by the old bytes.</summary>
    public static class Range
    {
        public const int Offset = 0x00;       // u64
        public const int Length = 0x08;       // u32, bytes that the commit wrote, 0..FileChange.MaxRange; 0 where it cut the file
        public const int OldLength = 0x0C;    // u32, bytes that were there: fewer than Length where the file was shorter
        public const int OldIsZero = 0x10;    // u32: 1 where these were all zeros, and do not follow
        public const int NewHash = 0x18;      // 16 bytes, hash of what the commit wrote
        public const int Size = 0x28;
    }

    /// <summary>Bytes of a hash.</summary>
    public const int HashSize = 16;

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
