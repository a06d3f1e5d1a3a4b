using System.Buffers.Binary;
using System.Globalization;
using System.IO.Compression;
using System.Text;
using OfflinePatch.Core;

namespace OfflinePatch.Disks.Tests.Vmdk;

/// <summary>
/// Builds VMDKs from the words of their descriptions, apart from the product's constants: for variants that no tool here writes, and for
/// damage.
/// </summary>
internal static class VmdkBuilder
{
    public static string Descriptor(string createType, string extents, string more = "", string cid = "1234abcd",
        string parentCid = "ffffffff") =>
        $"# Disk DescriptorFile\nversion=1\nCID={cid}\nparentCID={parentCid}\ncreateType=\"{createType}\"\n{more}\n# Extent description\n"
            + $"{extents}\n\n#DDB\nddb.adapterType = \"lsilogic\"\n";

    /// <summary>A monolithicSparse file: grains of <paramref name="grainSectors"/>, those in <paramref name="grains"/> stored.</summary>
    public static MemoryDevice Sparse(long sectors, int grainSectors, IReadOnlyDictionary<int, byte[]> grains, string? descriptor = null,
        uint flags = 3)
    {
        var count = (int)((sectors + grainSectors - 1) / grainSectors);
        var tables = (count + 511) / 512;
        var gdSectors = ((tables * 4) + 511) / 512;
        var file = new MemoryDevice(0);
        var text = Encoding.UTF8.GetBytes(descriptor ?? Descriptor("monolithicSparse", $"RW {sectors} SPARSE \"disk.vmdk\""));
        var rgd = 21;
        var gd = rgd + gdSectors + (tables * 4);
        var overHead = (gd + gdSectors + (tables * 4) + grainSectors - 1) / grainSectors * grainSectors;
        var header = Header(sectors, grainSectors, rgd, gd, overHead, flags);
        file.SetLength((long)overHead * 512);
        file.Write(0, header);
        file.Write(512, text);
        var next = overHead;
        var entries = new Dictionary<int, int>();
        foreach (var (grain, content) in grains.OrderBy(g => g.Key))
        {
            file.SetLength((next + (long)grainSectors) * 512);
            file.Write(next * 512L, content);
            entries.Add(grain, next);
            next += grainSectors;
        }

        foreach (var directory in new[] { rgd, gd })
        {
            for (var table = 0; table < tables; table++)
            {
                var at = directory + gdSectors + (table * 4);
                Put(file, (directory * 512L) + (table * 4), at);
                for (var i = 0; i < 512; i++)
                {
                    if (entries.TryGetValue((table * 512) + i, out var sector))
                    {
                        Put(file, (at * 512L) + (i * 4), sector);
                    }
                }
            }
        }

        return file;
    }

