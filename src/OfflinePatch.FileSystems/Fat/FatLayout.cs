namespace OfflinePatch.FileSystems.Fat;

/// <summary>
/// Byte offsets of the structures of FAT12, FAT16 and FAT32; all little-endian. Source: Microsoft, "FAT: General Overview of On-Disk
/// Format", version 1.03 (fatgen103), and for the dirty bits and name case flags the fastfat sample of the Windows Driver Kit.
/// </summary>
internal static class FatLayout
{
    /// <summary>Sector 0: boot sector and BIOS parameter block.</summary>
    public static class Boot
    {
        public const int Jump = 0x00; // u8[3]: EB xx 90, or E9 xx xx
        public const int OemName = 0x03; // char[8]
        public const int BytesPerSector = 0x0B; // u16: 512, 1024, 2048 or 4096
        public const int SectorsPerCluster = 0x0D; // u8: a power of two up to 128
        public const int ReservedSectors = 0x0E; // u16: before the first FAT, at least 1
        public const int FatCount = 0x10; // u8: 2, rarely 1
        public const int RootEntries = 0x11; // u16: slots of the fixed root directory; 0 on FAT32
        public const int TotalSectors16 = 0x13; // u16; 0: see TotalSectors32
        public const int Media = 0x15; // u8: F8 fixed disk, F0 removable, F9-FF old floppies
        public const int SectorsPerFat16 = 0x16; // u16; 0 on FAT32
        public const int SectorsPerTrack = 0x18; // u16
        public const int Heads = 0x1A; // u16
        public const int HiddenSectors = 0x1C; // u32: sectors before the partition
        public const int TotalSectors32 = 0x20; // u32
        public const int Signature = 0x1FE; // u16 0xAA55
        public const int Size = 0x200;

        /// <summary>FAT12 and FAT16 continue like this.</summary>
        public static class Old
        {
            public const int DriveNumber = 0x24; // u8: 0x80 fixed disk, 0x00 floppy
            // u8: bit 0 not cleanly dismounted, bit 1 surface test wanted (fastfat: FAT_BOOT_SECTOR_DIRTY)
            public const int DirtyFlags = 0x25;
            public const int ExtendedSignature = 0x26; // u8 0x29: the next three fields are there
            public const int SerialNumber = 0x27; // u32
            public const int Label = 0x2B; // char[11]
            public const int TypeName = 0x36; // char[8]: "FAT12   ", for people only
            public const int Code = 0x3E;
        }

        /// <summary>FAT32 continues like this.</summary>
        public static class New
        {
            public const int SectorsPerFat = 0x24; // u32
            public const int Flags = 0x28; // u16: bits 0-3 the active FAT, where bit 7 says that they are not mirrored
            public const int Version = 0x2A; // u16: 0
            public const int RootCluster = 0x2C; // u32
            public const int InfoSector = 0x30; // u16: FSInfo, usually 1
            public const int BackupSector = 0x32; // u16: copy of sector 0, usually 6
            public const int DriveNumber = 0x40; // u8
            public const int DirtyFlags = 0x41; // u8: as Old.DirtyFlags
            public const int ExtendedSignature = 0x42; // u8 0x29
            public const int SerialNumber = 0x43; // u32
            public const int Label = 0x47; // char[11]
            public const int TypeName = 0x52; // char[8]
            public const int Code = 0x5A;
        }
    }

    /// <summary>The FSInfo sector of FAT32.</summary>
    public static class Info
    {
        public const int LeadSignature = 0x000; // u32 0x41615252
        public const int StructSignature = 0x1E4; // u32 0x61417272
        public const int FreeClusters = 0x1E8; // u32; 0xFFFFFFFF unknown
        public const int NextFree = 0x1EC; // u32; 0xFFFFFFFF unknown
        public const int TrailSignature = 0x1FC; // u32 0xAA550000
        public const uint LeadValue = 0x41615252;
        public const uint StructValue = 0x61417272;
        public const uint TrailValue = 0xAA550000;
    }

    /// <summary>A directory slot that holds a short name.</summary>
    public static class Slot
    {
        // char[11]: OEM code page, upper case, 8 + 3, padded with spaces; [0] = E5 free, 00 free and the end, 05 stands for E5
        public const int Name = 0x00;
        public const int Attributes = 0x0B; // u8
        public const int CaseFlags = 0x0C; // u8: bit 3 the name is lower case, bit 4 the extension is (fastfat: FAT_DIRENT_NT_BYTE_*)
        public const int CreatedHundredths = 0x0D; // u8: 0-199, of two seconds
        public const int CreatedTime = 0x0E; // u16
        public const int CreatedDate = 0x10; // u16
        public const int AccessedDate = 0x12; // u16
        public const int ClusterHigh = 0x14; // u16: FAT32 only
        public const int WrittenTime = 0x16; // u16
        public const int WrittenDate = 0x18; // u16
        public const int ClusterLow = 0x1A; // u16; 0: no content
        public const int FileLength = 0x1C; // u32; 0 for a directory
        public const int Size = 0x20;

        public const byte Free = 0xE5;
        public const byte End = 0x00;
        public const byte StandsForE5 = 0x05;
        public const byte LowerName = 0x08;
        public const byte LowerExtension = 0x10;

        public const byte ReadOnly = 0x01;
        public const byte Hidden = 0x02;
        public const byte System = 0x04;
        public const byte VolumeLabel = 0x08;
        public const byte Directory = 0x10;
        public const byte Archive = 0x20;
        public const byte LongName = 0x0F; // all of the low four: no older program takes it for a file
        public const byte LongNameMask = 0x3F;
    }

    /// <summary>A directory slot that holds 13 characters of a long name; the last part stands first, the short name right after.</summary>
    public static class LongSlot
    {
        public const int Ordinal = 0x00; // u8: 1 and up; 0x40 marks the last part
        public const int First = 0x01; // u16[5]
        public const int Type = 0x0C; // u8: 0
        public const int Checksum = 0x0D; // u8 of the short name
        public const int Second = 0x0E; // u16[6]
        public const int Cluster = 0x1A; // u16: 0
        public const int Third = 0x1C; // u16[2]
        public const byte Last = 0x40;
        public const int Characters = 13;
        public const int PartLimit = 20; // 255 characters
    }
}
