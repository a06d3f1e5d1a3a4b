namespace OfflinePatch.Disks.Vhdx;

/// <summary>Every offset, id and limit of VHDX. Source: Microsoft [MS-VHDX]; all numbers are little-endian.</summary>
internal static class VhdxLayout
{
    public const int Megabyte = 1024 * 1024;

    /// <summary>The file type identifier, at 0.</summary>
    public static class Identifier
    {
        public const int Creator = 0x08; // UTF-16LE
        public const int CreatorBytes = 512;
    }

    /// <summary>A header: the valid one with the higher sequence number counts.</summary>
    public static class Header
    {
        public const long Place1 = 64 * 1024;
        public const long Place2 = 128 * 1024;
        public const int Checksum = 0x04; // u32: CRC-32C with this field zero; region tables and log entries have it there too
        public const int Sequence = 0x08; // u64
        public const int FileWriteGuid = 0x10; // changed before the first change of the file in a session
        public const int DataWriteGuid = 0x20; // changed before the first change of the disk in a session
        public const int LogGuid = 0x30; // zero: the log is empty
        public const int LogVersion = 0x40; // u16: 0
        public const int Version = 0x42; // u16: 1
        public const int LogLength = 0x44; // u32: a multiple of 1 MiB
        public const int LogOffset = 0x48; // u64: a multiple of 1 MiB
        public const int Bytes = 4096;
    }

    /// <summary>A region table; there are two copies.</summary>
    public static class RegionTable
    {
        public const long Place1 = 192 * 1024;
        public const long Place2 = 256 * 1024;
        public const int Count = 0x08; // u32
        public const int Entries = 0x10;
        public const int Bytes = 64 * 1024;
    }

    /// <summary>An entry of a region table, after its GUID.</summary>
    public static class Region
    {
        public const int FileOffset = 0x10; // u64
        public const int Length = 0x18; // u32
        public const int Required = 0x1C; // u32, bit 0
        public const int Bytes = 32;
    }

    /// <summary>The metadata table, at the start of its region.</summary>
    public static class MetadataTable
    {
        public const int Count = 0x0A; // u16
        public const int Entries = 0x20;
        public const int Bytes = 64 * 1024;
    }

    /// <summary>An entry of the metadata table, after its GUID.</summary>
    public static class MetadataEntry
    {
        public const int ItemOffset = 0x10; // u32, from the start of the region
        public const int ItemLength = 0x14; // u32
        public const int Flags = 0x18; // u32
        public const int Bytes = 32;
    }

    public const int MaxRegions = (RegionTable.Bytes - RegionTable.Entries) / Region.Bytes;
    public const uint MetadataIsUser = 1;
    public const uint MetadataIsVirtualDisk = 2;
    public const uint MetadataIsRequired = 4;
    public const int MaxMetadataEntries = 2047;
    public const int MaxItemLength = Megabyte;

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

    public const int MinBlockSize = Megabyte;
    public const int MaxBlockSize = 256 * Megabyte;
    public const long MaxSize = 64L * 1024 * 1024 * Megabyte; // 64 TiB

    public const int LogSector = 4096;

    /// <summary>The header of a log entry.</summary>
    public static class LogEntry
    {
        public const int Length = 0x08; // u32: a multiple of 4096
        public const int Tail = 0x0C; // u32: offset in the log of the first entry that still counts
        public const int Sequence = 0x10; // u64
        public const int DescriptorCount = 0x18; // u32
        public const int LogGuid = 0x20;
        public const int Flushed = 0x30; // u64: the file was at least this long, durably
        public const int Last = 0x38; // u64: the file must be at least this long after the replay
        public const int Bytes = 64;
    }

    /// <summary>A descriptor of a log entry: data, or zeros.</summary>
    public static class LogDescriptor
    {
        public const int Trailing = 0x04; // u32, data: the last 4 bytes of the sector
        public const int Leading = 0x08; // u64, data: the first 8 bytes; zero: bytes to clear
        public const int FileOffset = 0x10; // u64
        public const int Sequence = 0x18; // u64
        public const int Bytes = 32;
    }

    /// <summary>A data sector of a log entry.</summary>
    public static class LogData
    {
        public const int SequenceHigh = 0x04; // u32
        public const int Content = 0x08; // 4084 bytes
        public const int SequenceLow = 0xFFC; // u32
    }

    /// <summary>Logs have 1 MiB in practice; searching a longer one would not be worth the cost.</summary>
    public const long MaxLogLength = 256L * Megabyte;
    public const int MaxZeroDescriptors = 64 * 1024;

    /// <summary>The parent locator item.</summary>
    public static class Locator
    {
        public const int Count = 0x12; // u16
        public const int Entries = 0x14;
        public const int EntryBytes = 12; // u32 key offset, u32 value offset, u16 key length, u16 value length
    }

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
