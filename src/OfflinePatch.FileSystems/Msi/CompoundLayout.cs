namespace OfflinePatch.FileSystems.Msi;

/// <summary>Byte offsets of a compound file; all little-endian. Source: Microsoft, [MS-CFB], section 2.</summary>
internal static class CompoundLayout
{
    /// <summary>2.1: sector numbers from here on mean something else.</summary>
    public const uint LastSector = 0xFFFFFFFA;
    public const uint EndOfChain = 0xFFFFFFFE;
    public const uint FreeSector = 0xFFFFFFFF;

    /// <summary>2.2 header.</summary>
    public static class Header
    {
        public const int Signature = 0x00; // D0 CF 11 E0 A1 B1 1A E1
        public const int MajorVersion = 0x1A; // u16: 3 or 4
        public const int ByteOrder = 0x1C; // u16 0xFFFE
        public const int SectorShift = 0x1E; // u16: 9 in version 3, 12 in version 4
        public const int MiniSectorShift = 0x20; // u16: 6
        public const int FatSectorCount = 0x2C; // u32
        public const int FirstDirectorySector = 0x30; // u32
        public const int MiniCutoff = 0x38; // u32: 4096; shorter streams are in mini sectors
        public const int FirstMiniFatSector = 0x3C; // u32
        public const int FirstDifatSector = 0x44; // u32
        public const int DifatSectorCount = 0x48; // u32
        public const int Difat = 0x4C; // u32[109]: the first sectors of the FAT
        public const int DifatInHeader = 109;
        public const int Size = 0x200;
    }

    /// <summary>2.6 directory entry.</summary>
    public static class Entry
    {
        public const int Name = 0x00; // UTF-16, 32 characters
        public const int NameLength = 0x40; // u16: bytes, with the zero at the end
        public const int Type = 0x42; // u8: 0 unused, 1 storage, 2 stream, 5 root
        public const int Left = 0x44; // u32: sibling
        public const int Right = 0x48; // u32: sibling
        public const int Child = 0x4C; // u32
        public const int FirstSector = 0x74; // u32
        public const int Length = 0x78; // u64; version 3: only the low half counts
        public const int Size = 0x80;
        public const byte TypeStream = 2;
        public const byte TypeRoot = 5;
        public const uint None = 0xFFFFFFFF;
    }
}
