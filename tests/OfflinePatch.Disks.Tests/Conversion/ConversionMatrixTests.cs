using OfflinePatch.Core;
using OfflinePatch.Disks.Conversion;
using OfflinePatch.Disks.Formats;
using OfflinePatch.Disks.Tests.Formats;
using OfflinePatch.Disks.Tests.Zvhd;
using OfflinePatch.Testing;

namespace OfflinePatch.Disks.Tests.Conversion;

/// <summary>Every format into every format, and every container of the corpus into some.</summary>
public sealed class ConversionMatrixTests
{
    private const long Size = (9L * 1024 * 1024) + (17 * 512);

    public static TheoryData<ImageFormat> Formats() => [.. Enum.GetValues<ImageFormat>()];

    [Theory]
    [MemberData(nameof(Formats))]
    [Trait("tier", "model")]
    public void Every_format_from_this_one(ImageFormat from)
    {
        var model = Model();
        using var source = DiskFormats.Open(new MemoryImageFiles(Write(model, from)));
        Assert.Equal(from, source.Format);
        Assert.InRange(source.Length, Size, Size + (2 << 20));
        foreach (var to in Enum.GetValues<ImageFormat>())
        {
            // Verified: read again and compared by the converter itself.
            using var image = DiskFormats.Open(new MemoryImageFiles(Write(source, to)));
            Assert.Equal(to, image.Format);
            GuestModel.AssertSameRange(model, image, 0, Size);
        }
    }

    [SkippableTheory]
    [MemberData(nameof(Formats))]
    [Trait("tier", "oracle")]
    public void Output_is_what_the_other_tool_reads(ImageFormat to)
    {
        var model = Model();
        using var source = DiskFormats.Open(new MemoryImageFiles(Write(model, ImageFormat.Vmdk)));
        Judge(model, Write(source, to), to);
    }

    [SkippableTheory]
    [MemberData(nameof(Formats))]
    [Trait("tier", "oracle")]
    [Trait("speed", "slow")]
    public void Whole_matrix_is_what_the_other_tool_reads(ImageFormat from)
    {
        var model = Model();
        using var source = DiskFormats.Open(new MemoryImageFiles(Write(model, from)));
        foreach (var to in Enum.GetValues<ImageFormat>())
        {
            Judge(model, Write(source, to), to);
        }
    }

    [SkippableFact]
    [Trait("tier", "layout")]
    public void Every_corpus_container_converts_or_is_refused_with_a_code()
    {
        Corpus.Require();
        using var scratch = new ScratchFolder();
        var root = Path.Combine(Corpus.Root!, "containers");
        var converted = 0;
        foreach (var packed in Directory.GetFiles(root, "*.gz", SearchOption.AllDirectories))
        {
            var folder = scratch[Path.GetFileName(Path.GetDirectoryName(packed)!)];
            Directory.CreateDirectory(folder);
            Corpus.Unpack(Path.ChangeExtension(Path.GetRelativePath(Corpus.Root!, packed), null),
                Path.Combine(folder, Path.GetFileNameWithoutExtension(packed)));
        }

        foreach (var path in Directory.GetFiles(scratch.Path, "*", SearchOption.AllDirectories))
        {
            try
            {
                using var source = DiskFormats.Open(new FolderImageFiles(path));
                foreach (var to in new[] { ImageFormat.Qcow2, ImageFormat.Vmdk, ImageFormat.Zvhd2 })
                {
                    Write(source, to);
                }

                converted++;
            }
            catch (Exception e) when (e is CorruptImageException or UnsupportedImageException or RefusedException or IOException)
            {
                Assert.IsAssignableFrom<ICodedError>(e);
            }
        }

        Assert.InRange(converted, 20, int.MaxValue);
    }

    private static void Judge(MemoryDevice model, MemoryDevice output, ImageFormat format)
    {
        if (format is ImageFormat.Zvhd or ImageFormat.Zvhd2)
        {
            var bytes = new byte[output.Length];
            output.Read(0, bytes);
            GuestModel.AssertSame(model, new MemoryDevice(SecondDecoder.Decode(bytes).AsSpan(0, (int)Size)));
            return;
        }

        Oracle.Require("qemu-img");
        using var scratch = new ScratchFolder();
        HostFile.Save(output, scratch["disk"]);
        HostFile.Save(model, scratch["expected.raw"]);
        var name = format switch { ImageFormat.Vhd => "vpc", _ => format.ToString().ToLowerInvariant() };
        if (format is not (ImageFormat.Raw or ImageFormat.Vhd or ImageFormat.Qcow))
        {
            // QEMU has no check for these three.
            Oracle.Run("qemu-img", "check", "-f", name, scratch["disk"]).MustSucceed();
        }

        Oracle.Run("qemu-img", "compare", "-f", name, "-F", "raw", scratch["disk"], scratch["expected.raw"]).MustSucceed();
    }

    /// <summary>A disk that a RAW reader knows as one: its first sector ends in 55 AA.</summary>
    private static MemoryDevice Model()
    {
        var model = GuestModel.Patterned(Size, 61);
        model.Write(510, [0x55, 0xAA]);
        return model;
    }

    private static MemoryDevice Write(BlockDevice source, ImageFormat format)
    {
        var output = new MemoryDevice(0);
        DiskConverter.Convert(source, ConversionTests.Format(format), output, new DiskWriterOptions(), verify: true);
        return output;
    }
}
