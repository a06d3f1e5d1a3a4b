namespace OfflinePatch.FileSystems.Udf;

/// <summary>
/// Byte offsets of UDF structures; all little-endian. Source: ECMA-167 (3rd edition), part and clause in each heading, as OSTA's UDF 2.01
/// narrows it. Every descriptor starts with a tag of 16 bytes.
/// </summary>
internal static class UdfLayout
{
    /// <summary>3/7.2 descriptor tag.</summary>
    public static class Tag
    {
        public const int Identifier = 0x00; // u16
        public const int Checksum = 0x04; // u8: sum of the other 15 bytes
        public const int CrcValue = 0x08; // u16: CRC-16 (0x1021) of what follows the tag
        public const int CrcLength = 0x0A; // u16: bytes of it that are covered
        public const int Location = 0x0C; // u32: block of this descriptor
        public const int Size = 0x10;

        public const ushort Anchor = 2;
        public const ushort Pointer = 3;
        public const ushort Partition = 5;
        public const ushort LogicalVolume = 6;
        public const ushort Terminating = 8;
        public const ushort FileSet = 256;
        public const ushort FileIdentifier = 257;
        public const ushort AllocationExtent = 258;
        public const ushort FileEntry = 261;
        public const ushort ExtendedFileEntry = 266;
    }

    /// <summary>3/10.2 anchor volume descriptor pointer: two extents of length u32 and sector u32.</summary>
    public static class Anchor
    {
        public const int Main = 0x10;
        public const int Reserve = 0x18;
    }

    /// <summary>3/10.3 volume descriptor pointer.</summary>
    public static class Pointer
    {
        public const int Next = 0x14; // extent
    }

    /// <summary>3/10.5 partition descriptor.</summary>
    public static class Partition
    {
        public const int Sequence = 0x10; // u32: of two descriptors for one thing the higher counts
        public const int Number = 0x16; // u16
        public const int Start = 0xBC; // u32: sector
        public const int Length = 0xC0; // u32: sectors
    }

    /// <summary>3/10.6 logical volume descriptor.</summary>
    public static class LogicalVolume
    {
        public const int Sequence = 0x10; // u32
        public const int Identifier = 0x54; // dstring[128]
        public const int BlockSize = 0xD4; // u32
        public const int FileSet = 0xF8; // long_ad
        public const int MapTableLength = 0x108; // u32
        public const int MapCount = 0x10C; // u32
        public const int Maps = 0x1B8; // type u8 (1 plain, 2 others), length u8; plain: volume u16, partition number u16
    }

    /// <summary>4/14.1 file set descriptor.</summary>
    public static class FileSet
    {
        public const int Root = 0x190; // long_ad
        public const int Size = 0x200;
    }

    /// <summary>4/14.6 ICB tag, inside a file entry at 0x10.</summary>
    public static class Icb
    {
        public const int Strategy = 0x14; // u16
        public const int FileType = 0x1B; // u8: 4 directory, 5 file
        public const int Flags = 0x22; // u16: bits 0-2 kind of allocation descriptors: 0 short, 1 long, 2 extended, 3 the content itself
        public const byte TypeUnspecified = 0;
        public const byte TypeDirectory = 4;
        public const byte TypeFile = 5;
    }

    /// <summary>4/14.9 file entry, and 4/14.17 extended file entry in brackets.</summary>
    public static class FileEntry
    {
        public const int Length = 0x38; // u64 [the same]
        public const int Modified = 0x54; // timestamp
        public const int AttributesLength = 0xA8; // u32: of the extended attributes
        public const int DescriptorsLength = 0xAC; // u32: of the allocation descriptors
        public const int Body = 0xB0; // attributes, then descriptors
        public const int ExtendedModified = 0x5C;
        public const int ExtendedAttributesLength = 0xD0;
        public const int ExtendedDescriptorsLength = 0xD4;
        public const int ExtendedBody = 0xD8;
    }

    /// <summary>4/14.5 allocation extent descriptor: more allocation descriptors.</summary>
    public static class AllocationExtent
    {
        public const int DescriptorsLength = 0x14; // u32
        public const int Body = 0x18;
    }

    /// <summary>4/14.4 file identifier descriptor: a name in a directory.</summary>
    public static class FileIdentifier
    {
        public const int Characteristics = 0x12; // u8
        public const int NameLength = 0x13; // u8
        public const int Icb = 0x14; // long_ad
        public const int UseLength = 0x24; // u16
        public const int Body = 0x26; // implementation use, then the name, padded to a multiple of 4
        public const byte Hidden = 0x01;
        public const byte Deleted = 0x04;
        public const byte Parent = 0x08;
    }

    /// <summary>4/14.14 allocation descriptors: length u32 with the kind in its high two bits, then the block.</summary>
    public static class Allocation
    {
        public const int ShortSize = 0x08; // length u32, block u32
        public const int LongSize = 0x10; // length u32, block u32, partition reference u16, 6 bytes of use
        public const int KindShift = 30; // 0 recorded, 1 allocated only, 2 neither (both read as zeros), 3 more descriptors there
        public const uint LengthMask = 0x3FFFFFFF;
    }
}
