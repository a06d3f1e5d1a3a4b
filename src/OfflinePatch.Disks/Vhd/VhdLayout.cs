namespace OfflinePatch.Disks.Vhd;

/// <summary>
/// Every offset and limit of VHD. Source: Microsoft, "Virtual Hard Disk Image Format Specification" 1.0 (2006); all numbers are big-endian.
/// Which size counts is not in it: see <see cref="VhdFooter.Size"/>.
/// </summary>
internal static class VhdLayout
{
    public const int SectorSize = 512;
    public const int FooterLength = 512;
    public const int OldFooterLength = 511; // Virtual PC before 2004 wrote one byte less
    public const int HeaderLength = 1024;

    // Footer: at the end of the file; dynamic and differencing disks have a copy at offset 0.
    public const int CookieOffset = 0x00; // "conectix"
    public const int FeaturesOffset = 0x08; // u32: bit 1 is always set
    public const int VersionOffset = 0x0C; // u32: 0x00010000
    public const int DataOffset = 0x10; // u64: where the dynamic header is; all ones in a fixed disk
    public const int TimestampOffset = 0x18; // u32: seconds since 2000-01-01 UTC
    public const int CreatorOffset = 0x1C; // 4 characters
    public const int CreatorVersionOffset = 0x20; // u32
    public const int CreatorHostOffset = 0x24; // u32: "Wi2k", "Mac "
    public const int OriginalSizeOffset = 0x28; // u64: bytes at creation
    public const int CurrentSizeOffset = 0x30; // u64: bytes now
    public const int CylindersOffset = 0x38; // u16
    public const int HeadsOffset = 0x3A; // u8
    public const int SectorsPerTrackOffset = 0x3B; // u8
    public const int DiskTypeOffset = 0x3C; // u32
    public const int ChecksumOffset = 0x40; // u32: ones' complement of the sum of all other bytes
    public const int UniqueIdOffset = 0x44; // 16 bytes

    public const uint TypeFixed = 2;
    public const uint TypeDynamic = 3;
    public const uint TypeDifferencing = 4;

    public const uint Version = 0x00010000;
    public const uint FeaturesReserved = 2;
    public const uint HostWindows = 0x5769326B; // "Wi2k"

    /// <summary>65535 cylinders, 16 heads, 255 sectors: the largest geometry; it says nothing about the size.</summary>
    public const long MaxGeometrySectors = 65535L * 16 * 255;

    // Dynamic header.
    public const int HeaderDataOffset = 0x08; // u64: all ones
    public const int TableOffset = 0x10; // u64: where the BAT is
    public const int HeaderVersionOffset = 0x18; // u32: 0x00010000
    public const int TableEntriesOffset = 0x1C; // u32
    public const int BlockSizeOffset = 0x20; // u32: bytes of data of a block, 2 MiB by default
    public const int HeaderChecksumOffset = 0x24; // u32
    public const int ParentIdOffset = 0x28; // 16 bytes: the parent's unique id
    public const int ParentNameOffset = 0x40; // 512 bytes, UTF-16BE
    public const int ParentNameLength = 512;
    public const int LocatorsOffset = 0x240; // 8 entries
    public const int LocatorCount = 8;
    public const int LocatorLength = 24;
    public const int LocatorCodeOffset = 0x00; // u32
    public const int LocatorDataLengthOffset = 0x08; // u32
    public const int LocatorDataOffset = 0x10; // u64

    public const uint LocatorRelative = 0x57327275; // "W2ru": UTF-16LE, relative to the child
    public const uint LocatorAbsolute = 0x57326B75; // "W2ku": UTF-16LE, absolute

    public const uint Unallocated = 0xFFFFFFFF; // BAT entry; else the sector of the block: its bitmap, then its data

    public const int DefaultBlockSize = 2 * 1024 * 1024;
    public const int MinBlockSize = 512;
    public const int MaxBlockSize = 256 * 1024 * 1024; // far above what any tool makes

    /// <summary>Sector numbers in the BAT have 32 bits; Hyper-V and others stop at 2040 GiB.</summary>
    public const long MaxSize = 2040L * 1024 * 1024 * 1024;

    public const int MaxLocatorLength = 64 * 1024; // a path has 32,767 characters at most

    public static ReadOnlySpan<byte> FooterCookie => "conectix"u8;

    public static ReadOnlySpan<byte> HeaderCookie => "cxsparse"u8;
}
