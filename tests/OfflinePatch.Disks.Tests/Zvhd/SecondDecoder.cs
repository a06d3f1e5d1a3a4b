using System.IO.Compression;
using System.Text;
using ZstdSharp;

namespace OfflinePatch.Disks.Tests.Zvhd;

/// <summary>
/// Decodes ZVHD and ZVHD2 files from start to end in the way of the description, field by field with plain offsets. Shares nothing with the
/// product's readers, and refuses what the description does not say.
/// </summary>
internal static class SecondDecoder
{
    private const int Block = 2 << 20;

    /// <summary>The whole disk, of at most 2 GiB.</summary>
    public static byte[] Decode(byte[] file)
    {
        var disk = new byte[BitConverter.ToInt64(file, 0x28)];
        Decode(file, (offset, content) => content.AsSpan().CopyTo(disk.AsSpan((int)offset)));
        return disk;
    }

    /// <summary>Hands over the stored blocks, in ascending order, and returns the length of the disk.</summary>
    public static long Decode(byte[] file, Action<long, ArraySegment<byte>> store)
    {
        var cookie = Encoding.ASCII.GetString(file, 0, 8);
        Require(cookie is "stream\0\0" or "z2strm\0\0", "cookie");
        var second = cookie[0] == 'z';
        CheckHeader(file, 0);
        Require(file.Length % 4096 == 0, "file length");
        var original = BitConverter.ToInt64(file, 0x28);
        var current = BitConverter.ToInt64(file, 0x30);
        Require(current % (1 << 30) == 0 && current >= original && current - original < (1 << 30), "current size");
        using var inflater = second ? null : new Inflater();
        var records = new List<(long Offset, int Block, int Length)>();
        var at = 4096;
        while (Encoding.ASCII.GetString(file, at, 11) == "hwstream bg")
        {
            Require(file[at + 11] == 0, "prefix");
            var size = BitConverter.ToInt32(file, at + 12);
            var number = BitConverter.ToInt32(file, at + 16);
            Require(records.Count == 0 || number > records[^1].Block, "order of blocks");
            var payload = file.AsSpan(at + 48, size).ToArray();
            var content = !second ? inflater!.Next(payload) : file[0x8D] == 1 ? Unzstd(payload) : Unzlib(payload);
            Require(content.Length == Block, "block length");
            Require(content.Any(b => b != 0), "a block of zeros is stored");
            var from = (long)number * Block;
            store(from, new ArraySegment<byte>(content, 0, (int)Math.Min(Block, original - from)));
            var length = (48 + size + 4 + 4095) / 4096 * 4096;
            Require(file.AsSpan(at + 48 + size, length - 48 - size - 4).IndexOfAnyExcept((byte)0) < 0, "padding");
            Require(Encoding.ASCII.GetString(file, at + length - 4, 4) == "end\0", "end");
            records.Add((at, number, length));
            at += length;
        }

        CheckHeader(file, at);
        if (!second)
        {
            Require(at + 4096 == file.Length, "end of file");
            Require(file.AsSpan(0, 512).SequenceEqual(file.AsSpan(at, 512)), "trailing header");
            return original;
        }

        CheckTables(file, at + 4096, records, original);
        return original;
    }