    public static byte[] Header(long sectors, int grainSectors, long rgd, long gd, long overHead, uint flags, uint version = 1,
        long descriptor = 1)
    {
        var header = new byte[512];
        "KDMV"u8.CopyTo(header);
        BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(4), version);
        BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(8), flags);
        BinaryPrimitives.WriteInt64LittleEndian(header.AsSpan(12), sectors);
        BinaryPrimitives.WriteInt64LittleEndian(header.AsSpan(20), grainSectors);
        BinaryPrimitives.WriteInt64LittleEndian(header.AsSpan(28), descriptor);
        BinaryPrimitives.WriteInt64LittleEndian(header.AsSpan(36), descriptor == 0 ? 0 : 20);
        BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(44), 512);
        BinaryPrimitives.WriteInt64LittleEndian(header.AsSpan(48), rgd);
        BinaryPrimitives.WriteInt64LittleEndian(header.AsSpan(56), gd);
        BinaryPrimitives.WriteInt64LittleEndian(header.AsSpan(64), overHead);
        "\n \r\n"u8.CopyTo(header.AsSpan(73));
        return header;
    }

    /// <summary>A stream as ESXi exports it: directory at the end, named by the footer.</summary>
    public static MemoryDevice Stream(long sectors, IReadOnlyDictionary<int, byte[]> grains)
    {
        using var file = new MemoryStream();
        var header = Header(sectors, 128, 0, -1, 128, 0x30001, version: 3);
        header[77] = 1;
        file.Write(header);
        file.Write(Encoding.UTF8.GetBytes(Descriptor("streamOptimized", $"RW {sectors} SPARSE \"disk.vmdk\"")));
        file.SetLength(65536);
        file.Position = 65536;
        var entries = new int[512];
        foreach (var (grain, content) in grains.OrderBy(g => g.Key))
        {
            entries[grain] = (int)(file.Position / 512);
            using var packed = new MemoryStream();
            using (var zlib = new ZLibStream(packed, CompressionLevel.Fastest, leaveOpen: true))
            {
                zlib.Write(content);
            }

            file.Write(BitConverter.GetBytes(grain * 128L));
            file.Write(BitConverter.GetBytes((int)packed.Length));
            file.Write(packed.ToArray());
            Pad(file);
        }

        Marker(file, 4, 1);
        var table = file.Position / 512;
        foreach (var entry in entries)
        {
            file.Write(BitConverter.GetBytes(entry));
        }

        Marker(file, 1, 2);
        var directory = file.Position / 512;
        file.Write(BitConverter.GetBytes((int)table));
        Pad(file);
        Marker(file, 1, 3);
        BinaryPrimitives.WriteInt64LittleEndian(header.AsSpan(56), directory);
        file.Write(header);
        Marker(file, 0, 0);
        return new MemoryDevice(file.ToArray());
    }

    /// <summary>A COWD extent of 1-sector grains.</summary>
    public static MemoryDevice Cowd(int sectors, int grainSectors, IReadOnlyDictionary<int, byte[]> grains)
    {
        var count = (sectors + grainSectors - 1) / grainSectors;
        var tables = (count + 4095) / 4096;
        var file = new MemoryDevice(0);
        var header = new byte[2048];
        "COWD"u8.CopyTo(header);
        int[] fields = [1, 3, sectors, grainSectors, 4, tables];
        for (var i = 0; i < fields.Length; i++)
        {
            BinaryPrimitives.WriteInt32LittleEndian(header.AsSpan(4 + (i * 4)), fields[i]);
        }

        var firstTable = 4 + (((tables * 4) + 511) / 512);
        var next = firstTable + (tables * 32);
        file.SetLength(next * 512L);
        file.Write(0, header);
        for (var table = 0; table < tables; table++)
        {
            Put(file, (4 * 512L) + (table * 4), firstTable + (table * 32));
        }

        foreach (var (grain, content) in grains.OrderBy(g => g.Key))
        {
            file.SetLength((next + (long)grainSectors) * 512);
            file.Write(next * 512L, content);
            Put(file, (firstTable * 512L) + (grain * 4), next);
            next += grainSectors;
        }

        return file;
    }

    /// <summary>A seSparse extent of one table; states 1, 2 and 3 by <paramref name="entries"/>.</summary>
    public static MemoryDevice SeSparse(long sectors, IReadOnlyDictionary<int, ulong> entries, byte[] grainArea, bool journal = false)
    {
        var file = new MemoryDevice(4 * 512 + (64 * 512) + grainArea.Length);
        void Long(long offset, ulong value) => file.Write(offset, BitConverter.GetBytes(value));
        Long(0, 0xCAFEBABE);
        Long(8, 0x0000000200000001);
        Long(16, (ulong)sectors);
        Long(24, 8);
        Long(32, 64);
        Long(80, 1); // volatile header
        Long(88, 1);
        Long(128, 2); // directory
        Long(136, 1);
        Long(144, 4); // tables
        Long(152, 64);
        Long(192, 68); // grains
        Long(512, 0xCAFECAFE);
        Long(512 + 24, journal ? 1UL : 0);
        Long(1024, 0x1000_0000_0000_0000);
        foreach (var (grain, entry) in entries)
        {
            Long((4 * 512) + (grain * 8), entry);
        }

        file.Write(68 * 512, grainArea);
        return file;
    }

    private static void Marker(MemoryStream file, long value, int type)
    {
        file.Write(BitConverter.GetBytes(value));
        file.Write(BitConverter.GetBytes(0));
        file.Write(BitConverter.GetBytes(type));
        Pad(file);
    }

    private static void Pad(MemoryStream file) => file.Write(new byte[(512 - (file.Position % 512)) % 512]);

    private static void Put(MemoryDevice file, long offset, int value) => file.Write(offset, BitConverter.GetBytes(value));
}
