using System.Buffers.Binary;
using System.Text;
using OfflinePatch.Core;

namespace OfflinePatch.Disks.Tests.Partitions;

/// <summary>Writes partition tables from the words of the specification, apart from the reader's own constants.</summary>
internal static class PartitionedDisk
{
    public static readonly Guid DiskGuid = new("11223344-5566-7788-99AA-BBCCDDEEFF00");

    public static readonly Guid Esp = new("C12A7328-F81F-11D2-BA4B-00A0C93EC93B");

    public static readonly Guid Basic = new("EBD0A0A2-B9E5-4433-87C0-68B6B72699C7");

    public static MemoryDevice Mbr(long length, params (int Slot, byte Status, byte Type, uint First, uint Count)[] entries)
    {
        var disk = new MemoryDevice(length);
        WriteBootRecord(disk, 0, entries);
        disk.Write(440, [0x78, 0x56, 0x34, 0x12]);
        return disk;
    }

    public static void WriteBootRecord(MemoryDevice disk, long offset,
        params (int Slot, byte Status, byte Type, uint First, uint Count)[] entries)
    {
        var sector = new byte[512];
        foreach (var (slot, status, type, first, count) in entries)
        {
            var at = sector.AsSpan(446 + (16 * slot), 16);
            at[0] = status;
            at[4] = type;
            BinaryPrimitives.WriteUInt32LittleEndian(at[8..], first);
            BinaryPrimitives.WriteUInt32LittleEndian(at[12..], count);
        }

        sector[510] = 0x55;
        sector[511] = 0xAA;
        disk.Write(offset, sector);
    }

    public static MemoryDevice Gpt(long length, int sectorSize, params (Guid Type, ulong First, ulong Last, string Name)[] entries)
    {
        var disk = new MemoryDevice(length);
        var sectors = (ulong)(length / sectorSize);
        WriteBootRecord(disk, 0, (0, 0, 0xEE, 1, (uint)Math.Min(sectors - 1, uint.MaxValue)));
        var table = new byte[128 * 128];
        for (var i = 0; i < entries.Length; i++)
        {
            var at = table.AsSpan(i * 128, 128);
            entries[i].Type.TryWriteBytes(at);
            new Guid(i + 1, 0, 0, [0, 0, 0, 0, 0, 0, 0, 0]).TryWriteBytes(at[16..]);
            BinaryPrimitives.WriteUInt64LittleEndian(at[32..], entries[i].First);
            BinaryPrimitives.WriteUInt64LittleEndian(at[40..], entries[i].Last);
            Encoding.Unicode.GetBytes(entries[i].Name).CopyTo(at[56..]);
        }

        var tableSectors = (ulong)((table.Length + sectorSize - 1) / sectorSize);
        disk.Write(2L * sectorSize, table);
        disk.Write((long)(sectors - 1 - tableSectors) * sectorSize, table);
        WriteGptHeader(disk, sectorSize, 1, sectors - 1, 2, 2 + tableSectors, sectors - 2 - tableSectors, table);
        WriteGptHeader(disk, sectorSize, sectors - 1, 1, sectors - 1 - tableSectors, 2 + tableSectors, sectors - 2 - tableSectors, table);
        return disk;
    }

    public static void WriteGptHeader(
        MemoryDevice disk, int sectorSize, ulong lba, ulong alternate, ulong entriesLba, ulong firstUsable, ulong lastUsable, byte[] table)
    {
        var header = new byte[92];
        "EFI PART"u8.CopyTo(header);
        BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(8), 0x10000);
        BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(12), 92);
        BinaryPrimitives.WriteUInt64LittleEndian(header.AsSpan(24), lba);
        BinaryPrimitives.WriteUInt64LittleEndian(header.AsSpan(32), alternate);
        BinaryPrimitives.WriteUInt64LittleEndian(header.AsSpan(40), firstUsable);
        BinaryPrimitives.WriteUInt64LittleEndian(header.AsSpan(48), lastUsable);
        DiskGuid.TryWriteBytes(header.AsSpan(56));
        BinaryPrimitives.WriteUInt64LittleEndian(header.AsSpan(72), entriesLba);
        BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(80), 128);
        BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(84), 128);
        BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(88), BitwiseCrc(table));
        BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(16), BitwiseCrc(header));
        disk.Write((long)lba * sectorSize, header);
    }

    public static uint BitwiseCrc(ReadOnlySpan<byte> bytes)
    {
        var crc = 0xFFFFFFFFu;
        foreach (var value in bytes)
        {
            crc ^= value;
            for (var i = 0; i < 8; i++)
            {
                crc = (crc >> 1) ^ ((crc & 1) * 0xEDB88320u);
            }
        }

        return ~crc;
    }
}
