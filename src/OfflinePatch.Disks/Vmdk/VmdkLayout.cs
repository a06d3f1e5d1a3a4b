namespace OfflinePatch.Disks.Vmdk;

/// <summary>
/// Constants that the VMDK structures share. Source: VMware "Virtual Disk Format 5.0" technical note; libyal "VMWare Virtual Disk Format
/// (VMDK)". All numbers on disk are little-endian; sectors have 512 bytes.
/// </summary>
internal static class VmdkLayout
{
    /// <summary>Bytes per sector.</summary>
    public const int SectorSize = 512;

    /// <summary><c>KDMV</c>: hosted sparse extent (u32).</summary>
    public const uint SparseMagic = 0x564D444B;

    /// <summary><c>COWD</c>: vmfsSparse extent (u32).</summary>
    public const uint CowdMagic = 0x44574F43;

    /// <summary>seSparse extent (u64).</summary>
    public const ulong SeSparseMagic = 0x00000000CAFEBABE;

    /// <summary>First line of a descriptor.</summary>
    public static ReadOnlySpan<byte> DescriptorSignature => "# Disk DescriptorFile"u8;

    /// <summary>Bytes from the start of a file in which the first option line of a descriptor must end.</summary>
    public const int DescriptorProbeBytes = 4096;

    /// <summary>Grain table entries of a hosted sparse extent: fixed by the format.</summary>
    public const int EntriesPerTable = 512;

    /// <summary>Grain table entries of a COWD extent: fixed by the format.</summary>
    public const int CowdEntriesPerTable = 4096;

    /// <summary>Grain table entry of a grain that reads as zeros (with flag 4).</summary>
    public const uint ZeroGrainEntry = 1;

    /// <summary>Largest grain: 16 MiB. VMware writes 64 KiB; the limit bounds what a hostile header can allocate.</summary>
    public const int MaxGrainSectors = 32 * 1024;

    /// <summary>Largest disk or extent: 62 TiB is VMware's own limit, 64 TiB ours.</summary>
    public const long MaxCapacitySectors = 64L * 1024 * 1024 * 1024 * 1024 / SectorSize;

    /// <summary>Largest grain directory: 16 Mi entries (64 MiB), 32 GiB of default grain tables.</summary>
    public const long MaxDirectoryEntries = 16 * 1024 * 1024;

    /// <summary>Longest descriptor: 1 MiB holds 15,000 extents.</summary>
    public const int MaxDescriptorBytes = 1024 * 1024;

    /// <summary>Most extents of one disk: 64 TiB in pieces of 2 GiB are 32,768; 4,096 keeps the number of open files reasonable.</summary>
    public const int MaxExtents = 4096;

    /// <summary>Longest chain of parents; VMware supports 32 snapshots.</summary>
    public const int MaxChainDepth = 64;

    /// <summary>A parentCID that says: no parent.</summary>
    public const uint NoParent = 0xFFFFFFFF;

    /// <summary>Bytes after the end of a stream in which its footer is still searched for.</summary>
    public const int MaxPaddingBytes = 1024 * 1024;

    /// <summary>Most stored zeros that are read backwards from the end of a stream to find its footer. Holes are not counted.</summary>
    public const long MaxZeroPaddingBytes = 4L * 1024 * 1024 * 1024;

    /// <summary>gdOffset of a stream whose directory is named by its footer.</summary>
    public const ulong DirectoryAtEnd = ulong.MaxValue;

    /// <summary>Marker type: end of stream.</summary>
    public const uint MarkerEndOfStream = 0;

    /// <summary>Marker type: grain table.</summary>
    public const uint MarkerGrainTable = 1;

    /// <summary>Marker type: grain directory.</summary>
    public const uint MarkerGrainDirectory = 2;

    /// <summary>Marker type: footer.</summary>
    public const uint MarkerFooter = 3;

    /// <summary>Marker +0x0 u64: sector of a grain, or number of sectors of the metadata that follows.</summary>
    public const int MarkerValue = 0x0;

    /// <summary>Marker +0x8 u32: compressed bytes of a grain; 0 in a metadata marker.</summary>
    public const int MarkerSize = 0x8;

    /// <summary>Marker +0xC u32: type of a metadata marker; a grain's data starts here.</summary>
    public const int MarkerType = 0xC;
}
