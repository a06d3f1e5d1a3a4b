using System.Buffers.Binary;

namespace OfflinePatch.Ntfs.Layout;

/// <summary>The first sector of a volume, and its copy in the last. Source: Linux-NTFS documentation, $Boot.</summary>
internal readonly ref struct BootSector
{
    private readonly ReadOnlySpan<byte> _bytes;

    private BootSector(ReadOnlySpan<byte> bytes) => _bytes = bytes;

    /// <summary>Offsets; one line per field: type, name.</summary>
    public static class Layout
    {
        /// <summary>3 bytes, a jump.</summary>
        public const int Jump = 0x00;

        /// <summary>8 bytes, <c>NTFS    </c>.</summary>
        public const int OemId = 0x03;

        /// <summary>u16, 256..4096, a power of two.</summary>
        public const int BytesPerSector = 0x0B;

        /// <summary>u8, at most 128: the number; above: 2^(256-value).</summary>
        public const int SectorsPerCluster = 0x0D;

        /// <summary>u8, media descriptor, F8.</summary>
        public const int Media = 0x15;

        /// <summary>u16, BIOS geometry.</summary>
        public const int SectorsPerTrack = 0x18;

        /// <summary>u16, BIOS geometry.</summary>
        public const int Heads = 0x1A;

        /// <summary>u32, sectors before the partition (BIOS boot code uses it).</summary>
        public const int HiddenSectors = 0x1C;

        /// <summary>u32, 80 00 80 00.</summary>
        public const int Unused24 = 0x24;

        /// <summary>u64, sectors of the volume, without the backup boot sector.</summary>
        public const int TotalSectors = 0x28;

        /// <summary>u64, first cluster of $MFT.</summary>
        public const int MftLcn = 0x30;

        /// <summary>u64, first cluster of $MFTMirr.</summary>
        public const int MirrorLcn = 0x38;

        /// <summary>s8, clusters per FILE record, or minus log2 of its bytes.</summary>
        public const int ClustersPerRecord = 0x40;

        /// <summary>s8, clusters per index block, or minus log2 of its bytes.</summary>
        public const int ClustersPerIndexBlock = 0x44;

        /// <summary>u64, serial number.</summary>
        public const int SerialNumber = 0x48;

        /// <summary>u16, AA55.</summary>
        public const int Signature = 0x1FE;

        /// <summary>Bytes that are read here.</summary>
        public const int Size = 512;
    }

    /// <summary>The OEM id of NTFS.</summary>
    public static ReadOnlySpan<byte> NtfsId => "NTFS    "u8;

    /// <summary>A view, or false when <paramref name="bytes"/> is shorter than 512 bytes or has no NTFS id and signature.</summary>
    public static bool TryCreate(ReadOnlySpan<byte> bytes, out BootSector sector)
    {
        sector = new BootSector(bytes);
        return bytes.Length >= Layout.Size && bytes.Slice(Layout.OemId, 8).SequenceEqual(NtfsId)
            && BinaryPrimitives.ReadUInt16LittleEndian(bytes[Layout.Signature..]) == 0xAA55;
    }

    /// <summary>Bytes per sector, unchecked.</summary>
    public int BytesPerSector => BinaryPrimitives.ReadUInt16LittleEndian(_bytes[Layout.BytesPerSector..]);

    /// <summary>The raw byte.</summary>
    public byte SectorsPerClusterByte => _bytes[Layout.SectorsPerCluster];

    /// <summary>Sectors per cluster, 0 when the byte is not valid.</summary>
    public int SectorsPerCluster => SectorsPerClusterByte switch
    {
        <= 128 => SectorsPerClusterByte,
        >= 244 => 1 << (256 - SectorsPerClusterByte),
        _ => 0,
    };

    /// <summary>Sectors before the partition.</summary>
    public uint HiddenSectors => BinaryPrimitives.ReadUInt32LittleEndian(_bytes[Layout.HiddenSectors..]);

    /// <summary>Sectors of the volume (negative: above 2^63).</summary>
    public long TotalSectors => BinaryPrimitives.ReadInt64LittleEndian(_bytes[Layout.TotalSectors..]);

    /// <summary>First cluster of $MFT.</summary>
    public long MftLcn => BinaryPrimitives.ReadInt64LittleEndian(_bytes[Layout.MftLcn..]);

    /// <summary>First cluster of $MFTMirr.</summary>
    public long MirrorLcn => BinaryPrimitives.ReadInt64LittleEndian(_bytes[Layout.MirrorLcn..]);

    /// <summary>The raw byte of the FILE record size.</summary>
    public sbyte ClustersPerRecord => unchecked((sbyte)_bytes[Layout.ClustersPerRecord]);

    /// <summary>The raw byte of the index block size.</summary>
    public sbyte ClustersPerIndexBlock => unchecked((sbyte)_bytes[Layout.ClustersPerIndexBlock]);

    /// <summary>Serial number.</summary>
    public ulong SerialNumber => BinaryPrimitives.ReadUInt64LittleEndian(_bytes[Layout.SerialNumber..]);
}
