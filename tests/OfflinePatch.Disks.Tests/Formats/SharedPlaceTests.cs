using System.Buffers.Binary;
using OfflinePatch.Core;
using OfflinePatch.Disks.Formats;
using OfflinePatch.Disks.Qcow;
using OfflinePatch.Disks.Qcow2;
using OfflinePatch.Disks.Qed;
using OfflinePatch.Disks.Vdi;
using OfflinePatch.Disks.Vhd;
using OfflinePatch.Disks.Vhdx;
using OfflinePatch.Disks.Vmdk;
using OfflinePatch.Testing;

namespace OfflinePatch.Disks.Tests.Formats;

/// <summary>
/// Maps that put two blocks in one place, or a block onto metadata: every format says so when it opens the image, so that nothing wrong is
/// converted. The places of the tables are read from the headers here, apart from the product's constants.
/// </summary>
public sealed class SharedPlaceTests
{
    private const int Size = 12 * 1024 * 1024;

    public static TheoryData<string, string> Formats => new()
    {
        { "vhd", "VHD-0006" },
        { "vhdx", "VHDX-0010" },
        { "qcow2", "QCOW2-0011" },
        { "qcow2 zlib", "QCOW2-0024" },
        { "qcow", "QCOW-0003" },
        { "qcow zlib", "QCOW-0003" },
        { "qed", "QED-0003" },
        { "vdi", "VDI-0006" },
        { "vmdk", "VMDK-0009" },
        { "vmdk stream", "VMDK-0009" },
    };

    [Theory]
    [MemberData(nameof(Formats))]
    [Trait("tier", "layout")]
    public void Two_blocks_in_one_place(string format, string code)
    {
        var device = Write(format);
        DiskFormats.Open(new MemoryImageFiles(device)).Dispose();
        var (first, second, size) = Entries(format, device);
        device.Write(second, Read(device, first, size));
        if (format == "vmdk")
        {
            // The redundant tables too: where they are whole, they are read instead.
            var directory = BinaryPrimitives.ReadInt64LittleEndian(Read(device, 0x30, 8)) * 512;
            var copy = (long)BinaryPrimitives.ReadUInt32LittleEndian(Read(device, directory, 4)) * 512;
            device.Write(copy + size, Read(device, copy, size));
        }

        Assert.Equal(code, Assert.Throws<CorruptImageException>(() => DiskFormats.Open(new MemoryImageFiles(device))).Code);
    }

    [Theory]
    [InlineData("vhd", 0, "VHD-0006")] // the copy of the footer
    [InlineData("vhd", 3, "VHD-0006")] // the BAT
    [InlineData("vhdx", 1, "VHDX-0010")] // the log
    [InlineData("vhdx", 2, "VHDX-0010")] // the metadata
    [InlineData("vhdx", 3, "VHDX-0010")] // the BAT
    [InlineData("qed", 1, "QED-0003")] // the L1 table
    [Trait("tier", "layout")]
    public void A_block_on_metadata(string format, int place, string code)
    {
        var device = Write(format);
        var (first, _, size) = Entries(format, device);
        var entry = new byte[size];
        switch (format)
        {
            case "vhd":
                BinaryPrimitives.WriteUInt32BigEndian(entry, (uint)place);
                break;
            case "vhdx":
                BinaryPrimitives.WriteUInt64LittleEndian(entry, ((ulong)place << 20) | 6);
                break;
            default:
                BinaryPrimitives.WriteUInt64LittleEndian(entry, (ulong)place << 16);
                break;
        }

        device.Write(first, entry);

        Assert.Equal(code, Assert.Throws<CorruptImageException>(() => DiskFormats.Open(new MemoryImageFiles(device))).Code);
    }

    [Theory]
    [InlineData(40)] // L1 table
    [InlineData(48)] // refcount table
    [Trait("tier", "layout")]
    public void A_QCOW2_cluster_on_a_table(int field)
    {
        var device = Write("qcow2");
        var (first, _, size) = Entries("qcow2", device);
        var entry = BinaryPrimitives.ReadUInt64BigEndian(Read(device, field, 8)) | (1UL << 63);
        var bytes = new byte[size];
        BinaryPrimitives.WriteUInt64BigEndian(bytes, entry);
        device.Write(first, bytes);

        Assert.Equal("QCOW2-0011", Assert.Throws<CorruptImageException>(() => DiskFormats.Open(new MemoryImageFiles(device))).Code);
    }

