namespace OfflinePatch.Disks.Qcow2;

/// <summary>
/// Every offset, mask and limit of QCOW2. Source: QEMU docs/interop/qcow2.rst; all numbers are big-endian. Limits marked QEMU are those of its own
/// implementation: an image beyond them cannot be used anywhere.
/// </summary>
internal static class Qcow2Layout
{
    /// <summary><c>QFI\xFB</c>.</summary>
    public const uint Magic = 0x514649FB;

    public const int MagicOffset = 0x00; // u32
    public const int VersionOffset = 0x04; // u32: 2 or 3
    public const int BackingFileOffset = 0x08; // u64: where the name stands, 0 = none
    public const int BackingFileSize = 0x10; // u32: bytes of the name, not terminated
    public const int ClusterBitsOffset = 0x14; // u32: log2 of the cluster size
    public const int SizeOffset = 0x18; // u64: bytes of the guest disk
    public const int CryptMethodOffset = 0x20; // u32: 0 none, 1 AES, 2 LUKS
    public const int L1SizeOffset = 0x24; // u32: entries of the active L1 table
    public const int L1TableOffset = 0x28; // u64: cluster-aligned
    public const int RefcountTableOffset = 0x30; // u64: cluster-aligned
    public const int RefcountTableClusters = 0x38; // u32
    public const int SnapshotCountOffset = 0x3C; // u32
    public const int SnapshotsOffset = 0x40; // u64: cluster-aligned
    public const int IncompatibleOffset = 0x48; // u64, v3
    public const int CompatibleOffset = 0x50; // u64, v3
    public const int AutoclearOffset = 0x58; // u64, v3
    public const int RefcountOrderOffset = 0x60; // u32, v3: log2 of the bits of a reference count
    public const int HeaderLengthOffset = 0x64; // u32, v3
    public const int CompressionTypeOffset = 0x68; // u8, where the header is longer than 104 bytes

    public const int HeaderLengthV2 = 72;
    public const int HeaderLengthV3 = 104;
    public const int WrittenHeaderLength = 112; // with compression_type and its padding

    public const ulong IncompatibleDirty = 1UL << 0;
    public const ulong IncompatibleCorrupt = 1UL << 1;
    public const ulong IncompatibleDataFile = 1UL << 2;
    public const ulong IncompatibleCompressionType = 1UL << 3;
    public const ulong IncompatibleExtendedL2 = 1UL << 4;
    public const ulong IncompatibleKnown = 0x1F;

    public const ulong CompatibleLazyRefcounts = 1UL << 0;

    public const ulong AutoclearBitmaps = 1UL << 0;
    public const ulong AutoclearRawDataFile = 1UL << 1;
    public const ulong AutoclearKnown = 0x3;

    public const uint ExtensionEnd = 0;
    public const uint ExtensionBackingFormat = 0xE2792ACA;
    public const uint ExtensionFeatureNames = 0x6803F857;
    public const uint ExtensionBitmaps = 0x23852875;
    public const uint ExtensionDataFile = 0x44415441;
    public const int ExtensionHeaderLength = 8; // u32 type, u32 length; the content is padded to 8 bytes

    public const int FeatureNameLength = 48; // u8 kind, u8 bit, 46 bytes of name

    public const ulong OffsetMask = 0x00FFFFFFFFFFFE00; // bits 9..55 of L1, L2 and bitmap table entries
    public const ulong Copied = 1UL << 63; // the reference count is exactly 1
    public const ulong Compressed = 1UL << 62;
    public const ulong ZeroFlag = 1UL << 0; // standard L2 entries of v3 only
    public const int SubclustersPerCluster = 32;

    public const int SnapshotL1Offset = 0x00; // u64
    public const int SnapshotL1Size = 0x08; // u32: entries
    public const int SnapshotIdLength = 0x0C; // u16
    public const int SnapshotNameLength = 0x0E; // u16
    public const int SnapshotExtraLength = 0x24; // u32
    public const int SnapshotHeaderLength = 0x28; // then extra data, id, name, padding to 8

    public const int BitmapsCount = 0x00; // u32, in the extension
    public const int BitmapsDirectorySize = 0x08; // u64
    public const int BitmapsDirectoryOffset = 0x10; // u64
    public const int BitmapsExtensionLength = 24;
    public const int BitmapTableOffset = 0x00; // u64, in a directory entry
    public const int BitmapTableSize = 0x08; // u32: entries
    public const int BitmapFlags = 0x0C; // u32: bit 0 in_use
    public const int BitmapNameSize = 0x12; // u16
    public const int BitmapExtraSize = 0x14; // u32
    public const int BitmapEntryLength = 0x18; // then extra data, name, padding to 8
    public const uint BitmapInUse = 1;

    /// <summary>Limits of the specification and of QEMU.</summary>
    public const int LeastClusterBits = 9;
    public const int MostClusterBits = 21;
    public const int LeastExtendedClusterBits = 14;
    public const int MostL1Bytes = 32 * 1024 * 1024;
    public const int MostRefcountTableBytes = 8 * 1024 * 1024;
    public const int MostRefcountOrder = 6;
    public const int MostBackingName = 1023;
    public const int MostSnapshots = 65536;
    public const int MostSnapshotExtra = 1024;
    public const int MostBitmaps = 65535;
    public const int MostBitmapDirectoryBytes = 64 * 1024 * 1024;
}
