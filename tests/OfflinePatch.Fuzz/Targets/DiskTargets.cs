using System.Buffers.Binary;
using System.Text;
using OfflinePatch.Disks;
using OfflinePatch.Disks.Conversion;
using OfflinePatch.Disks.Formats;
using OfflinePatch.Disks.Tests.Vmdk;
using OfflinePatch.Disks.Vhd;
using OfflinePatch.Disks.Vhdx;
using OfflinePatch.Fuzz.Engine;
using OfflinePatch.Testing;

namespace OfflinePatch.Fuzz.Targets;

/// <summary>The containers, as a caller opens them: read, ask for extents, write, open again.</summary>
internal static class DiskTargets
{
    private const int GuestLength = 262_144;
    private static readonly byte[] Grain = [.. Enumerable.Range(0, 4096).Select(i => (byte)(i % 251))];

    private static readonly byte[] Sparse = Samples.Bytes(VmdkBuilder.Sparse(400, 8,
        new Dictionary<int, byte[]> { [1] = Grain, [3] = Grain, [25] = Grain }, flags: 7));

    public static IReadOnlyList<FuzzTarget> List { get; } =
    [
        new("raw-split", () => [Samples.Disk(65_536)], RunSplit),
        Own("qcow2", [.. Written(ImageFormat.Qcow2), .. Written(ImageFormat.Qcow2, compression: "zlib"),
            .. Written(ImageFormat.Qcow2, compression: "zstd")]) with
        {
            Corpus = ["containers/qcow2/basic.qcow2", "containers/qcow2/backing-chain-3.qcow2", "containers/dfvfs/image.qcow2"],
        },
        Own("qcow", [.. Written(ImageFormat.Qcow), .. Written(ImageFormat.Qcow, compression: "zlib")]),
        Own("qed", Written(ImageFormat.Qed)),
        Own("vmdk-sparse", [() => Sparse]) with
        {
            Corpus = ["containers/vmdk/minimal.vmdk", "containers/qemu/afl9.vmdk"],
        },
        Own("vmdk-stream", [() => Samples.Bytes(VmdkBuilder.Stream(1000,
            new Dictionary<int, byte[]> { [0] = [.. Grain, .. new byte[61_440]], [3] = new byte[65_536] }))]) with
        {
            Corpus = ["containers/vmdk/stream_opt.vmdk"],
        },
        Own("vmdk-cowd", [() => Samples.Bytes(VmdkBuilder.Cowd(800, 8, new Dictionary<int, byte[]> { [3] = Grain }))]),
        new("vmdk-sesparse", () => [Samples.Bytes(VmdkBuilder.SeSparse(800,
            new Dictionary<int, ulong> { [1] = 0x1000_0000_0000_0000, [5] = 0x3001_0000_0000_0000 }, new byte[8192]))], RunSeSparse),
        new("vmdk-descriptor", () => [Text(VmdkBuilder.Descriptor("monolithicFlat", "RW 800 FLAT \"d\" 0")),
            Text(VmdkBuilder.Descriptor("twoGbMaxExtentSparse", "RW 400 SPARSE \"s\"\nRW 400 ZERO"))], RunDescriptor) { IsText = true },
        Own("vhd", [.. Written(ImageFormat.Vhd), .. Written(ImageFormat.Vhd, "fixed")], SignVhd) with
        {
            Corpus = ["containers/dfvfs/image-differential.vhd", "containers/vhd/dynamic.vhd"],
        },
        Own("vhdx", [.. Written(ImageFormat.Vhdx), VhdxWithLog], SignVhdx),
        Own("vdi", Written(ImageFormat.Vdi)) with { Corpus = ["containers/vdi/basic.vdi"] },
        Own("zvhd", Written(ImageFormat.Zvhd)),
        Own("zvhd2", Written(ImageFormat.Zvhd2)),
    ];

    /// <summary>What is done with every image: the first and last bytes, extents, a few writes, and all of it once more.</summary>
    public static void Exercise(IImageFiles files)
    {
        var buffer = new byte[32 * 1024];
        for (var round = 0; round < 2; round++)
        {
            using var image = DiskFormats.Open(files);
            for (var i = 0; i < 6 && image.Length > 0; i++)
            {
                var at = i switch { 0 => 0, 1 => Math.Max(0, image.Length - buffer.Length), _ => image.Length / 7 * (i - 1) };
                image.Read(at, buffer.AsSpan(0, (int)Math.Min(buffer.Length, image.Length - at)));
                var extent = image.GetExtent(at);
                if (extent.Length < 1 || extent.Length > image.Length - at)
                {
                    throw new InvalidOperationException($"extent of {extent.Length} bytes at {at} of {image.Length}");
                }
            }

            if (image.WhyNotInPlace is not null || !image.CanWrite)
            {
                return;
            }

            for (var i = 0; i < 3 && image.Length > 8192; i++)
            {
                image.Write((image.Length - 8192) / 4 * (i + 1), buffer.AsSpan(0, 700 * (i + 1)));
            }

            image.Flush();
        }
    }

    /// <summary>An image as our own writer makes it.</summary>
    public static Func<byte[]>[] Written(ImageFormat format, string? subformat = null, string? compression = null) =>
    [
        () =>
        {
            var device = new MemoryDevice(0);
            DiskConverter.Convert(new MemoryDevice(Samples.Disk(GuestLength)), DiskFormats.Of(format), device,
                new DiskWriterOptions(subformat, compression));
            return Samples.Bytes(device);
        },
    ];

