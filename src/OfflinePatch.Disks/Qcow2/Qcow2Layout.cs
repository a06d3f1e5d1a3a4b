namespace OfflinePatch.Disks.Qcow2;

/// <summary>
/// Every offset, mask and limit of QCOW2. Source: QEMU docs/interop/qcow2.rst; all numbers are big-endian. Limits marked QEMU are those of
/// its own implementation: an image beyond them cannot be used anywhere.
/// </summary>
internal static class Qcow2Layout
{
    /// <summary><c>QFI\xFB</c>.</summary>
    public const uint Magic = 0x514649FB;

    /// <summary>Offsets in the header.</summary>
    public static class Header
    {
        public const int Magic = 0x00; // u32
        public const int Version = 0x04; // u32: 2 or 3
        public const int BackingNameOffset = 0x08; // u64: where the name is, 0 = none
        public const int BackingNameLength = 0x10; // u32: bytes of the name, not terminated
        public const int ClusterBits = 0x14; // u32: log2 of the cluster size
        public const int Size = 0x18; // u64: bytes of the guest disk
        public const int CryptMethod = 0x20; // u32: 0 none, 1 AES, 2 LUKS
        public const int L1Entries = 0x24; // u32: entries of the active L1 table
        public const int L1TableOffset = 0x28; // u64: cluster-aligned
        public const int RefcountTableOffset = 0x30; // u64: cluster-aligned
        public const int RefcountTableClusters = 0x38; // u32
        public const int SnapshotCount = 0x3C; // u32
        public const int SnapshotsOffset = 0x40; // u64: cluster-aligned
        public const int Incompatible = 0x48; // u64, v3
        public const int Compatible = 0x50; // u64, v3
        public const int Autoclear = 0x58; // u64, v3
        public const int RefcountOrder = 0x60; // u32, v3: log2 of the bits of a reference count
        public const int HeaderLength = 0x64; // u32, v3: bytes of the header
        public const int CompressionType = 0x68; // u8, where the header is longer than 104 bytes
        public const int BytesV2 = 72;
        public const int BytesV3 = 104;
        public const int WrittenBytes = 112; // with the compression type and its padding
    }

    /// <summary>A header extension: u32 type, u32 length, content padded to 8 bytes.</summary>
    public static class Extension
    {
        public const int Bytes = 8;
    }

    /// <summary>A name of a feature bit: u8 kind, u8 bit, 46 bytes of name.</summary>
    public static class FeatureName
    {
        public const int Bytes = 48;
    }

    /// <summary>An entry of the snapshot table; extra data, id and name follow, padded to 8 bytes.</summary>
    public static class Snapshot
    {
        public const int L1Offset = 0x00; // u64
        public const int L1Entries = 0x08; // u32
        public const int IdLength = 0x0C; // u16
        public const int NameLength = 0x0E; // u16
        public const int ExtraLength = 0x24; // u32
        public const int Bytes = 0x28;
    }

    /// <summary>The content of the bitmaps extension.</summary>
    public static class BitmapsExtension
    {
        public const int Count = 0x00; // u32
        public const int DirectoryBytes = 0x08; // u64
        public const int DirectoryOffset = 0x10; // u64
        public const int Bytes = 24;
    }

    /// <summary>An entry of the bitmap directory; extra data and name follow, padded to 8 bytes.</summary>
    public static class BitmapEntry
    {
        public const int TableOffset = 0x00; // u64
        public const int TableEntries = 0x08; // u32
        public const int Flags = 0x0C; // u32: bit 0 in_use
        public const int NameLength = 0x12; // u16
        public const int ExtraLength = 0x14; // u32
        public const int Bytes = 0x18;
    }

    public const ulong IncompatibleDirty = 1UL << 0;
    public const ulong IncompatibleCorrupt = 1UL << 1;
    public const ulong IncompatibleDataFile = 1UL << 2;
    public const ulong IncompatibleCompressionType = 1UL << 3;
    public const ulong IncompatibleExtendedL2 = 1UL << 4;
    public const ulong IncompatibleKnown = 0x1F;

    public const ulong AutoclearBitmaps = 1UL << 0;
    public const ulong AutoclearKnown = 0x3;

    public const uint ExtensionEnd = 0;
    public const uint ExtensionBackingFormat = 0xE2792ACA;
    public const uint ExtensionFeatureNames = 0x6803F857;
    public const uint ExtensionBitmaps = 0x23852875;
    public const uint ExtensionDataFile = 0x44415441;

    public const ulong OffsetMask = 0x00FFFFFFFFFFFE00; // bits 9..55 of L1, L2 and bitmap table entries
    public const ulong Copied = 1UL << 63; // the reference count is exactly 1
    public const ulong Compressed = 1UL << 62;
    public const ulong ZeroFlag = 1UL << 0; // standard L2 entries of v3 only
    public const int SubclustersPerCluster = 32;

    public const uint BitmapInUse = 1;

    /// <summary>Limits of the specification and of QEMU.</summary>
    public const int MinClusterBits = 9;
    public const int MaxClusterBits = 21;
    public const int MinExtendedClusterBits = 14;
    public const int MaxL1Bytes = 32 * 1024 * 1024;
    public const int MaxRefcountTableBytes = 8 * 1024 * 1024;
    public const int MaxRefcountOrder = 6;
    public const int MaxBackingName = 1023;
    public const int MaxSnapshots = 65536;
    public const int MaxSnapshotExtra = 1024;
    public const int MaxBitmaps = 65535;
    public const int MaxBitmapDirectoryBytes = 64 * 1024 * 1024;
}
