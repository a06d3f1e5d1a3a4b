namespace OfflinePatch.Core.Transactions.Undo;

/// <summary>
/// The undo file of one step, version 3. All integers are little-endian. A header of one sector, so that one sector write changes its
/// state; a body (one record per host file with its ranges, then what the change was based on); and, once the step is complete, a tail with
/// the times of the files. The header holds hashes of body and tail, and a code keyed with a secret of the user who wrote it.
/// </summary>
internal static class StepLayout
{
    public const uint Version = 3;

    public static ReadOnlySpan<byte> Magic => "OPUNDO\r\n"u8;

    /// <summary>The first 512 bytes.</summary>
    public static class Header
    {
        public const int Magic = 0x00;       // 8 bytes
        public const int Version = 0x08;     // u32, 3
        public const int State = 0x0C;       // u32: StepState
        public const int BodyLength = 0x10;  // u64, bytes after the header
        public const int FileCount = 0x18;   // u32, 1..MaxFiles; the first file is the one that was named
        public const int Number = 0x1C;      // u32, 1..MaxNumber: place in the history of the image
        public const int Created = 0x20;     // u64, ticks of DateTime, UTC
        public const int IsKeyed = 0x28;     // u32, 1 where Code is set
        public const int TailLength = 0x2C;  // u32, bytes after the body; 0 until the step is complete
        public const int BodyHash = 0x30;    // 32 bytes, SHA-256
        public const int TailHash = 0x50;    // 32 bytes, SHA-256
        public const int LabelLength = 0x70; // u32, 0..MaxLabel
        public const int Label = 0x74;       // UTF-8, the command that made the change
        public const int Code = 0x1C0;       // 32 bytes, HMAC-SHA256 of bytes 0..0x1BF
        public const int Hash = 0x1E0;       // 16 bytes, XXH3-128 of bytes 0..0x1DF: finds accidents without the secret
        public const int Size = 0x200;
    }

    /// <summary>One record per host file, followed by its name and its ranges.</summary>
    public static class File
    {
        public const int OldLength = 0x00;        // u64, bytes before the change
        public const int NewLength = 0x08;        // u64, bytes after it
        public const int WriteSeconds = 0x10;     // s64, last write before the change, seconds since 1970
        public const int WriteNanoseconds = 0x18; // u32
        public const int RangeCount = 0x1C;       // u32
        public const int Device = 0x20;           // u64
        public const int Inode = 0x28;            // u64, 0 where the host has none
        public const int BirthSeconds = 0x30;     // s64
        public const int BirthNanoseconds = 0x38; // u32
        public const int HasBirth = 0x3C;         // u32, 0 or 1
        public const int NameLength = 0x40;       // u32, bytes of UTF-8 that follow: a name in the folder of the image
        public const int Size = 0x48;
    }

    /// <summary>One record per range, followed by a hash of each sector that the change writes, then by the old bytes.</summary>
    public static class Range
    {
        public const int Offset = 0x00;    // u64
        public const int NewLength = 0x08; // u32, bytes that the change writes, 0..HostFileChange.MaxRange; 0 where it cuts the file
        public const int OldLength = 0x0C; // u32, bytes that were there: fewer than NewLength where the file was shorter
        public const int OldKind = 0x10;   // u32: OldBytesKind; the old bytes follow only where they are stored
        public const int Size = 0x18;
    }

    /// <summary>
    /// After the files, one record per file: parts of the file that the change was based on and does not write, followed by their places.
    /// </summary>
    public static class ReadSet
    {
        public const int RunCount = 0x00; // u32
        public const int Hash = 0x08;     // 16 bytes, XXH3-128 of the parts, in order
        public const int Size = 0x18;

        /// <summary>Bytes of one place: u64 offset, u32 length, 4 unused.</summary>
        public const int RunSize = 0x10;
    }

    /// <summary>One record per file, in their order.</summary>
    public static class Tail
    {
        public const int WriteSeconds = 0x00;     // s64, last write after the change
        public const int WriteNanoseconds = 0x08; // u32
        public const int Size = 0x10;
    }

    /// <summary>Smallest unit that a disk writes as a whole. A power failure leaves each sector old or new.</summary>
    public const int SectorSize = 512;

    /// <summary>Bytes of the hash of a sector: XXH3, 64 bits.</summary>
    public const int SectorHashSize = 8;

    public const int HashSize = 32;

    public const int ShortHashSize = 16;

    /// <summary>A split disk of 64 TiB in extents of 2 GiB.</summary>
    public const int MaxFiles = 32768;

    /// <summary>Longest name that a host allows, in UTF-8.</summary>
    public const int MaxName = 4096;

    /// <summary>16 GiB of scattered blocks of 4 KiB. Bounds the memory that an undo file takes when it is read.</summary>
    public const int MaxRanges = 4 * 1024 * 1024;

    public const int MaxLabel = 256;

    /// <summary>Steps of one image.</summary>
    public const int MaxNumber = 999_999;
}

/// <summary>How far a step is.</summary>
internal enum StepState : uint
{
    /// <summary>The files may be half written, forwards or backwards: they must be rolled back to their old bytes.</summary>
    Applying = 1,

    /// <summary>The change is completely written; the file can undo it.</summary>
    Complete = 2,

    /// <summary>The files hold their old bytes again; the file is about to be deleted and has no meaning any more.</summary>
    Restored = 3,
}

/// <summary>Where the old bytes of a range are.</summary>
internal enum OldBytesKind : uint
{
    /// <summary>In the undo file.</summary>
    Stored = 0,

    /// <summary>They were zeros.</summary>
    Zero = 1,

    /// <summary>There was a hole: they read as zeros, and took no room.</summary>
    Hole = 2,
}
