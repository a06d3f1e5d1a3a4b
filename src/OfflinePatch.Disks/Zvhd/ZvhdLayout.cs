namespace OfflinePatch.Disks.Zvhd;

/// <summary>
/// Offsets of the ZVHD and ZVHD2 structures and their limits. Source: the facts of Huawei's published ims-qemu-img (QEMU 2.3 block drivers
/// zvhd and zvhd2). Little-endian, unlike VHD, whose footer the header resembles.
/// </summary>
internal static class ZvhdLayout
{
    /// <summary>Headers, footers and records start at multiples of this.</summary>
    public const int Alignment = 4096;

    /// <summary>Bytes of a header or footer that mean something; the rest of its 4096 is ignored.</summary>
    public const int HeaderBytes = 0x200;

    /// <summary>First bytes of a ZVHD.</summary>
    public static ReadOnlySpan<byte> Cookie => "stream"u8;

    /// <summary>First bytes of a ZVHD2.</summary>
    public static ReadOnlySpan<byte> Cookie2 => "z2strm"u8;

    /// <summary>Header +0x08 u32: features, 2.</summary>
    public const int Features = 0x08;

    /// <summary>Header +0x0C u32: file format version, 0x00010000.</summary>
    public const int FormatVersion = 0x0C;

    /// <summary>Header +0x10 u64: all ones.</summary>
    public const int DataOffset = 0x10;

    /// <summary>Header +0x18 u32: seconds since 2000-01-01 UTC.</summary>
    public const int Timestamp = 0x18;

    /// <summary>Header +0x1C char[4]: creator application, <c>tap\0</c>.</summary>
    public const int CreatorApplication = 0x1C;

    /// <summary>Header +0x20 u32: creator version, 0x00010004.</summary>
    public const int CreatorVersion = 0x20;

    /// <summary>Header +0x28 u64: bytes of the disk, a multiple of 512.</summary>
    public const int OriginalSize = 0x28;

    /// <summary>Header +0x30 u64: the same rounded up to 1 GiB; what the vendor's tools show.</summary>
    public const int CurrentSize = 0x30;

    /// <summary>Header +0x38 u32: cylinders, heads, sectors, as VHD packs them, of the original size.</summary>
    public const int Geometry = 0x38;

    /// <summary>Header +0x3C u32: type, 4.</summary>
    public const int Type = 0x3C;

    /// <summary>Header +0x40 u32: one's complement of the sum of all 512 bytes, this field taken as zero.</summary>
    public const int Checksum = 0x40;

    /// <summary>Header +0x44 uuid.</summary>
    public const int Identity = 0x44;

    /// <summary>Header +0x57 u8 (ZVHD2): version, 1.</summary>
    public const int Version2 = 0x57;

    /// <summary>Header +0x58 u32 (ZVHD2): bytes of a block.</summary>
    public const int BlockSize = 0x58;

    /// <summary>Header +0x5C u32 (ZVHD2): blocks of the disk, from its original size.</summary>
    public const int BlockCount = 0x5C;

    /// <summary>Header +0x60 u64 (ZVHD2): byte offset of the index.</summary>
    public const int IndexOffset = 0x60;

    /// <summary>Header +0x68 u64 (ZVHD2): byte offset of the bitmap.</summary>
    public const int BitmapOffset = 0x68;

    /// <summary>Header +0x70 u32 (ZVHD2): bytes of the index.</summary>
    public const int IndexSize = 0x70;

    /// <summary>Header +0x74 u32 (ZVHD2): bytes of the bitmap.</summary>
    public const int BitmapSize = 0x74;

    /// <summary>Header +0x78 u32 (ZVHD2): bytes of an index segment.</summary>
    public const int IndexSegmentSize = 0x78;

    /// <summary>Header +0x7C u32 (ZVHD2): bytes of a bitmap segment.</summary>
    public const int BitmapSegmentSize = 0x7C;

    /// <summary>Header +0x80 u32 (ZVHD2): index segments.</summary>
    public const int IndexSegments = 0x80;

    /// <summary>Header +0x84 u32 (ZVHD2): bitmap segments.</summary>
    public const int BitmapSegments = 0x84;

    /// <summary>Header +0x88 u32 (ZVHD2): blocks that are not zero.</summary>
    public const int StoredBlocks = 0x88;

    /// <summary>Header +0x8C u8 (ZVHD2): 1 = the index has an entry for every block.</summary>
    public const int IndexHasZeroBlocks = 0x8C;

    /// <summary>Header +0x8D u8 (ZVHD2): 0 zlib, 1 zstd.</summary>
    public const int Compression = 0x8D;

    /// <summary>Bytes of an index segment: 32,768 entries.</summary>
    public const int IndexSegmentBytes = 0x80000;

    /// <summary>Bytes of a bitmap segment: 32,768 blocks.</summary>
    public const int BitmapSegmentBytes = 0x1000;

    /// <summary>Entries of an index segment, bits of a bitmap segment.</summary>
    public const int BlocksPerSegment = 32768;

    /// <summary>Bytes of an index entry: u64 byte offset, u32 block, u32 record length.</summary>
    public const int IndexEntryBytes = 16;

    /// <summary>Record +0x00 char[12]: <c>hwstream bg\0</c>.</summary>
    public static ReadOnlySpan<byte> RecordPrefix => "hwstream bg\0"u8;

    /// <summary>Last four bytes of a record.</summary>
    public static ReadOnlySpan<byte> RecordEnd => "end\0"u8;

    /// <summary>Record +0x0C u32: bytes of the payload.</summary>
    public const int RecordSize = 0x0C;

    /// <summary>Record +0x10 u32: block.</summary>
    public const int RecordBlock = 0x10;

    /// <summary>Record +0x30: payload.</summary>
    public const int RecordPayload = 0x30;

    /// <summary>Bytes of a block: what every known writer uses, and the vendor's reader assumes.</summary>
    public const int DefaultBlock = 2 * 1024 * 1024;

    /// <summary>Smallest block of ZVHD2.</summary>
    public const int MinBlock = 1024 * 1024;

    /// <summary>
    /// Largest block of ZVHD2 that is read: the format allows 32 MiB, no writer makes them, and 8 MiB bounds what a block allocates.
    /// </summary>
    public const int MaxBlock = 8 * 1024 * 1024;

    /// <summary>Largest disk: 8 TiB. The cloud takes 1 TiB.</summary>
    public const long MaxBytes = 8L * 1024 * 1024 * 1024 * 1024;

    /// <summary>The current size is a multiple of this.</summary>
    public const long SizeRounding = 1024L * 1024 * 1024;

    /// <summary>Bytes of a record with a payload of this size.</summary>
    public static long RecordBytes(long payload) => (RecordPayload + payload + 4 + Alignment - 1) / Alignment * Alignment;

    /// <summary>Largest payload of a block: what deflate or zstd adds to data that does not shrink is far less than an eighth.</summary>
    public static int MaxPayload(int blockSize) => blockSize + (blockSize / 8);
}
