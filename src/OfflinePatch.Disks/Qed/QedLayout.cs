namespace OfflinePatch.Disks.Qed;

/// <summary>Every offset, flag and limit of QED. Source: QEMU docs/interop/qed_spec.rst; all numbers are little-endian.</summary>
internal static class QedLayout
{
    /// <summary><c>QED\0</c>.</summary>
    public const uint Magic = 0x00444551;

    public const int MagicOffset = 0x00; // u32
    public const int ClusterSizeOffset = 0x04; // u32: bytes, a power of two
    public const int TableSizeOffset = 0x08; // u32: clusters of an L1 or L2 table, a power of two
    public const int HeaderSizeOffset = 0x0C; // u32: clusters
    public const int FeaturesOffset = 0x10; // u64: must all be known
    public const int CompatFeaturesOffset = 0x18; // u64
    public const int AutoclearOffset = 0x20; // u64: those not known are cleared before a write
    public const int L1TableOffset = 0x28; // u64
    public const int ImageSizeOffset = 0x30; // u64: bytes of the guest disk, whole sectors
    public const int BackingNameOffset = 0x38; // u32: from the start of the file
    public const int BackingNameSize = 0x3C; // u32
    public const int HeaderLength = 0x40;

    public const ulong FeatureBacking = 1;
    public const ulong FeatureNeedCheck = 2; // tables may be ahead of the data: check before writing
    public const ulong FeatureBackingNoProbe = 4; // the backing file is RAW
    public const ulong FeaturesKnown = 7;

    public const ulong EntryUnallocated = 0;
    public const ulong EntryZero = 1; // L2 only: a cluster of zeros

    public const uint MinClusterSize = 4096;
    public const uint MaxClusterSize = 64 * 1024 * 1024;
    public const uint MaxTableSize = 16;
    public const int MaxBackingName = 1023;
}
