using System.Buffers.Binary;
using System.Diagnostics;
using OfflinePatch.Core;
using OfflinePatch.Disks.Formats;
using OfflinePatch.Disks.Qcow;
using OfflinePatch.Disks.Qcow2;
using OfflinePatch.Disks.Qed;
using OfflinePatch.Disks.Vhd;
using OfflinePatch.Disks.Vhdx;
using OfflinePatch.Testing;

namespace OfflinePatch.Disks.Tests.Formats;

/// <summary>
/// Damaged images of every kind: whatever is in them, a caller sees only the four families of exceptions, soon, and without a large
/// allocation.
/// </summary>
public sealed class HostileImageTests
{
    private const int SampleSize = 700_416;

    public static TheoryData<string> Formats => ["qcow2", "vhd", "vhdx", "qcow", "qed"];

    [Theory]
    [MemberData(nameof(Formats))]
    [Trait("tier", "fuzz")]
    public void Mutated_images(string format) => Mutate(format, seed: 1, count: 500);

    [Theory]
    [MemberData(nameof(Formats))]
    [Trait("tier", "fuzz")]
    [Trait("speed", "slow")]
    public void Many_mutated_images(string format) => Mutate(format, seed: 2, count: 100_000);

    [Theory]
    [MemberData(nameof(Formats))]
    [Trait("tier", "layout")]
    public void Truncated_images(string format)
    {
        foreach (var image in Samples(format).Take(2))
        {
            for (long length = 0; length < image.Length; length += length < 2048 ? 37 : length < 70_000 ? 4099
                : Math.Max(65_536, image.Length / 40))
            {
                var device = image.Copy();
                device.SetLength(length);
                Exercise(device, 3, $"{format} cut to {length}");
            }
        }
    }

    [Theory]
    [MemberData(nameof(Formats))]
    [Trait("tier", "layout")]
    public void Bits_of_the_headers(string format)
    {
        var image = OwnSamples(format)[0];
        var places = format switch
        {
            "qcow2" => Enumerable.Range(0, 120),
            "qcow" => Enumerable.Range(0, 64),
            "qed" => Enumerable.Range(0, 64),
            "vhd" => Enumerable.Range(0, 90).Concat(Enumerable.Range(512, 72)),
            _ => Enumerable.Range(0x10000, 80).Concat(Enumerable.Range(0x30000, 80)).Concat(Enumerable.Range(0x200000, 200))
                .Concat(Enumerable.Range(0x210000, 64)),
        };
        Span<byte> one = stackalloc byte[1];
        foreach (var place in places)
        {
            // The headers of VHDX are large, and their checksums are set right each time: one bit of each byte has to do.
            for (var bit = format == "vhdx" ? place % 8 : 0; bit < 8; bit += format == "vhdx" ? 8 : 1)
            {
                var device = image.Copy();
                device.Read(place, one);
                one[0] ^= (byte)(1 << bit);
                device.Write(place, one);
                Sign(format, device);
                Exercise(device, place, $"{format}, bit {bit} of byte {place}");
            }
        }
    }

    private static void Mutate(string format, int seed, int count)
    {
        var samples = Samples(format);
        var survived = 0;
        var watch = Stopwatch.StartNew();
        for (var i = 0; i < count; i++)
        {
            var random = new Random((seed * 1_000_003) + i);
            var device = samples[i % samples.Count].Copy();
            for (var changes = random.Next(1, 7); changes > 0; changes--)
            {
                Change(device, random);
            }

            if (random.Next(10) == 0)
            {
                device.SetLength(random.NextInt64(device.Length));
            }

            if (random.Next(8) != 0)
            {
                Sign(format, device);
            }

            survived += Exercise(device, i, $"{format}, seed {seed}, case {i}") ? 1 : 0;
        }

        // Both doors are used: mutations that are refused, and mutations that get all the way to a second opening.
        Assert.InRange(survived, count / 20, count - (count / 20));
        Console.WriteLine($"{format}: {survived} of {count} mutated images were read and written to the end, "
            + $"{count / watch.Elapsed.TotalSeconds:0} per second");
    }

    private static void Change(MemoryDevice device, Random random)
    {
        var place = random.Next(4) switch
        {
            0 => random.NextInt64(Math.Min(device.Length, 128)),
            1 => random.NextInt64(Math.Min(device.Length, 2048)),
            2 => InStoredPart(device, random),
            _ => InStoredPart(device, random) & ~7L,
        };
        Span<byte> value = stackalloc byte[8];
        var length = (int)Math.Min(1 << random.Next(4), device.Length - place);
        switch (random.Next(5))
        {
            case 0:
                random.NextBytes(value);
                break;
            case 1:
                device.Read(place, value[..length]);
                value[random.Next(length)] ^= (byte)(1 << random.Next(8));
                break;
            case 2:
                value.Fill((byte)(random.Next(2) * 255));
                break;
            case 3:
                BinaryPrimitives.WriteInt64LittleEndian(value, Interesting(device, random));
                break;
            default:
                BinaryPrimitives.WriteInt64BigEndian(value, Interesting(device, random));
                if (length < 8)
                {
                    value[(8 - length)..].CopyTo(value);
                }

                break;
        }

        device.Write(place, value[..length]);
    }

