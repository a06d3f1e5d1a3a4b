using System.Buffers.Binary;

namespace OfflinePatch.Ntfs.Layout;

/// <summary>The header of a FILE record (one entry of $MFT). Source: Linux-NTFS documentation, FILE Record.</summary>
internal readonly ref struct FileRecordHeader
{
    private readonly ReadOnlySpan<byte> _bytes;

    private FileRecordHeader(ReadOnlySpan<byte> bytes) => _bytes = bytes;

    /// <summary>Offsets; one line per field: type, name.</summary>
    public static class Layout
    {
        /// <summary>4 bytes, <c>FILE</c> (or <c>BAAD</c> where a torn write was seen).</summary>
        public const int Magic = 0x00;

        /// <summary>u16, offset of the update sequence array; 0x30 since NTFS 3.1.</summary>
        public const int UpdateSequenceOffset = 0x04;

        /// <summary>u16, entries of it: record size / 512 + 1.</summary>
        public const int UpdateSequenceCount = 0x06;

        /// <summary>u64, LSN of the last change.</summary>
        public const int LogSequenceNumber = 0x08;

        /// <summary>u16, how often the record was reused.</summary>
        public const int SequenceNumber = 0x10;

        /// <summary>u16, number of $FILE_NAME attributes.</summary>
        public const int LinkCount = 0x12;

        /// <summary>u16, offset of the first attribute.</summary>
        public const int FirstAttribute = 0x14;

        /// <summary>u16, <see cref="FileRecordFlags"/>.</summary>
        public const int Flags = 0x16;

        /// <summary>u32, bytes in use, with the 8 bytes of the end marker.</summary>
        public const int BytesUsed = 0x18;

        /// <summary>u32, bytes of the record.</summary>
        public const int BytesAllocated = 0x1C;

        /// <summary>u64, base record of an extension record, 0 in a base record.</summary>
        public const int BaseReference = 0x20;

        /// <summary>u16, the next free attribute id.</summary>
        public const int NextAttributeId = 0x28;

        /// <summary>u32, number of this record (3.1).</summary>
        public const int RecordNumber = 0x2C;

        /// <summary>Where the update sequence array starts in records of NTFS 3.1.</summary>
        public const int UpdateSequenceArray = 0x30;

        /// <summary>Smallest header that can be read (NTFS 3.0: the array starts at 0x2A).</summary>
        public const int Size = 0x30;
    }

    /// <summary>Bytes of the end marker after the last attribute.</summary>
    public const int EndMarkerSize = 8;

    /// <summary>The magic of a good record.</summary>
    public static ReadOnlySpan<byte> FileMagic => "FILE"u8;

    /// <summary>A view; false when <paramref name="bytes"/> is too short or has another magic.</summary>
    public static bool TryCreate(ReadOnlySpan<byte> bytes, out FileRecordHeader header)
    {
        header = new FileRecordHeader(bytes);
        return bytes.Length >= Layout.Size && bytes[..4].SequenceEqual(FileMagic);
    }

    /// <summary>Sequence number.</summary>
    public ushort SequenceNumber => BinaryPrimitives.ReadUInt16LittleEndian(_bytes[Layout.SequenceNumber..]);

    /// <summary>Link count.</summary>
    public ushort LinkCount => BinaryPrimitives.ReadUInt16LittleEndian(_bytes[Layout.LinkCount..]);

    /// <summary>Offset of the first attribute.</summary>
    public int FirstAttribute => BinaryPrimitives.ReadUInt16LittleEndian(_bytes[Layout.FirstAttribute..]);

    /// <summary>Flags.</summary>
    public FileRecordFlags Flags => (FileRecordFlags)BinaryPrimitives.ReadUInt16LittleEndian(_bytes[Layout.Flags..]);

    /// <summary>Bytes in use.</summary>
    public uint BytesUsed => BinaryPrimitives.ReadUInt32LittleEndian(_bytes[Layout.BytesUsed..]);

    /// <summary>Bytes allocated.</summary>
    public uint BytesAllocated => BinaryPrimitives.ReadUInt32LittleEndian(_bytes[Layout.BytesAllocated..]);

    /// <summary>Base record, or 0.</summary>
    public FileReference BaseReference => new(BinaryPrimitives.ReadUInt64LittleEndian(_bytes[Layout.BaseReference..]));

    /// <summary>Next attribute id.</summary>
    public ushort NextAttributeId => BinaryPrimitives.ReadUInt16LittleEndian(_bytes[Layout.NextAttributeId..]);

    /// <summary>Number of the record as it says itself; 0 in records older than 3.1.</summary>
    public uint RecordNumber => BinaryPrimitives.ReadUInt32LittleEndian(_bytes[Layout.RecordNumber..]);

    /// <summary>LSN of the last change.</summary>
    public ulong LogSequenceNumber => BinaryPrimitives.ReadUInt64LittleEndian(_bytes[Layout.LogSequenceNumber..]);
}