    private static FuzzTarget Own(string name, Func<byte[]>[] seeds, Action<Mutant>? sign = null) => new(name, () => seeds.Select(s => s()),
        input =>
        {
            var files = new MemoryImageFiles(input.Device());
            files.Companions.Add("base", new MemoryDevice(300_000));
            Exercise(files);
        }, sign);

    private static byte[] Text(string text) => Encoding.UTF8.GetBytes(text);

    private static void RunSplit(FuzzInput input)
    {
        var half = input.Length / 2;
        var files = new MemoryImageFiles(new MemoryDevice(input.Span[..half]), "disk.001");
        files.Companions.Add("disk.002", new MemoryDevice(input.Span[half..]));
        Exercise(files);
    }

    private static void RunDescriptor(FuzzInput input)
    {
        var files = new MemoryImageFiles(input.Device(), "disk.vmdk");
        files.Companions.Add("d", new MemoryDevice(409_600));
        files.Companions.Add("s", new MemoryDevice(Sparse));
        Exercise(files);
    }

    private static void RunSeSparse(FuzzInput input)
    {
        var descriptor = new MemoryDevice(Text(VmdkBuilder.Descriptor("seSparse", "RW 800 SESPARSE \"d\"")));
        var files = new MemoryImageFiles(descriptor, "disk.vmdk");
        files.Companions.Add("d", input.Device());
        Exercise(files);
    }

    private static void SignVhd(Mutant mutant)
    {
        foreach (var (offset, length, checksum) in new[]
        {
            (0, 512, VhdLayout.ChecksumOffset), (mutant.Length - 512, 512, VhdLayout.ChecksumOffset),
            (512, 1024, VhdLayout.HeaderChecksumOffset),
        })
        {
            if (offset >= 0 && offset + length <= mutant.Length)
            {
                BinaryPrimitives.WriteUInt32BigEndian(mutant.Change(offset + checksum, 4),
                    VhdFooter.Checksum(mutant.Bytes.Slice(offset, length), checksum));
            }
        }
    }

    private static void SignVhdx(Mutant mutant)
    {
        foreach (var (offset, length) in new[]
        {
            (VhdxLayout.Header.Place1, 4096), (VhdxLayout.Header.Place2, 4096), (VhdxLayout.RegionTable.Place1, 65536),
            (VhdxLayout.RegionTable.Place2, 65536),
        })
        {
            SignCrc(mutant, (int)offset, length);
        }

        for (var offset = VhdxLayout.Megabyte; offset < VhdxLayout.Megabyte + 65536 && offset + 16 <= mutant.Length; offset += 4096)
        {
            var entry = mutant.Bytes[(int)offset..];
            if (entry.StartsWith("loge"u8) && BinaryPrimitives.ReadUInt32LittleEndian(entry[8..]) is >= 16 and < 1024 * 1024 and var length)
            {
                SignCrc(mutant, (int)offset, (int)length);
            }
        }
    }

    private static void SignCrc(Mutant mutant, int offset, int length)
    {
        if (offset + length <= mutant.Length)
        {
            var bytes = mutant.Bytes.Slice(offset, length).ToArray();
            Crc32C.Sign(bytes);
            bytes.AsSpan(0, 16).CopyTo(mutant.Change(offset, 16));
        }
    }

    /// <summary>A VHDX whose headers name a log of two entries.</summary>
    private static byte[] VhdxWithLog()
    {
        var bytes = Written(ImageFormat.Vhdx)[0]();
        var id = new Guid("0ff11e5a-0000-4000-8000-00000000106e").ToByteArray();
        for (var i = 0; i < 2; i++)
        {
            var entry = bytes.AsSpan((int)VhdxLayout.Megabyte + (i * 8192), 8192);
            "loge"u8.CopyTo(entry);
            BinaryPrimitives.WriteUInt32LittleEndian(entry[8..], 8192);
            BinaryPrimitives.WriteUInt64LittleEndian(entry[16..], (ulong)(7 + i));
            BinaryPrimitives.WriteUInt32LittleEndian(entry[24..], 2);
            id.CopyTo(entry[32..]);
            BinaryPrimitives.WriteInt64LittleEndian(entry[48..], bytes.Length);
            BinaryPrimitives.WriteInt64LittleEndian(entry[56..], bytes.Length);
            "desc"u8.CopyTo(entry[64..]);
            BinaryPrimitives.WriteInt64LittleEndian(entry[80..], 4 * 1024 * 1024);
            BinaryPrimitives.WriteUInt64LittleEndian(entry[88..], (ulong)(7 + i));
            "zero"u8.CopyTo(entry[96..]);
            BinaryPrimitives.WriteInt64LittleEndian(entry[104..], 8192);
            BinaryPrimitives.WriteInt64LittleEndian(entry[112..], (4 * 1024 * 1024) + 65536);
            BinaryPrimitives.WriteUInt64LittleEndian(entry[120..], (ulong)(7 + i));
            "data"u8.CopyTo(entry[4096..]);
            BinaryPrimitives.WriteUInt32LittleEndian(entry[8188..], (uint)(7 + i));
        }

        id.CopyTo(bytes, (int)(VhdxLayout.Header.Place1 + VhdxLayout.Header.LogGuid));
        id.CopyTo(bytes, (int)(VhdxLayout.Header.Place2 + VhdxLayout.Header.LogGuid));
        var mutant = new Mutant();
        mutant.Reset(bytes);
        SignVhdx(mutant);
        return mutant.Bytes.ToArray();
    }
}
