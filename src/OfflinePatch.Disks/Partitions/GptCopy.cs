using System.IO.Hashing;
using OfflinePatch.Core;

namespace OfflinePatch.Disks.Partitions;

/// <summary>One of the two copies of a GPT, whose header and table checksums are right.</summary>
/// <param name="Lba">Sector of the header.</param>
/// <param name="Header">The header's sector, whole.</param>
/// <param name="Entries">The table: all slots.</param>
internal sealed record GptCopy(ulong Lba, byte[] Header, byte[] Entries)
{
    // 128 entries of 128 bytes are 16 KiB; 4 MiB leaves room for any table in use and bounds what a hostile header can allocate.
    private const int MaxTableBytes = 4 * 1024 * 1024;

    /// <summary>Bytes of a slot.</summary>
    public int EntrySize => (int)LittleEndian.U32(Header, GptHeader.Layout.EntrySize);

    /// <summary>First sector of the table.</summary>
    public ulong EntriesLba => LittleEndian.U64(Header, GptHeader.Layout.EntriesLba);

    /// <summary>Sector of the other copy's header.</summary>
    public ulong AlternateLba => LittleEndian.U64(Header, GptHeader.Layout.AlternateLba);

    /// <summary>First sector that a partition may use.</summary>
    public ulong FirstUsableLba => LittleEndian.U64(Header, GptHeader.Layout.FirstUsableLba);

    /// <summary>Last sector that a partition may use.</summary>
    public ulong LastUsableLba => LittleEndian.U64(Header, GptHeader.Layout.LastUsableLba);

    /// <summary>Identity of the disk.</summary>
    public Guid DiskGuid => new(Header.AsSpan(GptHeader.Layout.DiskGuid, 16));

    /// <summary>Reads the copy whose header is in a sector; null where it is damaged, and <paramref name="problem"/> says how.</summary>
    public static GptCopy? TryRead(BlockDevice disk, int sectorSize, ulong lba, out string problem)
    {
        var sectors = (ulong)(disk.Length / sectorSize);
        if (lba == 0 || lba >= sectors)
        {
            problem = "outside the disk";
            return null;
        }

        var sector = new byte[sectorSize];
        disk.Read((long)lba * sectorSize, sector);
        if (!GptHeader.TryCreate(sector, out var header, out problem))
        {
            return null;
        }

        if (header.MyLba != lba)
        {
            problem = $"header of sector {header.MyLba} found in sector {lba}";
            return null;
        }

        var size = header.EntrySize;
        if (size < GptHeader.Layout.EntryMinimum || !System.Numerics.BitOperations.IsPow2(size) || size > MaxTableBytes
            || header.EntryCount == 0 || header.EntryCount > MaxTableBytes / size)
        {
            problem = $"table of {header.EntryCount} entries of {size} bytes";
            return null;
        }

        var bytes = (int)(header.EntryCount * size);
        if (header.EntriesLba < 2 || header.EntriesLba >= sectors || bytes > disk.Length - ((long)header.EntriesLba * sectorSize))
        {
            problem = $"table at sector {header.EntriesLba}";
            return null;
        }

        var entries = new byte[bytes];
        disk.Read((long)header.EntriesLba * sectorSize, entries);
        var computed = Crc32.HashToUInt32(entries);
        if (computed != header.EntriesCrc)
        {
            problem = $"table checksum 0x{header.EntriesCrc:X8}, computed 0x{computed:X8}";
            return null;
        }

        return new GptCopy(lba, sector, entries);
    }

    /// <summary>Writes table and header to the places that the header names. The rest of the table's last sector is zeros.</summary>
    public void WriteTo(BlockDevice disk, int sectorSize)
    {
        var padded = new byte[(Entries.Length + sectorSize - 1) / sectorSize * sectorSize];
        Entries.CopyTo(padded, 0);
        disk.Write((long)EntriesLba * sectorSize, padded);
        disk.Write((long)LittleEndian.U64(Header, GptHeader.Layout.MyLba) * sectorSize, Header);
    }

    /// <summary>Writes the checksums of the entries and of the header, after either was changed.</summary>
    public void Sign()
    {
        LittleEndian.PutU32(Header, GptHeader.Layout.EntriesCrc, Crc32.HashToUInt32(Entries));
        var size = (int)LittleEndian.U32(Header, GptHeader.Layout.HeaderSize);
        LittleEndian.PutU32(Header, GptHeader.Layout.HeaderCrc, 0);
        LittleEndian.PutU32(Header, GptHeader.Layout.HeaderCrc, Crc32.HashToUInt32(Header.AsSpan(0, size)));
    }
}
