namespace OfflinePatch.FileSystems.Zip;

/// <summary>
/// Byte offsets of the records of a ZIP archive; all little-endian. Source: PKWARE APPNOTE.TXT 6.3.10, the section in each heading.
/// </summary>
internal static class ZipLayout
{
    /// <summary>4.3.7 local file header.</summary>
    public static class Local
    {
        public const uint Signature = 0x04034B50;
        public const int NameLength = 0x1A; // u16
        public const int ExtraLength = 0x1C; // u16
        public const int Size = 0x1E;
    }

    /// <summary>4.3.12 central directory file header.</summary>
    public static class Central
    {
        public const uint Signature = 0x02014B50;
        public const int MadeBy = 0x04; // u16, high byte: host system (3 = Unix)
        public const int Flags = 0x08; // u16, 4.4.4
        public const int Method = 0x0A; // u16, 4.4.5
        public const int Time = 0x0C; // u16 DOS time
        public const int Date = 0x0E; // u16 DOS date
        public const int Crc = 0x10; // u32 of the content
        public const int PackedSize = 0x14; // u32, 0xFFFFFFFF: in the zip64 field
        public const int Length = 0x18; // u32, likewise
        public const int NameLength = 0x1C; // u16
        public const int ExtraLength = 0x1E; // u16
        public const int CommentLength = 0x20; // u16
        public const int Disk = 0x22; // u16, 0xFFFF: in the zip64 field
        public const int ExternalAttributes = 0x26; // u32: low byte DOS attributes, high word Unix mode
        public const int HeaderOffset = 0x2A; // u32, 0xFFFFFFFF: in the zip64 field
        public const int Size = 0x2E;

        public const ushort FlagEncrypted = 0x0001;
        public const ushort FlagStrongEncryption = 0x0040;
        public const ushort FlagUtf8 = 0x0800;
        public const ushort FlagMaskedHeaders = 0x2000;
    }

    /// <summary>4.3.16 end of central directory record.</summary>
    public static class End
    {
        public const uint Signature = 0x06054B50;
        public const int Disk = 0x04; // u16
        public const int DirectoryDisk = 0x06; // u16
        public const int Entries = 0x0A; // u16, 0xFFFF: in the zip64 record
        public const int DirectorySize = 0x0C; // u32, likewise
        public const int DirectoryOffset = 0x10; // u32, likewise
        public const int CommentLength = 0x14; // u16
        public const int Size = 0x16;
    }

    /// <summary>4.3.15 zip64 end of central directory locator, right before the end record.</summary>
    public static class Locator64
    {
        public const uint Signature = 0x07064B50;
        public const int RecordOffset = 0x08; // u64
        public const int Size = 0x14;
    }

    /// <summary>4.3.14 zip64 end of central directory record.</summary>
    public static class End64
    {
        public const uint Signature = 0x06064B50;
        public const int Entries = 0x20; // u64
        public const int DirectorySize = 0x28; // u64
        public const int DirectoryOffset = 0x30; // u64
        public const int Size = 0x38;
    }

    /// <summary>4.5 extensible fields: id u16, size u16, then the bytes.</summary>
    public static class Extra
    {
        public const ushort Zip64 = 0x0001; // 4.5.3: length u64, packed u64, offset u64, disk u32; only those that overflow
        public const ushort UnicodePath = 0x7075; // 4.6.9: version u8, CRC-32 of the plain name u32, UTF-8 name
    }
}
