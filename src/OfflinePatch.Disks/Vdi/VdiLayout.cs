namespace OfflinePatch.Disks.Vdi;

/// <summary>
/// Offsets of the VDI header, version 1.1, and its limits. Source: VirtualBox, src/VBox/Storage/VDICore.h (VDIPREHEADER, VDIHEADER1PLUS).
/// Little-endian.
/// </summary>
internal static class VdiLayout
{
    /// <summary>Bytes of the header that are read and written: one sector.</summary>
    public const int HeaderBytes = 0x200;

    /// <summary>+0x000 char[64]: a text for people.</summary>
    public const int Text = 0x000;

    /// <summary>+0x040 u32: <see cref="SignatureValue"/>.</summary>
    public const int Signature = 0x040;

    /// <summary>The signature.</summary>
    public const uint SignatureValue = 0xBEDA107F;

    /// <summary>+0x044 u32: version, major in the high half.</summary>
    public const int Version = 0x044;

    /// <summary>Version 1.1.</summary>
    public const uint VersionValue = 0x00010001;

    /// <summary>+0x048 u32: bytes of the header from here on (400; QEMU writes 384).</summary>
    public const int HeaderSize = 0x048;

    /// <summary>+0x04C u32: image type.</summary>
    public const int ImageType = 0x04C;

    /// <summary>+0x050 u32: flags.</summary>
    public const int Flags = 0x050;

    /// <summary>+0x054 char[256]: comment.</summary>
    public const int Comment = 0x054;

    /// <summary>+0x154 u32: byte offset of the block map.</summary>
    public const int MapOffset = 0x154;

    /// <summary>+0x158 u32: byte offset of the first block.</summary>
    public const int DataOffset = 0x158;

    /// <summary>+0x168 u32: bytes per sector.</summary>
    public const int SectorSize = 0x168;

    /// <summary>+0x170 u64: bytes of the disk.</summary>
    public const int DiskSize = 0x170;

    /// <summary>+0x178 u32: bytes of a block.</summary>
    public const int BlockSize = 0x178;

    /// <summary>+0x17C u32: extra bytes before each block.</summary>
    public const int BlockExtra = 0x17C;

    /// <summary>+0x180 u32: entries of the map.</summary>
    public const int BlockCount = 0x180;

    /// <summary>+0x184 u32: blocks that are stored.</summary>
    public const int BlocksAllocated = 0x184;

    /// <summary>+0x188 uuid: identity of the image.</summary>
    public const int ImageId = 0x188;

    /// <summary>+0x198 uuid: changes with the content.</summary>
    public const int ModifiedId = 0x198;

    /// <summary>+0x1A8 uuid: identity of the parent; zero = none.</summary>
    public const int ParentId = 0x1A8;

    /// <summary>+0x1B8 uuid: the parent's <see cref="ModifiedId"/>.</summary>
    public const int ParentModifiedId = 0x1B8;

    /// <summary>+0x1C8 u32[4]: cylinders, heads, sectors, bytes per sector; 0 cylinders = automatic.</summary>
    public const int Geometry = 0x1C8;

    /// <summary>Image type: dynamic.</summary>
    public const uint TypeDynamic = 1;

    /// <summary>Image type: fixed.</summary>
    public const uint TypeFixed = 2;

    /// <summary>Image type: undo (discards of VirtualBox 1).</summary>
    public const uint TypeUndo = 3;

    /// <summary>Image type: differencing.</summary>
    public const uint TypeDifferencing = 4;

    /// <summary>Map entry: not stored; the parent has it.</summary>
    public const uint EntryFree = 0xFFFFFFFF;

    /// <summary>Map entry: reads as zeros.</summary>
    public const uint EntryZero = 0xFFFFFFFE;

    /// <summary>Bytes of a block as VirtualBox writes it.</summary>
    public const int DefaultBlock = 1024 * 1024;

    /// <summary>Smallest block.</summary>
    public const int MinBlock = 4096;

    /// <summary>Largest block; bounds what a first write into a block allocates.</summary>
    public const int MaxBlock = 32 * 1024 * 1024;

    /// <summary>Most entries of the map: 64 MiB of it, 16 TiB of default blocks.</summary>
    public const uint MaxBlocks = 16 * 1024 * 1024;

    /// <summary>Largest disk: 16 TiB.</summary>
    public const long MaxBytes = 16L * 1024 * 1024 * 1024 * 1024;
}
