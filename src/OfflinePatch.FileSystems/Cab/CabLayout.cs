namespace OfflinePatch.FileSystems.Cab;

/// <summary>
/// Byte offsets of the structures of a cabinet; all little-endian. Source: Microsoft, [MS-CAB] "Cabinet File Format", section 2.
/// </summary>
internal static class CabLayout
{
    /// <summary>2.1 CFHEADER.</summary>
    public static class Header
    {
        public const int Signature = 0x00; // "MSCF"
        public const int CabinetLength = 0x08; // u32: bytes of the cabinet
        public const int FilesOffset = 0x10; // u32: first CFFILE
        public const int VersionMajor = 0x19; // u8: 1
        public const int FolderCount = 0x1A; // u16
        public const int FileCount = 0x1C; // u16
        public const int Flags = 0x1E; // u16: 1 there is a previous cabinet, 2 there is a next one, 4 reserved fields follow
        public const int Size = 0x24;
        public const int ReserveHeader = 0x24; // u16: bytes reserved in this header
        public const int ReserveFolder = 0x26; // u8: in each CFFOLDER
        public const int ReserveBlock = 0x27; // u8: in each CFDATA
        public const int ReservesSize = 0x04;

        public const ushort HasPrevious = 1;
        public const ushort HasNext = 2;
        public const ushort HasReserves = 4;
    }

    /// <summary>2.2 CFFOLDER.</summary>
    public static class Folder
    {
        public const int BlocksOffset = 0x00; // u32: first CFDATA
        public const int BlockCount = 0x04; // u16
        public const int Method = 0x06; // u16: low four bits 0 stored, 1 MSZIP, 2 Quantum, 3 LZX; bits 8-12 the window bits of LZX
        public const int Size = 0x08;
    }

    /// <summary>2.3 CFFILE.</summary>
    public static class File
    {
        public const int Length = 0x00; // u32
        public const int FolderOffset = 0x04; // u32: where it starts in the unpacked folder
        public const int FolderIndex = 0x08; // u16; FFFD-FFFF: in two cabinets of a set
        public const int Date = 0x0A; // u16
        public const int Time = 0x0C; // u16
        public const int Attributes = 0x0E; // u16: DOS attributes; 0x80 the name is UTF-8
        public const int Name = 0x10; // zero-terminated
        public const int NameLimit = 0x100;
        public const ushort NameIsUtf8 = 0x80;
        public const ushort FirstContinued = 0xFFFD;
    }

    /// <summary>2.4 CFDATA.</summary>
    public static class Block
    {
        public const int Checksum = 0x00; // u32; 0: none
        public const int PackedLength = 0x04; // u16
        public const int Length = 0x06; // u16: at most 32,768; 0: continues in the next cabinet
        public const int Size = 0x08;
        public const int LengthLimit = 0x8000;
        public const int PackedLimit = LengthLimit + 6144; // 3.2.1: what cannot be packed grows by that much at most
    }
}
