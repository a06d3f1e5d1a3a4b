namespace OfflinePatch.Disks.Vhdx;

/// <summary>Every offset, id and limit of VHDX. Source: Microsoft [MS-VHDX]; all numbers are little-endian.</summary>
internal static class VhdxLayout
{
    public const int Megabyte = 1024 * 1024;

    // File type identifier, at 0.
    public const int CreatorOffset = 0x08; // 512 bytes, UTF-16LE
    public const int CreatorLength = 512;

    // Headers. The valid one with the higher sequence number counts.
    public const long Header1 = 64 * 1024;
    public const long Header2 = 128 * 1024;
    public const int HeaderLength = 4096;
    public const int ChecksumOffset = 0x04; // u32: CRC-32C with this field zero; headers, region tables, log entries
    public const int SequenceOffset = 0x08; // u64
    public const int FileWriteGuidOffset = 0x10; // changed before the first change of the file in a session
    public const int DataWriteGuidOffset = 0x20; // changed before the first change of the disk in a session
    public const int LogGuidOffset = 0x30; // zero: the log is empty
    public const int LogVersionOffset = 0x40; // u16: 0
    public const int VersionOffset = 0x42; // u16: 1
    public const int LogLengthOffset = 0x44; // u32: a multiple of 1 MiB
    public const int LogOffset = 0x48; // u64: a multiple of 1 MiB

    // Region tables: two copies.
    public const long RegionTable1 = 192 * 1024;
    public const long RegionTable2 = 256 * 1024;
    public const int RegionTableLength = 64 * 1024;
    public const int RegionCountOffset = 0x08; // u32
    public const int RegionEntriesOffset = 0x10;
    public const int RegionEntryLength = 32;
    public const int RegionFileOffset = 0x10; // u64, in an entry behind its GUID
    public const int RegionLengthOffset = 0x18; // u32
    public const int RegionRequiredOffset = 0x1C; // u32, bit 0
    public const int MostRegions = 2047;

    // Metadata table, at the start of its region.
    public const int MetadataTableLength = 64 * 1024;
    public const int MetadataCountOffset = 0x0A; // u16
    public const int MetadataEntriesOffset = 0x20;
    public const int MetadataEntryLength = 32;
    public const int MetadataItemOffset = 0x10; // u32, from the start of the region
    public const int MetadataItemLength = 0x14; // u32
    public const int MetadataFlagsOffset = 0x18; // u32
    public const uint MetadataIsUser = 1;
    public const uint MetadataIsVirtualDisk = 2;
    public const uint MetadataIsRequired = 4;
    public const int MostMetadataEntries = 2047;
    public const int MostItemLength = Megabyte;

    public const uint ParametersLeaveAllocated = 1; // a fixed image
    public const uint ParametersHasParent = 2;

    // BAT: u64 entries; bits 0..2 state, bits 20..63 file offset in MiB.
    public const ulong BatStateMask = 7;
    public const ulong BatOffsetMask = ~0xFFFFFUL;
    public const int StateNotPresent = 0;
    public const int StateUndefined = 1;
    public const int StateZero = 2;
    public const int StateUnmapped = 3;
    public const int StateFullyPresent = 6;
    public const int StatePartiallyPresent = 7; // differencing: the sector bitmap says which sectors
    public const int SectorsPerBitmap = 8 * Megabyte; // a sector bitmap block has 1 MiB, the lowest bit of a byte first

    public const int LeastBlockSize = Megabyte;
    public const int MostBlockSize = 256 * Megabyte;
    public const long MostSize = 64L * 1024 * 1024 * Megabyte; // 64 TiB

    // Log.
    public const int LogSector = 4096;
    public const int EntryHeaderLength = 64;
    public const int EntryLengthOffset = 0x08; // u32: a multiple of 4096
    public const int EntryTailOffset = 0x0C; // u32: offset in the log of the first entry that still counts
    public const int EntrySequenceOffset = 0x10; // u64
    public const int EntryDescriptorCount = 0x18; // u32
    public const int EntryLogGuidOffset = 0x20;
    public const int EntryFlushedOffset = 0x30; // u64: the file was at least this long, durably
    public const int EntryLastOffset = 0x38; // u64: the file must be at least this long after the replay
    public const int DescriptorLength = 32;
    public const int DescriptorTrailing = 0x04; // u32, data: the last 4 bytes of the sector
    public const int DescriptorLeading = 0x08; // u64, data: the first 8 bytes; zero: bytes to clear
    public const int DescriptorFileOffset = 0x10; // u64
    public const int DescriptorSequence = 0x18; // u64
    public const int DataSequenceHigh = 0x04; // u32
    public const int DataSequenceLow = 0xFFC; // u32
    public const int DataContent = 0x08; // 4084 bytes

    /// <summary>Logs have 1 MiB in practice; the search in a longer one would cost more than it could ever be worth.</summary>
    public const long MaxLogLength = 256L * Megabyte;
    public const int MostZeroDescriptors = 64 * 1024;

    // Parent locator.
    public const int LocatorCountOffset = 0x12; // u16
    public const int LocatorEntriesOffset = 0x14;
    public const int LocatorEntryLength = 12; // u32 key offset, u32 value offset, u16 key length, u16 value length

    public static readonly Guid RegionBat = new("2DC27766-F623-4200-9D64-115E9BFD4A08");
    public static readonly Guid RegionMetadata = new("8B7CA206-4790-4B9A-B8FE-575F050F886E");
    public static readonly Guid FileParameters = new("CAA16737-FA36-4D43-B3B6-33F0AA44E76B");
    public static readonly Guid VirtualDiskSize = new("2FA54224-CD1B-4876-B211-5DBED83BF4B8");
    public static readonly Guid VirtualDiskId = new("BECA12AB-B2E6-4523-93EF-C309E000C746");
    public static readonly Guid LogicalSectorSize = new("8141BF1D-A96F-4709-BA47-F233A8FAAB5F");
    public static readonly Guid PhysicalSectorSize = new("CDA348C7-445D-4471-9CC9-E9885251C556");
    public static readonly Guid ParentLocator = new("A8D35F2D-B30B-454D-ABF7-D3D84834AB0C");
    public static readonly Guid LocatorTypeVhdx = new("B04AEFB7-D19E-4A81-B789-25B8E9445913");

    public static ReadOnlySpan<byte> FileSignature => "vhdxfile"u8;

    public static ReadOnlySpan<byte> HeaderSignature => "head"u8;

    public static ReadOnlySpan<byte> RegionSignature => "regi"u8;

    public static ReadOnlySpan<byte> MetadataSignature => "metadata"u8;

    public static ReadOnlySpan<byte> EntrySignature => "loge"u8;

    public static ReadOnlySpan<byte> DataDescriptorSignature => "desc"u8;

    public static ReadOnlySpan<byte> ZeroDescriptorSignature => "zero"u8;

    public static ReadOnlySpan<byte> DataSignature => "data"u8;
}