    private static void CheckTables(byte[] file, int indexAt, List<(long Offset, int Block, int Length)> records, long original)
    {
        var footer = file.Length - 4096;
        CheckHeader(file, footer);
        Require(BitConverter.ToInt64(file, 0x60) == 0, "index offset in the leading header");
        Require(file[footer + 0x57] == 1 && BitConverter.ToInt32(file, footer + 0x58) == Block, "version, block size");
        var blocks = (int)((original + Block - 1) / Block);
        Require(BitConverter.ToInt32(file, footer + 0x5C) == blocks, "max_blk_num");
        Require(BitConverter.ToInt64(file, footer + 0x60) == indexAt, "index_lba");
        var segments = (records.Count + 32767) / 32768;
        Require(BitConverter.ToInt32(file, footer + 0x70) == segments * 0x80000, "index_size");
        var bitmapAt = indexAt + (segments * 0x80000);
        Require(BitConverter.ToInt64(file, footer + 0x68) == bitmapAt, "bitmap_lba");
        var bitmapSegments = (blocks + 32767) / 32768;
        Require(BitConverter.ToInt32(file, footer + 0x74) == bitmapSegments * 4096, "bitmap_size");
        Require(BitConverter.ToInt32(file, footer + 0x78) == 0x80000 && BitConverter.ToInt32(file, footer + 0x7C) == 0x1000,
            "segment sizes");
        Require(BitConverter.ToInt32(file, footer + 0x80) == segments && BitConverter.ToInt32(file, footer + 0x84) == bitmapSegments,
            "segments");
        Require(BitConverter.ToInt32(file, footer + 0x88) == records.Count && file[footer + 0x8C] == 0, "non_zero_blk_num");
        Require(bitmapAt + (bitmapSegments * 4096) == footer, "place of the footer");
        for (var i = 0; i < records.Count; i++)
        {
            var entry = indexAt + (i * 16);
            Require(BitConverter.ToInt64(file, entry) == records[i].Offset, "index: offset");
            Require(BitConverter.ToInt32(file, entry + 8) == records[i].Block, "index: block");
            Require(BitConverter.ToInt32(file, entry + 12) == records[i].Length, "index: length");
        }

        var set = records.Select(r => r.Block).ToHashSet();
        for (var block = 0; block < bitmapSegments * 32768; block++)
        {
            Require(((file[bitmapAt + (block / 8)] >> (block % 8)) & 1) == (set.Contains(block) ? 1 : 0), "bitmap");
        }
    }

    private static void CheckHeader(byte[] file, int at)
    {
        var sum = 0u;
        for (var i = 0; i < 512; i++)
        {
            sum += i is >= 0x40 and < 0x44 ? 0u : file[at + i];
        }

        Require(BitConverter.ToUInt32(file, at + 0x40) == ~sum, "checksum");
        Require(BitConverter.ToUInt32(file, at + 8) == 2 && BitConverter.ToUInt32(file, at + 12) == 0x10000, "features, version");
        Require(BitConverter.ToUInt64(file, at + 0x10) == ulong.MaxValue, "data_offset");
        Require(Encoding.ASCII.GetString(file, at + 0x1C, 4) == "tap\0" && BitConverter.ToUInt32(file, at + 0x20) == 0x10004, "creator");
        Require(BitConverter.ToUInt32(file, at + 0x3C) == 4, "type");
    }

    private static byte[] Unzstd(byte[] payload)
    {
        Require(BitConverter.ToUInt32(payload) == 0xFD2FB528, "zstd magic");
        using var decompressor = new Decompressor();
        return decompressor.Unwrap(payload).ToArray();
    }

    private static byte[] Unzlib(byte[] payload)
    {
        using var inflater = new Inflater();
        return inflater.Next(payload);
    }

    private static void Require(bool condition, string what)
    {
        if (!condition)
        {
            throw new InvalidDataException(what);
        }
    }

    /// <summary>One inflater that is fed payload after payload.</summary>
    private sealed class Inflater : IDisposable
    {
        private readonly MemoryStream _input = new();
        private readonly ZLibStream _zlib;

        public Inflater() => _zlib = new ZLibStream(_input, CompressionMode.Decompress);

        public void Dispose()
        {
            _zlib.Dispose();
            _input.Dispose();
        }

        public byte[] Next(byte[] payload)
        {
            var position = _input.Position;
            _input.Position = _input.Length;
            _input.Write(payload);
            _input.Position = position;
            var content = new byte[Block];
            _zlib.ReadExactly(content);
            return content;
        }
    }
}
