using System.Buffers.Binary;
using OfflinePatch.Core;
using OfflinePatch.Disks;

namespace OfflinePatch.Windows.Tests.Machines;

/// <summary>A sparse disk in memory that claims to be a container of some format.</summary>
public sealed class TestDisk(long length, ImageFormat format = ImageFormat.Raw, Dictionary<string, string>? properties = null) : DiskImage
{
    private readonly MemoryDevice _device = new(length);

    public override ImageFormat Format => format;

    public override string Subformat => "";

    public override long Length => length;

    public override IReadOnlyDictionary<string, string> Properties { get; } = properties ?? [];

    public override void Read(long offset, Span<byte> buffer) => _device.Read(offset, buffer);

    public override void Write(long offset, ReadOnlySpan<byte> buffer) => _device.Write(offset, buffer);

    /// <summary>An MBR with boot code; partitions are (type, active, first byte, bytes).</summary>
    public static void WriteMbr(BlockDevice disk, uint signature, params (byte Type, bool Active, long Offset, long Length)[] partitions)
    {
        var mbr = new byte[512];
        mbr.AsSpan(0, 0x1B8).Fill(0x90);
        BinaryPrimitives.WriteUInt32LittleEndian(mbr.AsSpan(0x1B8), signature);
        for (var i = 0; i < partitions.Length; i++)
        {
            var entry = mbr.AsSpan(0x1BE + (i * 16), 16);
            entry[0] = partitions[i].Active ? (byte)0x80 : (byte)0;
            entry[4] = partitions[i].Type;
            BinaryPrimitives.WriteUInt32LittleEndian(entry[8..], (uint)(partitions[i].Offset / 512));
            BinaryPrimitives.WriteUInt32LittleEndian(entry[12..], (uint)(partitions[i].Length / 512));
        }

        mbr[510] = 0x55;
        mbr[511] = 0xAA;
        disk.Write(0, mbr);
    }

    /// <summary>A protective MBR and both GPTs.</summary>
    public static void WriteGpt(BlockDevice disk, Guid diskGuid, params (Guid Type, Guid Id, long Offset, long Length)[] partitions)
    {
        WriteMbr(disk, 0, (0xEE, false, 512, Math.Min(disk.Length - 512, 0xFFFFFFFFL * 512)));
        var entries = new byte[128 * 128];
        for (var i = 0; i < partitions.Length; i++)
        {
            var entry = entries.AsSpan(i * 128, 128);
            partitions[i].Type.TryWriteBytes(entry);
            partitions[i].Id.TryWriteBytes(entry[16..]);
            BinaryPrimitives.WriteInt64LittleEndian(entry[32..], partitions[i].Offset / 512);
            BinaryPrimitives.WriteInt64LittleEndian(entry[40..], ((partitions[i].Offset + partitions[i].Length) / 512) - 1);
        }

        var last = (disk.Length / 512) - 1;
        WriteHeader(disk, diskGuid, entries, 1, last, 2);
        WriteHeader(disk, diskGuid, entries, last, 1, last - 32);
    }

    private static void WriteHeader(BlockDevice disk, Guid diskGuid, byte[] entries, long at, long other, long table)
    {
        var last = (disk.Length / 512) - 1;
        var header = new byte[512];
        "EFI PART"u8.CopyTo(header);
        BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(8), 0x10000);
        BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(12), 92);
        BinaryPrimitives.WriteInt64LittleEndian(header.AsSpan(24), at);
        BinaryPrimitives.WriteInt64LittleEndian(header.AsSpan(32), other);
        BinaryPrimitives.WriteInt64LittleEndian(header.AsSpan(40), 34);
        BinaryPrimitives.WriteInt64LittleEndian(header.AsSpan(48), last - 33);
        diskGuid.TryWriteBytes(header.AsSpan(56));
        BinaryPrimitives.WriteInt64LittleEndian(header.AsSpan(72), table);
        BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(80), 128);
        BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(84), 128);
        BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(88), Crc32(entries));
        BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(16), Crc32(header.AsSpan(0, 92)));
        disk.Write(at * 512, header);
        disk.Write(table * 512, entries);
    }

    private static uint Crc32(ReadOnlySpan<byte> data)
    {
        var crc = 0xFFFFFFFFu;
        foreach (var b in data)
        {
            crc ^= b;
            for (var i = 0; i < 8; i++)
            {
                crc = (crc & 1) != 0 ? (crc >> 1) ^ 0xEDB88320u : crc >> 1;
            }
        }

        return ~crc;
    }
}