    [Fact]
    [Trait("tier", "layout")]
    public void A_QCOW2_cluster_that_is_counted_twice_is_read()
    {
        // The format allows it: two entries without COPIED, and a reference count of 2.
        var device = Write("qcow2");
        var (first, second, size) = Entries("qcow2", device);
        var entry = BinaryPrimitives.ReadUInt64BigEndian(Read(device, first, size)) & ~(1UL << 63);
        var bytes = new byte[size];
        BinaryPrimitives.WriteUInt64BigEndian(bytes, entry);
        device.Write(first, bytes);
        device.Write(second, bytes);
        var block = BinaryPrimitives.ReadInt64BigEndian(Read(device, BinaryPrimitives.ReadInt64BigEndian(Read(device, 48, 8)), 8));
        device.Write(block + ((long)(entry >> 16) * 2), [0, 2]);

        using var image = DiskFormats.Open(new MemoryImageFiles(device));
        Assert.Equal(Read(image, 0, 4096), Read(image, (second - first) / size * 65536, 4096));
    }

    [Fact]
    [Trait("tier", "layout")]
    public void Many_l1_entries_of_one_table_are_refused_at_once()
    {
        // 32 TiB of disk in a file of some MiB: every part of the disk is the same table.
        var device = Write("qcow2 zlib");
        var l1 = BinaryPrimitives.ReadInt64BigEndian(Read(device, 40, 8));
        var entry = Read(device, l1, 8);
        var newL1 = (device.Length + 65535) / 65536 * 65536;
        device.SetLength(newL1 + (65536 * 8));
        for (var i = 0; i < 65536; i++)
        {
            device.Write(newL1 + (i * 8), entry);
        }

        var fields = new byte[8];
        BinaryPrimitives.WriteInt64BigEndian(fields, newL1);
        device.Write(40, fields);
        BinaryPrimitives.WriteInt64BigEndian(fields, 32L << 40);
        device.Write(24, fields);
        device.Write(36, [0, 1, 0, 0]);

        Assert.Equal("QCOW2-0010", Assert.Throws<CorruptImageException>(() => DiskFormats.Open(new MemoryImageFiles(device))).Code);
    }

    /// <summary>
    /// A map or a count that calls a place free which a block owns or will own: the block is beyond the end of the file, where the next new
    /// one would go, or the count of stored blocks is wrong. It is refused, or nothing of what was there before changes.
    /// </summary>
    [Theory]
    [InlineData("vhd", "beyond")]
    [InlineData("vhdx", "beyond")]
    [InlineData("qcow2", "beyond")]
    [InlineData("qcow", "beyond")]
    [InlineData("qed", "beyond")]
    [InlineData("vdi", "beyond")]
    [InlineData("vmdk", "beyond")]
    [InlineData("vdi", "count 1")]
    [InlineData("vdi", "count 0")]
    [InlineData("vdi", "count 11")]
    [InlineData("vhd", "none")]
    [InlineData("vhdx", "none")]
    [InlineData("qcow2", "none")]
    [InlineData("qcow", "none")]
    [InlineData("qed", "none")]
    [InlineData("vdi", "none")]
    [InlineData("vmdk", "none")]
    [Trait("tier", "unit")]
    public void A_new_block_is_never_on_another(string format, string lie)
    {
        const int Hole = 8 << 20;
        var device = Write(format, Hole);
        var (_, second, size) = Entries(format, device);
        if (lie == "beyond")
        {
            device.Write(second, EntryAt(format, device, size));
        }
        else if (lie != "none")
        {
            device.Write(0x184, [(byte)int.Parse(lie[6..], System.Globalization.CultureInfo.InvariantCulture), 0, 0, 0]);
        }

        var before = Read(device, 0, (int)device.Length);
        try
        {
            using (var image = DiskFormats.Open(new MemoryImageFiles(device)))
            {
                for (var at = Hole; at < Size; at += 1 << 20)
                {
                    image.Write(at, "new block"u8);
                }

                image.Flush();
            }

            using var again = DiskFormats.Open(new MemoryImageFiles(device));
            Assert.Equal(Content(Hole)[..Hole], Read(again, 0, Hole));
            for (var at = Hole; at < Size; at += 1 << 20)
            {
                Assert.Equal("new block"u8, Read(again, at, 9));
            }

            Assert.NotEqual("beyond", lie); // what was there cannot be known, so it cannot have been right
        }
        catch (Exception e) when (e is CorruptImageException or RefusedException or UnsupportedImageException)
        {
            Assert.NotEqual("none", lie);
            Assert.Equal(before, Read(device, 0, (int)device.Length));
        }
    }