    /// <summary>A place in the first bytes of one of the 4 KiB pages that hold something: tables start there.</summary>
    private static long InStoredPart(MemoryDevice device, Random random)
    {
        Span<byte> page = stackalloc byte[4096];
        for (var tries = 0; tries < 50; tries++)
        {
            var at = random.NextInt64((device.Length + 4095) / 4096) * 4096;
            var part = page[..(int)Math.Min(4096, device.Length - at)];
            device.Read(at, part);
            if (part.ContainsAnyExcept((byte)0))
            {
                return at + random.Next(random.Next(2) == 0 ? Math.Min(64, part.Length) : part.Length);
            }
        }

        return 0;
    }

    private static long Interesting(MemoryDevice device, Random random) => random.Next(10) switch
    {
        0 => 0,
        1 => 1,
        2 => -1,
        3 => long.MaxValue,
        4 => long.MinValue,
        5 => int.MaxValue,
        6 => device.Length,
        7 => device.Length & ~0xFFFFL,
        8 => 1L << random.Next(64),
        _ => random.NextInt64(device.Length * 2) & ~511L,
    };

    private static bool Exercise(MemoryDevice device, int seed, string what)
    {
        var files = new MemoryImageFiles(device);
        files.Companions.Add("base", new MemoryDevice(300_000));
        return Mutation.Try(files, what, seed);
    }

