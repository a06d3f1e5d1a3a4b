namespace OfflinePatch.Disks.Ewf;

/// <summary>
/// Structures of EWF (Expert Witness Compression Format, E01). Source: libyal libewf, "Expert Witness Compression Format (EWF)".
/// Little-endian.
/// </summary>
internal static class EwfLayout
{
    /// <summary>The first bytes of a segment file.</summary>
    public static ReadOnlySpan<byte> Signature => [(byte)'E', (byte)'V', (byte)'F', 0x09, 0x0D, 0x0A, 0xFF, 0x00];

    /// <summary>The first bytes of a segment of version 2 (Ex01), which is another format.</summary>
    public static ReadOnlySpan<byte> Signature2 => [(byte)'E', (byte)'V', (byte)'F', (byte)'2', 0x0D, 0x0A, 0x81, 0x00];

    /// <summary>Start of a segment file.</summary>
    public static class FileHeader
    {
        public const int SegmentNumber = 0x09; // u16: from 1 on
        public const int Size = 0x0D;
    }

    /// <summary>Start of a section.</summary>
    public static class Section
    {
        public const int Type = 0x00; // char[16]: volume, disk, sectors, table, table2, next, done, …
        public const int Next = 0x10; // u64: file offset of the next section
        public const int Length = 0x18; // u64: bytes with this header
        public const int Checksum = 0x48; // u32: Adler-32 of what stands before it
        public const int Size = 0x4C;
    }

    /// <summary>The volume (or disk) section after its header.</summary>
    public static class Volume
    {
        public const int ChunkCount = 0x04; // u32
        public const int SectorsPerChunk = 0x08; // u32
        public const int BytesPerSector = 0x0C; // u32
        public const int SectorCount = 0x10; // u64; u32 in SMART's variant of 94 bytes
        public const int SmartSize = 94;
        public const int Size = 0x18; // what is read
    }

    /// <summary>A table section after its header.</summary>
    public static class Table
    {
        public const int EntryCount = 0x00; // u32
        public const int BaseOffset = 0x08; // u64: what entries are relative to
        public const int Checksum = 0x14; // u32: Adler-32 of what stands before it
        public const int Entries = 0x18; // u32 each: bit 31 compressed, else the offset of a chunk
    }

    public const uint EntryCompressed = 0x80000000;

    public const int MaxChunkBytes = 16 * 1024 * 1024; // 32 KiB in practice
    public const int MaxTableEntries = 1024 * 1024; // 65,534 in practice
    public const int MaxSections = 1024 * 1024;
    public const int MaxSegments = 14_971; // E01 to E99, EAA to ZZZ
}