    /// <summary>An entry for a block that starts where the file ends.</summary>
    private static byte[] EntryAt(string format, MemoryDevice device, int size)
    {
        var unit = format is "vhd" or "vmdk" ? 512 : format is "vhdx" or "vdi" ? 1 << 20 : 65536;
        var end = (device.Length + unit - 1) / unit * unit;
        var entry = new byte[size];
        switch (format)
        {
            case "vhd":
                BinaryPrimitives.WriteUInt32BigEndian(entry, (uint)(end / 512));
                break;
            case "vmdk":
                BinaryPrimitives.WriteUInt32LittleEndian(entry, (uint)(end / 512));
                break;
            case "vdi":
                BinaryPrimitives.WriteUInt32LittleEndian(entry, 8); // eight are stored
                break;
            case "vhdx":
                BinaryPrimitives.WriteInt64LittleEndian(entry, end | 6);
                break;
            case "qed":
                BinaryPrimitives.WriteInt64LittleEndian(entry, end);
                break;
            default:
                BinaryPrimitives.WriteInt64BigEndian(entry, format == "qcow2" ? end | long.MinValue : end);
                break;
        }

        return entry;
    }

    /// <summary>Content that differs everywhere, and zeros from <paramref name="hole"/> on.</summary>
    private static byte[] Content(int hole)
    {
        var content = new byte[Size];
        for (var at = 0; at < hole; at += 16)
        {
            BinaryPrimitives.WriteInt32LittleEndian(content.AsSpan(at), at + 1);
        }

        return content;
    }

    private static MemoryDevice Write(string format, int hole = Size)
    {
        var device = new MemoryDevice(0);
        var options = format.EndsWith("zlib", StringComparison.Ordinal) ? new DiskWriterOptions(Compression: "zlib")
            : format.EndsWith("stream", StringComparison.Ordinal) ? new DiskWriterOptions("streamOptimized") : new DiskWriterOptions();
        DiskFormat writer = format.Split(' ')[0] switch
        {
            "vhd" => new VhdFormat(),
            "vhdx" => new VhdxFormat(),
            "qcow2" => new Qcow2Format(),
            "qcow" => new QcowFormat(),
            "qed" => new QedFormat(),
            "vdi" => new VdiFormat(),
            _ => new VmdkFormat(),
        };
        ImageWriting.Write(writer, device, Content(hole), options);
        return device;
    }

    /// <summary>Where the map's entries of the first two blocks are, and their bytes.</summary>
    private static (long First, long Second, int Size) Entries(string format, MemoryDevice device)
    {
        long Big64(long at) => BinaryPrimitives.ReadInt64BigEndian(Read(device, at, 8));
        long Little64(long at) => BinaryPrimitives.ReadInt64LittleEndian(Read(device, at, 8));
        long Little32(long at) => BinaryPrimitives.ReadUInt32LittleEndian(Read(device, at, 4));
        var (first, size) = format.Split(' ')[0] switch
        {
            "vhd" => (Big64(512 + 16), 4),
            "vhdx" => (3L << 20, 8),
            "qcow2" => (Big64(Big64(40)) & 0x00FFFFFFFFFFFE00, 8),
            "qcow" => (Big64(Big64(40)), 8),
            "qed" => (Little64(Little64(40)), 8),
            "vdi" => (Little32(0x154), 4),
            _ => (Little32(Directory() * 512) * 512, 4),
        };
        return (first, first + size, size);

        long Directory()
        {
            var place = Little64(0x38);
            return place == -1 ? Little64(device.Length - 1024 + 0x38) : place;
        }
    }

    private static byte[] Read(BlockDevice device, long offset, int count)
    {
        var bytes = new byte[count];
        device.Read(offset, bytes);
        return bytes;
    }
}
