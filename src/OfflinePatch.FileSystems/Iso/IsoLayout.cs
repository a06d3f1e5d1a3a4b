namespace OfflinePatch.FileSystems.Iso;

/// <summary>
/// Byte offsets of ISO 9660 structures; of numbers stored in both byte orders the little-endian one is read. Source: ECMA-119 (4th
/// edition), the clause in each heading; Joliet: Microsoft, "Joliet Specification" (1995), "CD-ROM recording spec ISO 9660:1988 extensions
/// for Unicode".
/// </summary>
internal static class IsoLayout
{
    /// <summary>Volume descriptors start at sector 16 of 2,048 bytes, and fill one each (6.2.1).</summary>
    public const int SectorSize = 2048;
    public const long FirstDescriptor = 16 * SectorSize;

    /// <summary>8.1 volume descriptors; 8.4 primary, 8.5 supplementary.</summary>
    public static class Descriptor
    {
        public const int Type = 0x00; // u8: 0 boot, 1 primary, 2 supplementary, 255 the end
        public const int Identifier = 0x01; // "CD001"
        public const int Version = 0x06; // u8: 1
        public const int VolumeIdentifier = 0x28; // char[32]; Joliet: UCS-2 big-endian
        public const int SpaceSize = 0x50; // u32: logical blocks of the volume
        public const int EscapeSequences = 0x58; // u8[32] of a supplementary one: %/@ %/C %/E are Joliet levels 1 to 3
        public const int BlockSize = 0x80; // u16
        public const int RootRecord = 0x9C; // directory record of 34 bytes
        public const byte TypePrimary = 1;
        public const byte TypeSupplementary = 2;
        public const byte TypeEnd = 255;
    }

    /// <summary>9.1 directory records.</summary>
    public static class Record
    {
        public const int Length = 0x00; // u8; 0: the next record starts with the next sector
        public const int ExtendedAttributes = 0x01; // u8: blocks before the content
        public const int Extent = 0x02; // u32: logical block
        public const int ContentLength = 0x0A; // u32: bytes
        public const int Recorded = 0x12; // u8[7]: year since 1900, month, day, hour, minute, second, quarter hours from UTC
        public const int Flags = 0x19; // u8
        public const int FileUnitSize = 0x1A; // u8: 0 unless interleaved
        public const int GapSize = 0x1B; // u8
        public const int NameLength = 0x20; // u8
        public const int Name = 0x21; // a lone 00 is ".", a lone 01 is ".."

        public const byte FlagHidden = 0x01;
        public const byte FlagDirectory = 0x02;
        public const byte FlagAssociated = 0x04;
        public const byte FlagMultiExtent = 0x80; // the next record continues the same file
    }
}