    /// <summary>Makes checksums right again, so that a mutation gets past the door.</summary>
    private static void Sign(string format, MemoryDevice device)
    {
        if (format == "vhd")
        {
            foreach (var (offset, length, checksum) in new[]
            {
                (0L, 512, VhdLayout.ChecksumOffset), (device.Length - 512, 512, VhdLayout.ChecksumOffset),
                    (512L, 1024, VhdLayout.HeaderChecksumOffset),
            })
            {
                if (offset >= 0 && offset + length <= device.Length)
                {
                    var bytes = new byte[length];
                    device.Read(offset, bytes);
                    BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(checksum), VhdFooter.Checksum(bytes, checksum));
                    device.Write(offset, bytes);
                }
            }
        }
        else if (format == "vhdx")
        {
            foreach (var (offset, length) in new[] { (VhdxLayout.Header.Place1, 4096), (VhdxLayout.Header.Place2, 4096),
                (VhdxLayout.RegionTable.Place1, 65536), (VhdxLayout.RegionTable.Place2, 65536) })
            {
                SignCrc(device, offset, length);
            }

            Span<byte> entry = stackalloc byte[16];
            for (long offset = VhdxLayout.Megabyte; offset < VhdxLayout.Megabyte + 65536 && offset + 16 <= device.Length; offset += 4096)
            {
                device.Read(offset, entry);
                var length = BinaryPrimitives.ReadUInt32LittleEndian(entry[8..]);
                if (entry.StartsWith("loge"u8) && length is >= 16 and < 1024 * 1024)
                {
                    SignCrc(device, offset, (int)length);
                }
            }
        }
    }

    private static void SignCrc(MemoryDevice device, long offset, int length)
    {
        if (offset + length <= device.Length)
        {
            var bytes = new byte[length];
            device.Read(offset, bytes);
            Crc32C.Sign(bytes);
            device.Write(offset, bytes);
        }
    }

    /// <summary>
    /// Small images with as many structures as possible: our own, QEMU's where it is installed, the corpus's where it is there.
    /// </summary>
    private static List<Sample> Samples(string format)
    {
        var samples = OwnSamples(format);
        if (Oracle.Locate("qemu-img") is not null)
        {
            AddQemuSamples(format, DiskModel.Mixed(SampleSize, 1), samples);
        }

        foreach (var name in format switch
        {
            "qcow2" => new[] { "containers/dfvfs/image.qcow2", "containers/qcow2/backing-chain-3.qcow2" },
            "vhd" => ["containers/dfvfs/image-differential.vhd", "containers/qemu/virtualpc-dynamic.vhd"],
            "qcow" => ["containers/qcow1/image.qcow"],
            _ => [],
        })
        {
            if (Corpus.Has(name))
            {
                samples.Add(new Sample(Corpus.ReadSparse(name)));
            }
        }

        return samples;
    }

    private static List<Sample> OwnSamples(string format)
    {
        var content = DiskModel.Mixed(SampleSize, 1);
        var samples = new List<Sample>();
        void Own(DiskFormat writer, string? compression = null, string? subformat = null)
        {
            var device = new MemoryDevice(0);
            ImageWriting.Write(writer, device, content, new DiskWriterOptions(Subformat: subformat, Compression: compression));
            samples.Add(new Sample(device));
        }

        switch (format)
        {
            case "qcow2":
                Own(new Qcow2Format());
                Own(new Qcow2Format(), "zlib");
                Own(new Qcow2Format(), "zstd");
                break;
            case "vhd":
                Own(new VhdFormat());
                Own(new VhdFormat(), subformat: "fixed");
                break;
            case "vhdx":
                Own(new VhdxFormat());
                samples.Add(samples[0].WithLog());
                break;
            case "qcow":
                Own(new QcowFormat());
                Own(new QcowFormat(), "zlib");
                break;
            default:
                Own(new QedFormat());
                break;
        }

        return samples;
    }

    private static void AddQemuSamples(string format, byte[] content, List<Sample> samples)
    {
        using var folder = new ScratchFolder();
        File.WriteAllBytes(folder["source"], content);
        foreach (var options in format switch
        {
            "qcow2" => new[] { "cluster_size=512,refcount_bits=1", "cluster_size=4096", "extended_l2=on,cluster_size=16k",
                "compat=0.10,cluster_size=4k", "cluster_size=4096,lazy_refcounts=on" },
            "qed" => ["cluster_size=4096,table_size=2"],
            "vhdx" => ["block_size=1M"],
            "vhd" => ["subformat=dynamic"],
            _ => [""],
        })
        {
            var path = folder["image"];
            File.Delete(path);
            Qemu.Img(["convert", "-f", "raw", "-O", format == "vhd" ? "vpc" : format,
                .. options.Length == 0 ? Array.Empty<string>() : ["-o", options], folder["source"], path]);
            if (options is "cluster_size=4096" or "extended_l2=on,cluster_size=16k")
            {
                Qemu.Img("snapshot", "-c", "first", path);
                Qemu.Img("bitmap", "--add", "-f", "qcow2", path, "backup");
                Qemu.Io(path, "qcow2", "write -P 1 0 100k", "write -z 200k 64k");
            }

            samples.Add(new Sample(new MemoryDevice(File.ReadAllBytes(path))));
        }
    }

    private sealed class Sample(MemoryDevice image)
    {
        private readonly List<(long Offset, byte[] Bytes)> _parts = Parts(image);

        public long Length => image.Length;

        public MemoryDevice Copy()
        {
            var copy = new MemoryDevice(image.Length);
            foreach (var (offset, bytes) in _parts)
            {
                copy.Write(offset, bytes);
            }

            return copy;
        }

        /// <summary>The VHDX image with a log of two entries, which the headers name.</summary>
        public Sample WithLog()
        {
            var copy = Copy();
            var id = Guid.NewGuid().ToByteArray();
            for (var i = 0; i < 2; i++)
            {
                var entry = new byte[8192];
                "loge"u8.CopyTo(entry);
                BinaryPrimitives.WriteUInt32LittleEndian(entry.AsSpan(8), 8192);
                BinaryPrimitives.WriteUInt64LittleEndian(entry.AsSpan(16), (ulong)(7 + i));
                BinaryPrimitives.WriteUInt32LittleEndian(entry.AsSpan(24), 2);
                id.CopyTo(entry, 32);
                BinaryPrimitives.WriteInt64LittleEndian(entry.AsSpan(48), copy.Length);
                BinaryPrimitives.WriteInt64LittleEndian(entry.AsSpan(56), copy.Length);
                "desc"u8.CopyTo(entry.AsSpan(64));
                BinaryPrimitives.WriteInt64LittleEndian(entry.AsSpan(80), 4 * 1024 * 1024);
                BinaryPrimitives.WriteUInt64LittleEndian(entry.AsSpan(88), (ulong)(7 + i));
                "zero"u8.CopyTo(entry.AsSpan(96));
                BinaryPrimitives.WriteInt64LittleEndian(entry.AsSpan(104), 8192);
                BinaryPrimitives.WriteInt64LittleEndian(entry.AsSpan(112), (4 * 1024 * 1024) + 65536);
                BinaryPrimitives.WriteUInt64LittleEndian(entry.AsSpan(120), (ulong)(7 + i));
                "data"u8.CopyTo(entry.AsSpan(4096));
                BinaryPrimitives.WriteUInt32LittleEndian(entry.AsSpan(8188), (uint)(7 + i));
                copy.Write(VhdxLayout.Megabyte + (i * 8192), entry);
            }

            copy.Write(VhdxLayout.Header.Place1 + VhdxLayout.Header.LogGuid, id);
            copy.Write(VhdxLayout.Header.Place2 + VhdxLayout.Header.LogGuid, id);
            Sign("vhdx", copy);
            using (var opened = DiskFormats.Open(new MemoryImageFiles(copy)))
            {
                Assert.Equal("true", opened.Properties["logReplayed"]);
            }

            return new Sample(copy);
        }

        private static List<(long Offset, byte[] Bytes)> Parts(MemoryDevice device)
        {
            var parts = new List<(long, byte[])>();
            for (long at = 0; at < device.Length; at += 65536)
            {
                var bytes = new byte[Math.Min(65536, device.Length - at)];
                device.Read(at, bytes);
                if (bytes.AsSpan().ContainsAnyExcept((byte)0))
                {
                    parts.Add((at, bytes));
                }
            }

            return parts;
        }
    }
}
