using OfflinePatch.Core;
using OfflinePatch.Disks.Conversion;
using OfflinePatch.Disks.Formats;
using OfflinePatch.Disks.Tests.Conversion;
using OfflinePatch.Disks.Tests.Formats;
using OfflinePatch.Testing;

namespace OfflinePatch.Disks.Tests.Zvhd;

/// <summary>ZVHD and ZVHD2: written here, decoded by a second decoder; read in any order; damage.</summary>
public sealed class ZvhdTests
{
    private const long MiB = 1024 * 1024;

    [Theory]
    [InlineData(ImageFormat.Zvhd, null, 40 * MiB)]
    [InlineData(ImageFormat.Zvhd, null, (9 * MiB) + (17 * 512))]
    [InlineData(ImageFormat.Zvhd, null, 512)]
    [InlineData(ImageFormat.Zvhd2, null, 40 * MiB)]
    [InlineData(ImageFormat.Zvhd2, "zlib", 40 * MiB)]
    [InlineData(ImageFormat.Zvhd2, "zstd", (9 * MiB) + (17 * 512))]
    [InlineData(ImageFormat.Zvhd2, "zlib", 512)]
    [Trait("tier", "layout")]
    public void Written_file_decodes_the_same_in_two_decoders(ImageFormat format, string? compression, long size)
    {
        var model = GuestModel.Patterned(size, 41);
        var file = Write(model, format, compression);

        Assert.Equal(Bytes(model), SecondDecoder.Decode(Bytes(file)));
        using var image = DiskFormats.Open(new MemoryImageFiles(file));
        Assert.Equal((format, size, false), (image.Format, image.Length, image.CanWrite));
        Assert.NotNull(image.WhyNotInPlace);
        Assert.Equal("1073741824", image.Properties["currSize"]);
        GuestModel.AssertSame(model, image);
        Assert.Equal("ZVHD-0105", Assert.Throws<UnsupportedImageException>(() => image.Write(0, [1])).Code);
    }

    [Theory]
    [InlineData(ImageFormat.Zvhd)]
    [InlineData(ImageFormat.Zvhd2)]
    [Trait("tier", "layout")]
    public void Empty_disk(ImageFormat format)
    {
        var model = new MemoryDevice(3 * 1024 * MiB);
        var file = Write(model, format);
        using var image = DiskFormats.Open(new MemoryImageFiles(file));
        GuestModel.AssertSame(model, image);
        Assert.InRange(file.Length, 1, 100_000);
    }

    [Theory]
    [InlineData(ImageFormat.Zvhd)]
    [InlineData(ImageFormat.Zvhd2)]
    [Trait("tier", "model")]
    public void Reads_in_any_order_and_from_several_threads(ImageFormat format)
    {
        var model = GuestModel.Patterned(60 * MiB, 42);
        using var image = DiskFormats.Open(new MemoryImageFiles(Write(model, format)));
        var random = new Random(1);
        for (var i = 0; i < 60; i++)
        {
            var offset = random.NextInt64(model.Length - 5000);
            GuestModel.AssertSameRange(model, image, offset, offset + 5000);
        }

        Parallel.For(0, 8, i =>
        {
            var offset = (i * 7 * MiB) + 100;
            GuestModel.AssertSameRange(model, image, offset, offset + (3 * MiB));
        });
    }

    [SkippableFact]
    [Trait("tier", "oracle")]
    public void Payloads_are_frames_that_zstd_unpacks()
    {
        Oracle.Require("zstd");
        using var scratch = new ScratchFolder();
        var model = GuestModel.Patterned(4 * MiB, 43);
        var file = Bytes(Write(model, ImageFormat.Zvhd2));
        File.WriteAllBytes(scratch["block.zst"], file.AsSpan(4096 + 48, BitConverter.ToInt32(file, 4096 + 12)).ToArray());

        Oracle.Run("zstd", "-d", "-q", scratch["block.zst"], "-o", scratch["block"]).MustSucceed();

        Assert.Equal(Bytes(model).AsSpan(0, 2 << 20).ToArray(), File.ReadAllBytes(scratch["block"]));
        Assert.Contains("Decompressed Size: 2", Oracle.Run("zstd", "-l", "-v", scratch["block.zst"]).MustSucceed().Output,
            StringComparison.Ordinal);
    }

    [Fact]
    [Trait("tier", "layout")]
    public void Damaged_footer_falls_back_to_the_records()
    {
        var model = GuestModel.Patterned(20 * MiB, 44);
        var file = Write(model, ImageFormat.Zvhd2);
        file.Write(file.Length - 4096 + 0x60, [0xFF]);
        using (var image = DiskFormats.Open(new MemoryImageFiles(file)))
        {
            GuestModel.AssertSame(model, image);
        }

        file.SetLength(file.Length - (3 * 4096) - 0x80000); // the copy of the footer is gone too
        Assert.NotNull(Record.Exception(() => DiskFormats.Open(new MemoryImageFiles(file))) as CorruptImageException);
    }

