using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;
using OfflinePatch.FileSystems.Cab;

namespace OfflinePatch.FileSystems.Tests.Cab;

/// <summary>Writes cabinets of one folder for tests: stored, MSZIP, or LZX frames made by <see cref="LzxTestEncoder"/>.</summary>
internal static class TestCabinet
{
    public static byte[] Stored(params (string Name, byte[] Content)[] files) =>
        Pack(0, files, content => [.. content.Chunk(32_768).Select(c => (c, c.Length))]);

    public static byte[] Mszip(params (string Name, byte[] Content)[] files) =>
        Pack(1, files, content => [.. content.Chunk(32_768).Select(c =>
    {
        using var memory = new MemoryStream();
        memory.Write("CK"u8);
        using (var deflate = new DeflateStream(memory, CompressionLevel.Optimal, leaveOpen: true))
        {
            deflate.Write(c);
        }

        return (memory.ToArray(), c.Length);
    })]);

    public static byte[] Pack(int method, (string Name, byte[] Content)[] files, Func<byte[], (byte[] Packed, int Length)[]> pack)
    {
        var blocks = pack([.. files.SelectMany(f => f.Content)]);
        var table = new List<byte>();
        uint at = 0;
        foreach (var (name, content) in files)
        {
            var record = new byte[16];
            BinaryPrimitives.WriteUInt32LittleEndian(record, (uint)content.Length);
            BinaryPrimitives.WriteUInt32LittleEndian(record.AsSpan(4), at);
            BinaryPrimitives.WriteUInt16LittleEndian(record.AsSpan(10), (40 << 9) | (5 << 5) | 6);
            BinaryPrimitives.WriteUInt16LittleEndian(record.AsSpan(14), 0xA0);
            table.AddRange([.. record, .. Encoding.UTF8.GetBytes(name), 0]);
            at += (uint)content.Length;
        }

        var header = new byte[36 + 8];
        "MSCF"u8.CopyTo(header);
        header[24] = 3;
        header[25] = 1;
        BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(16), (uint)header.Length);
        BinaryPrimitives.WriteUInt16LittleEndian(header.AsSpan(26), 1);
        BinaryPrimitives.WriteUInt16LittleEndian(header.AsSpan(28), (ushort)files.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(36), (uint)(header.Length + table.Count));
        BinaryPrimitives.WriteUInt16LittleEndian(header.AsSpan(40), (ushort)blocks.Length);
        BinaryPrimitives.WriteUInt16LittleEndian(header.AsSpan(42), (ushort)method);
        var all = new List<byte>([.. header, .. table]);
        foreach (var (packed, length) in blocks)
        {
            var block = new byte[8];
            BinaryPrimitives.WriteUInt16LittleEndian(block.AsSpan(4), (ushort)packed.Length);
            BinaryPrimitives.WriteUInt16LittleEndian(block.AsSpan(6), (ushort)length);
            BinaryPrimitives.WriteUInt32LittleEndian(block,
                CabFolder.ComputeChecksum(block.AsSpan(4), CabFolder.ComputeChecksum(packed, 0)));
            all.AddRange(block);
            all.AddRange(packed);
        }

        var result = all.ToArray();
        BinaryPrimitives.WriteUInt32LittleEndian(result.AsSpan(8), (uint)result.Length);
        return result;
    }
}
