using System.Buffers.Binary;

namespace OfflinePatch.Disks.Partitions;

/// <summary>A view of a master boot record, or of an extended boot record: the first 512 bytes of its sector.</summary>
internal readonly ref struct MasterBootRecord
{
    /// <summary>Entries in the table.</summary>
    public const int EntryCount = 4;

    private readonly ReadOnlySpan<byte> _bytes;

    private MasterBootRecord(ReadOnlySpan<byte> bytes) => _bytes = bytes;

    /// <summary>The view, or false where the signature 55 AA is missing.</summary>
    public static bool TryCreate(ReadOnlySpan<byte> sector, out MasterBootRecord record)
    {
        record = new MasterBootRecord(sector);
        return sector.Length >= Layout.Size
            && BinaryPrimitives.ReadUInt16LittleEndian(sector[Layout.BootSignature..]) == Layout.BootSignatureValue;
    }

    /// <summary>The view of 512 bytes whose signature may be missing: firmware reads a protective entry without it.</summary>
    public static MasterBootRecord WithoutSignature(ReadOnlySpan<byte> sector) => new(sector[..Layout.Size]);

    /// <summary>Disk signature that Windows' MountedDevices and BCD name.</summary>
    public uint DiskSignature => BinaryPrimitives.ReadUInt32LittleEndian(_bytes[Layout.DiskSignature..]);

    /// <summary>Whether the first bytes are the boot sector of a volume (NTFS, exFAT, FAT): no partition table then.</summary>
    public bool IsVolumeBootSector =>
        _bytes.Slice(Layout.OemId, 8).SequenceEqual("NTFS    "u8)
        || _bytes.Slice(Layout.OemId, 8).SequenceEqual("EXFAT   "u8)
        || _bytes.Slice(Layout.OemId, 8).SequenceEqual("ReFS\0\0\0\0"u8)
        || _bytes.Slice(Layout.OemId, 8).SequenceEqual("-FVE-FS-"u8)
        || _bytes.Slice(Layout.FatType, 3).SequenceEqual("FAT"u8)
        || _bytes.Slice(Layout.Fat32Type, 5).SequenceEqual("FAT32"u8);

    /// <summary>The four slots, in order.</summary>
    public MbrEntry[] Slots => [Entry(0), Entry(1), Entry(2), Entry(3)];

    /// <summary>Entry 0 to 3.</summary>
    public MbrEntry Entry(int index)
    {
        var entry = _bytes.Slice(Layout.Entries + (index * Layout.EntrySize), Layout.EntrySize);
        return new MbrEntry(
            entry[Layout.EntryStatus],
            entry[Layout.EntryType],
            BinaryPrimitives.ReadUInt32LittleEndian(entry[Layout.EntryFirstSector..]),
            BinaryPrimitives.ReadUInt32LittleEndian(entry[Layout.EntrySectorCount..]));
    }

    /// <summary>Offsets. Source: UEFI 2.10 §5.2.1; the volume fields: Microsoft FAT and NTFS boot sector descriptions.</summary>
    internal static class Layout
    {
        /// <summary>Bytes of the record.</summary>
        public const int Size = 0x200;

        /// <summary>+0x003 char[8]: OEM name of a volume's boot sector; boot code in an MBR.</summary>
        public const int OemId = 0x003;

        /// <summary>+0x036 char[8]: <c>FAT12   </c> or <c>FAT16   </c> in a FAT boot sector.</summary>
        public const int FatType = 0x036;

        /// <summary>+0x052 char[8]: <c>FAT32   </c> in a FAT32 boot sector.</summary>
        public const int Fat32Type = 0x052;

        /// <summary>+0x1B8 u32: disk signature.</summary>
        public const int DiskSignature = 0x1B8;

        /// <summary>+0x1BE: four entries of 16 bytes.</summary>
        public const int Entries = 0x1BE;

        /// <summary>Bytes of an entry.</summary>
        public const int EntrySize = 0x10;

        /// <summary>entry +0x0 u8: 0x80 active, 0x00 not.</summary>
        public const int EntryStatus = 0x0;

        /// <summary>entry +0x1 u8[3]: cylinder, head and sector of the first sector.</summary>
        public const int EntryFirstChs = 0x1;

        /// <summary>entry +0x4 u8: partition type, 0 = unused.</summary>
        public const int EntryType = 0x4;

        /// <summary>entry +0x5 u8[3]: cylinder, head and sector of the last sector.</summary>
        public const int EntryLastChs = 0x5;

        /// <summary>entry +0x8 u32: first sector (LBA).</summary>
        public const int EntryFirstSector = 0x8;

        /// <summary>entry +0xC u32: number of sectors.</summary>
        public const int EntrySectorCount = 0xC;

        /// <summary>+0x1FE u16: 0xAA55.</summary>
        public const int BootSignature = 0x1FE;

        /// <summary>The value at <see cref="BootSignature"/>.</summary>
        public const ushort BootSignatureValue = 0xAA55;
    }
}

/// <summary>One entry of an MBR or an extended boot record, sectors as stored.</summary>
internal readonly record struct MbrEntry(byte Status, byte Type, uint FirstSector, uint SectorCount)
{
    /// <summary>Whether the slot is used.</summary>
    public bool IsUsed => Type != 0;

    /// <summary>Whether it holds a partition that is not of a GPT: with a protective entry it makes the MBR a hybrid one.</summary>
    public bool IsPartition => IsUsed && Type != PartitionTypes.MbrProtective;

    /// <summary>Whether the status byte has one of its two legal values.</summary>
    public bool HasLegalStatus => Status is 0x00 or 0x80;
}
