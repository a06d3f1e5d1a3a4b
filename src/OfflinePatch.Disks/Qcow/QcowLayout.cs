namespace OfflinePatch.Disks.Qcow;

/// <summary>
/// Every offset and limit of QCOW version 1. Sources: libyal libqcow "QEMU Copy-On-Write file format", QEMU block/qcow.c (facts); all
/// numbers are big-endian.
/// </summary>
internal static class QcowLayout
{
    /// <summary><c>QFI\xFB</c>, as QCOW2.</summary>
    public const uint Magic = 0x514649FB;

    public const int MagicOffset = 0x00; // u32
    public const int VersionOffset = 0x04; // u32: 1
    public const int BackingFileOffset = 0x08; // u64: where the name is, 0 = none
    public const int BackingFileSize = 0x10; // u32
    public const int SizeOffset = 0x18; // u64: bytes of the guest disk (0x14 is the backing file's mtime, which nothing maintains)
    public const int ClusterBitsOffset = 0x20; // u8
    public const int L2BitsOffset = 0x21; // u8: log2 of the entries of an L2 table
    public const int CryptMethodOffset = 0x24; // u32: 0 none, 1 AES
    public const int L1TableOffset = 0x28; // u64
    public const int HeaderLength = 0x30;

    public const ulong Compressed = 1UL << 63;

    public const int MinClusterBits = 9;
    public const int MaxClusterBits = 16;
    public const int MinL2Bits = 6;
    public const int MaxL2Bits = 13;
    public const int MaxBackingName = 1023;

    /// <summary>A table of 64 MiB covers 16 TiB with the clusters that QEMU makes.</summary>
    public const long MaxL1Bytes = 64L * 1024 * 1024;
}
