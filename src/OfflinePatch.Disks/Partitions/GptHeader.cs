using System.Buffers.Binary;
using System.IO.Hashing;

namespace OfflinePatch.Disks.Partitions;

/// <summary>A view of a GPT header sector.</summary>
internal readonly ref struct GptHeader
{
    private readonly ReadOnlySpan<byte> _bytes;

    private GptHeader(ReadOnlySpan<byte> bytes) => _bytes = bytes;

    /// <summary>The view of a sector whose signature, size and checksum are right; else false and what is wrong.</summary>
    public static bool TryCreate(ReadOnlySpan<byte> sector, out GptHeader header, out string problem)
    {
        header = new GptHeader(sector);
        if (sector.Length < Layout.Size || !sector[..8].SequenceEqual(Layout.SignatureValue))
        {
            problem = "no signature \"EFI PART\"";
            return false;
        }

        var size = BinaryPrimitives.ReadUInt32LittleEndian(sector[Layout.HeaderSize..]);
        if (size < Layout.Size || size > sector.Length)
        {
            problem = $"header size {size}";
            return false;
        }

        Span<byte> copy = stackalloc byte[(int)size];
        sector[..(int)size].CopyTo(copy);
        copy.Slice(Layout.HeaderCrc, 4).Clear();
        var stored = BinaryPrimitives.ReadUInt32LittleEndian(sector[Layout.HeaderCrc..]);
        var computed = Crc32.HashToUInt32(copy);
        problem = stored == computed ? "" : $"header checksum 0x{stored:X8}, computed 0x{computed:X8}";
        return stored == computed;
    }

    /// <summary>Sector that this header says it is in.</summary>
    public ulong MyLba => BinaryPrimitives.ReadUInt64LittleEndian(_bytes[Layout.MyLba..]);

    /// <summary>Sector of the other header.</summary>
    public ulong AlternateLba => BinaryPrimitives.ReadUInt64LittleEndian(_bytes[Layout.AlternateLba..]);

    /// <summary>First sector that a partition may use.</summary>
    public ulong FirstUsableLba => BinaryPrimitives.ReadUInt64LittleEndian(_bytes[Layout.FirstUsableLba..]);

    /// <summary>Last sector that a partition may use.</summary>
    public ulong LastUsableLba => BinaryPrimitives.ReadUInt64LittleEndian(_bytes[Layout.LastUsableLba..]);

    /// <summary>Identity of the disk.</summary>
    public Guid DiskGuid => new(_bytes.Slice(Layout.DiskGuid, 16));

    /// <summary>First sector of the table.</summary>
    public ulong EntriesLba => BinaryPrimitives.ReadUInt64LittleEndian(_bytes[Layout.EntriesLba..]);

    /// <summary>Slots in the table.</summary>
    public uint EntryCount => BinaryPrimitives.ReadUInt32LittleEndian(_bytes[Layout.EntryCount..]);

    /// <summary>Bytes of a slot: 128 times a power of two.</summary>
    public uint EntrySize => BinaryPrimitives.ReadUInt32LittleEndian(_bytes[Layout.EntrySize..]);

    /// <summary>Checksum of the whole table.</summary>
    public uint EntriesCrc => BinaryPrimitives.ReadUInt32LittleEndian(_bytes[Layout.EntriesCrc..]);

    /// <summary>Offsets in the header sector and in an entry. Source: UEFI 2.10 tables 5.5 and 5.6.</summary>
    internal static class Layout
    {
        /// <summary>+0x00 char[8]: <c>EFI PART</c>.</summary>
        public static ReadOnlySpan<byte> SignatureValue => "EFI PART"u8;

        /// <summary>Bytes of the defined header.</summary>
        public const int Size = 0x5C;

        /// <summary>+0x08 u32: revision, 0x00010000.</summary>
        public const int Revision = 0x08;

        /// <summary>+0x0C u32: bytes of the header that the checksum covers.</summary>
        public const int HeaderSize = 0x0C;

        /// <summary>+0x10 u32: CRC-32 of the header with this field zero.</summary>
        public const int HeaderCrc = 0x10;

        /// <summary>+0x18 u64: sector of this header.</summary>
        public const int MyLba = 0x18;

        /// <summary>+0x20 u64: sector of the other header.</summary>
        public const int AlternateLba = 0x20;

        /// <summary>+0x28 u64: first usable sector.</summary>
        public const int FirstUsableLba = 0x28;

        /// <summary>+0x30 u64: last usable sector.</summary>
        public const int LastUsableLba = 0x30;

        /// <summary>+0x38 guid: disk GUID.</summary>
        public const int DiskGuid = 0x38;

        /// <summary>+0x48 u64: first sector of the entries.</summary>
        public const int EntriesLba = 0x48;

        /// <summary>+0x50 u32: number of entries.</summary>
        public const int EntryCount = 0x50;

        /// <summary>+0x54 u32: bytes of an entry.</summary>
        public const int EntrySize = 0x54;

        /// <summary>+0x58 u32: CRC-32 of all entries.</summary>
        public const int EntriesCrc = 0x58;

        /// <summary>entry +0x00 guid: partition type, zero = unused.</summary>
        public const int EntryType = 0x00;

        /// <summary>entry +0x10 guid: unique partition GUID.</summary>
        public const int EntryUnique = 0x10;

        /// <summary>entry +0x20 u64: first sector.</summary>
        public const int EntryFirst = 0x20;

        /// <summary>entry +0x28 u64: last sector, inclusive.</summary>
        public const int EntryLast = 0x28;

        /// <summary>entry +0x30 u64: attributes.</summary>
        public const int EntryAttributes = 0x30;

        /// <summary>entry +0x38 char16[36]: name, zero padded.</summary>
        public const int EntryName = 0x38;

        /// <summary>Bytes of the smallest entry.</summary>
        public const int EntryMinimum = 0x80;
    }
}