    [Theory]
    [InlineData(0x57, 2, "ZVHD-0101")]
    [InlineData(0x8D, 2, "ZVHD-0102")]
    [InlineData(0x5B, 0x10, "ZVHD-0103")]
    [InlineData(0x88, 0x7F, "ZVHD-0007")]
    [InlineData(0x63, 0x7F, "ZVHD-0007")]
    [Trait("tier", "layout")]
    public void Footer_fields(int offset, byte value, string code)
    {
        var file = Bytes(Write(GuestModel.Patterned(20 * MiB, 45), ImageFormat.Zvhd2));
        file[^(4096 - offset)] = value;
        Sign(file, file.Length - 4096);
        Assert.Equal(code, (Record.Exception(() => DiskFormats.Open(new MemoryImageFiles(new MemoryDevice(file)))) as ICodedError)?.Code);
    }

    [Fact]
    [Trait("tier", "layout")]
    public void Cut_stream_does_not_open()
    {
        var file = Write(GuestModel.Patterned(20 * MiB, 46), ImageFormat.Zvhd);
        file.SetLength(file.Length - 4096);
        Assert.Equal("ZVHD-0006", (Record.Exception(() => DiskFormats.Open(new MemoryImageFiles(file))) as ICodedError)?.Code);
    }

    [Fact]
    [Trait("tier", "layout")]
    public void Text_that_starts_like_a_stream_is_not_one() =>
        Assert.Equal("DISK-0001", Assert.Throws<UnsupportedImageException>(() =>
            DiskFormats.Open(new MemoryImageFiles(new MemoryDevice("stream of consciousness"u8)))).Code);

    [Theory]
    [InlineData(ImageFormat.Zvhd)]
    [InlineData(ImageFormat.Zvhd2)]
    [Trait("tier", "fuzz")]
    public void Every_truncation_and_many_bits(ImageFormat format)
    {
        var file = Small(format);
        Mutation.TruncateEverywhere(file, 100);
        Mutation.FlipEveryBit(file, 0, 0x90, step: 9);
        Mutation.FlipEveryBit(file, 4096, 80, step: 9);
        Mutation.FlipEveryBit(file, file.Length - 4096, 0x90, step: 9);
    }

    [Theory]
    [InlineData(ImageFormat.Zvhd)]
    [InlineData(ImageFormat.Zvhd2)]
    [Trait("tier", "fuzz")]
    public void Mutated_containers(ImageFormat format) => Fuzz(format, 7, 150);

    [Theory]
    [InlineData(ImageFormat.Zvhd)]
    [InlineData(ImageFormat.Zvhd2)]
    [Trait("tier", "fuzz")]
    [Trait("speed", "slow")]
    public void Many_mutated_containers(ImageFormat format) => Fuzz(format, 1_000_003, 100_000);

    private static void Fuzz(ImageFormat format, int seed, int cases)
    {
        var file = Small(format);
        List<(int, int)> metadata = [(0, 0x90), (4096, 400), (8192, 100)];
        if (format == ImageFormat.Zvhd2)
        {
            metadata.Add((file.Length - 4096, 0x90));
            metadata.Add((file.Length - 8192, 8));
            metadata.Add((file.Length - 8192 - 0x80000, 64));
        }

        // Checksums are set right again, so that damage gets past the door.
        Mutation.Fuzz(file, seed, cases, metadata, device =>
        {
            var bytes = Bytes(device);
            if (bytes.Length >= 8192)
            {
                Sign(bytes, 0);
                Sign(bytes, bytes.Length - 4096);
            }

            return new MemoryImageFiles(new MemoryDevice(bytes));
        });
    }

    /// <summary>Six blocks, three stored, in some kilobytes.</summary>
    private static byte[] Small(ImageFormat format)
    {
        var model = new MemoryDevice(11 * MiB);
        foreach (var offset in new[] { 0, 4 * MiB, (6 * MiB) + 77 })
        {
            model.Write(offset, "some bytes of a block, some bytes of a block"u8);
        }

        return Bytes(Write(model, format));
    }

    private static void Sign(byte[] file, int at)
    {
        file.AsSpan(at + 0x40, 4).Clear();
        var sum = 0u;
        for (var i = 0; i < 512; i++)
        {
            sum += file[at + i];
        }

        BitConverter.GetBytes(~sum).CopyTo(file, at + 0x40);
    }

    private static MemoryDevice Write(BlockDevice source, ImageFormat format, string? compression = null)
    {
        var output = new MemoryDevice(0);
        DiskConverter.Convert(source, ConversionTests.Format(format), output, new DiskWriterOptions(Compression: compression),
            verify: true);
        return output;
    }

    private static byte[] Bytes(BlockDevice device)
    {
        var bytes = new byte[device.Length];
        device.Read(0, bytes);
        return bytes;
    }
}
