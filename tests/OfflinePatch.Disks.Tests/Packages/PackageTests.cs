using System.IO.Compression;
using OfflinePatch.Core;
using OfflinePatch.Disks.Ewf;
using OfflinePatch.Disks.Formats;
using OfflinePatch.Disks.Tests.Formats;
using OfflinePatch.Testing;

namespace OfflinePatch.Disks.Tests.Packages;

/// <summary>Images that were compressed, split, archived or acquired by the tools that people use for it.</summary>
public sealed class PackageTests
{
    private const int Size = 5 * 1024 * 1024;

    [SkippableTheory]
    [InlineData("gzip", "disk.raw.gz", "gzip")]
    [InlineData("xz -T1 --check=crc64", "disk.raw.xz", "xz")]
    [InlineData("xz -T1 --block-size=1MiB --check=sha256", "disk.raw.xz", "xz")]
    [InlineData("zstd", "disk.raw.zst", "zstd")]
    [Trait("tier", "oracle")]
    public void Compressed_images_are_read(string command, string name, string kind)
    {
        var words = command.Split(' ');
        Oracle.Require(words[0]);
        using var scratch = new ScratchFolder();
        var content = Write(scratch["disk.raw"]);
        Oracle.RunIn(scratch.Path, words[0], [.. words.AsSpan(1), "-k", "-q", "disk.raw"]).MustSucceed();

        using (var image = DiskFormats.Open(new FolderImageFiles(scratch[name])))
        {
            Assert.Equal((ImageFormat.Raw, kind), (image.Format, image.Properties["compressedWith"]));
            AssertSame(content, image);
            Assert.Equal("PKG-0104", Assert.Throws<UnsupportedImageException>(() => image.Write(0, [1])).Code);
        }

        // Several streams in one file, as a parallel compressor or cat makes them.
        var packed = File.ReadAllBytes(scratch[name]);
        File.WriteAllBytes(scratch["two." + name], [.. packed, .. packed]);
        using (var image = DiskFormats.Open(new FolderImageFiles(scratch["two." + name])))
        {
            AssertSame([.. content, .. content], image);
        }

        // No cut and no flipped bit passes; a flipped bit in a name or a time changes nothing.
        foreach (var length in new[] { packed.Length - 1, packed.Length - 5, packed.Length - 9, packed.Length / 2, 30 })
        {
            File.WriteAllBytes(scratch[name], packed[..length]);
            Assert.StartsWith("PKG-0001", Code(scratch[name]), StringComparison.Ordinal);
        }

        var random = new Random(5);
        for (var i = 0; i < 12; i++)
        {
            var changed = packed.ToArray();
            changed[random.Next(packed.Length)] ^= (byte)(1 << random.Next(8));
            File.WriteAllBytes(scratch[name], changed);
            try
            {
                using var image = DiskFormats.Open(new FolderImageFiles(scratch[name]));
                AssertSame(content, image);
            }
            catch (Exception e) when (e is CorruptImageException or UnsupportedImageException)
            {
            }
        }
    }

    /// <summary>Zeros behind a stream are padding where the format's own tool takes them; everything else is said.</summary>
    [SkippableTheory]
    [InlineData("gzip", "gz", 512, 0, true)]
    [InlineData("gzip", "gz", 1, 10, false)]
    [InlineData("xz", "xz", 512, 0, true)]
    [InlineData("xz", "xz", 3, 0, false)]
    [InlineData("xz", "xz", 1, 10, false)]
    [InlineData("xz", "xz", 4, 10, false)]
    [InlineData("zstd", "zst", 512, 0, false)]
    [Trait("tier", "oracle")]
    public void Bytes_behind_a_stream(string tool, string ending, int count, byte value, bool isPadding)
    {
        Oracle.Require(tool);
        using var scratch = new ScratchFolder();
        var content = Write(scratch["disk.raw"]);
        Oracle.RunIn(scratch.Path, tool, "-k", "-q", "disk.raw").MustSucceed();
        var name = scratch["disk.raw." + ending];
        File.WriteAllBytes(name, [.. File.ReadAllBytes(name), .. Enumerable.Repeat(value, count)]);
        Assert.Equal(isPadding, Oracle.RunIn(scratch.Path, tool, "-t", "-q", name).ExitCode == 0);
        if (isPadding)
        {
            using var image = DiskFormats.Open(new FolderImageFiles(name));
            AssertSame(content, image);
        }
        else
        {
            Assert.StartsWith("PKG-0001", Code(name), StringComparison.Ordinal);
        }
    }

    /// <summary>A frame to be skipped stands first where several threads compressed; LZ4's look the same and are not zstd.</summary>
    [SkippableFact]
    [Trait("tier", "oracle")]
    public void A_zstd_that_starts_with_a_skippable_frame()
    {
        Oracle.Require("pzstd");
        using var scratch = new ScratchFolder();
        var content = Write(scratch["disk.raw"]);
        Oracle.RunIn(scratch.Path, "pzstd", "-q", "-k", "disk.raw", "-o", "disk.zst").MustSucceed();
        var packed = File.ReadAllBytes(scratch["disk.zst"]);
        Assert.Equal(0x50, packed[0]);
        using (var image = DiskFormats.Open(new FolderImageFiles(scratch["disk.zst"])))
        {
            AssertSame(content, image);
        }

        packed[12] ^= 0xFF; // the magic of the first frame of data
        File.WriteAllBytes(scratch["disk.zst"], packed);
        Assert.StartsWith("DISK-0001", Code(scratch["disk.zst"]), StringComparison.Ordinal);
    }

    /// <summary>A bit that the decoder cannot notice (in a chunk that is stored) is noticed by the check value of its block.</summary>
    [SkippableTheory]
    [InlineData("crc32")]
    [InlineData("crc64")]
    [InlineData("sha256")]
    [Trait("tier", "oracle")]
    public void Check_values_of_xz_are_compared(string check)
    {
        Oracle.Require("xz");
        using var scratch = new ScratchFolder();
        var content = Write(scratch["disk.raw"]);
        var noise = new byte[1024 * 1024];
        new Random(6).NextBytes(noise);
        noise.CopyTo(content, content.Length - noise.Length);
        File.WriteAllBytes(scratch["disk.raw"], content);
        Oracle.RunIn(scratch.Path, "xz", "-T1", $"--check={check}", "disk.raw").MustSucceed();
        var packed = File.ReadAllBytes(scratch["disk.raw.xz"]);
        var at = packed.AsSpan().IndexOf(noise.AsSpan(noise.Length / 2, 32));
        Assert.True(at > 0);
        packed[at] ^= 1;
        File.WriteAllBytes(scratch["disk.raw.xz"], packed);
        Assert.StartsWith("PKG-0001", Code(scratch["disk.raw.xz"]), StringComparison.Ordinal);
    }

    [SkippableFact]
    [Trait("tier", "oracle")]
    public void A_VMDK_in_a_gzip()
    {
        Oracle.Require("gzip", "qemu-img", "tar");
        using var scratch = new ScratchFolder();
        var content = Write(scratch["disk.raw"]);
        Qemu.Img("convert", "-O", "vmdk", scratch["disk.raw"], scratch["disk.vmdk"]);
        Qemu.Img("convert", "-O", "qcow2", scratch["disk.raw"], scratch["disk.qcow2"]);
        Oracle.RunIn(scratch.Path, "tar", "-czf", "disk.tar.gz", "disk.qcow2").MustSucceed();
        Oracle.RunIn(scratch.Path, "gzip", "disk.vmdk").MustSucceed();
        using (var image = DiskFormats.Open(new FolderImageFiles(scratch["disk.vmdk.gz"])))
        {
            Assert.Equal((ImageFormat.Vmdk, "monolithicSparse"), (image.Format, image.Subformat));
            AssertSame(content, image);
        }

        using var tar = DiskFormats.Open(new FolderImageFiles(scratch["disk.tar.gz"]));
        Assert.Equal((ImageFormat.Qcow2, "gzip", "disk.qcow2"), (tar.Format, tar.Properties["compressedWith"], tar.Properties["ovf.disk"]));
        AssertSame(content, tar);
    }

    [SkippableFact]
    [Trait("tier", "oracle")]
    public void Images_in_a_zip()
    {
        Qemu.Require();
        using var scratch = new ScratchFolder();
        var content = Write(scratch["disk.raw"]);
        Qemu.Img("convert", "-O", "vhdx", scratch["disk.raw"], scratch["disk.vhdx"]);
        Qemu.Img("convert", "-O", "vmdk", "-o", "subformat=monolithicFlat", scratch["disk.raw"], scratch["flat.vmdk"]);
        Zip(scratch["a.zip"], scratch, "disk.vhdx");
        Zip(scratch["b.zip"], scratch, "flat-flat.vmdk", "flat.vmdk");
        Zip(scratch["c.zip"], scratch, "flat.vmdk");
        using (var image = DiskFormats.Open(new FolderImageFiles(scratch["a.zip"])))
        {
            Assert.Equal((ImageFormat.Vhdx, "folder/disk.vhdx", "1"),
                (image.Format, image.Properties["ovf.disk"], image.Properties["ovf.diskCount"]));
            AssertSame(content, image);
        }

        using (var image = DiskFormats.Open(new FolderImageFiles(scratch["b.zip"])))
        {
            Assert.Equal((ImageFormat.Vmdk, "monolithicFlat", "1"), (image.Format, image.Subformat, image.Properties["ovf.diskCount"]));
            AssertSame(content, image);
        }

        Assert.StartsWith("OVA-0006", Code(scratch["c.zip"]), StringComparison.Ordinal);
        var bytes = File.ReadAllBytes(scratch["a.zip"]);
        bytes[bytes.Length / 2] ^= 1;
        File.WriteAllBytes(scratch["a.zip"], bytes);
        Assert.StartsWith("PKG-0001", Code(scratch["a.zip"]), StringComparison.Ordinal);
        File.WriteAllText(scratch["readme.txt"], "no disk");
        Zip(scratch["d.zip"], scratch, "readme.txt");
        Assert.StartsWith("PKG-0102", Code(scratch["d.zip"]), StringComparison.Ordinal);
    }

    [SkippableFact]
    [Trait("tier", "oracle")]
    public void Split_images()
    {
        Oracle.Require("split", "qemu-img");
        using var scratch = new ScratchFolder();
        var content = Write(scratch["disk.raw"]);
        Oracle.RunIn(scratch.Path, "split", "-b", "1500000", "-d", "-a", "3", "--numeric-suffixes=1", "disk.raw", "disk.").MustSucceed();
        using (var files = new HostFiles(scratch["disk.001"]))
        using (var image = DiskFormats.Open(files))
        {
            Assert.Equal((ImageFormat.Raw, "split", true), (image.Format, image.Subformat, image.CanWrite));
            AssertSame(content, image);
            image.Write(1_499_999, [0xA1, 0xA2]); // over the border of two parts
            content[1_499_999] = 0xA1;
            content[1_500_000] = 0xA2;
            Assert.Equal("DISK-0006", Assert.Throws<UnsupportedImageException>(() => image.Grow(2L * Size)).Code);
        }

        Assert.Equal(content, Directory.GetFiles(scratch.Path, "disk.00?").Order(StringComparer.Ordinal).SelectMany(File.ReadAllBytes));
        Qemu.Img("convert", "-O", "qcow2", scratch["disk.raw"], scratch["q"]);
        Oracle.RunIn(scratch.Path, "split", "-b", "1M", "-d", "-a", "3", "q", "q.").MustSucceed();
        using (var image = DiskFormats.Open(new FolderImageFiles(scratch["q.000"])))
        {
            Assert.Equal(ImageFormat.Qcow2, image.Format);
            Assert.False(image.CanWrite);
        }

        File.Delete(scratch["disk.003"]);
        Assert.StartsWith("PKG-0002", Code(scratch["disk.001"]), StringComparison.Ordinal);
    }

    [SkippableTheory]
    [InlineData("fast", "encase6", "1.4 GiB")]
    [InlineData("none", "encase6", "1.4 GiB")]
    [InlineData("fast", "encase5", "1.0 MiB")]
    [InlineData("best", "smart", "1.4 GiB")]
    [InlineData("empty-block", "ftk", "1.4 GiB")]
    [Trait("tier", "oracle")]
    public void Acquisitions_by_ewfacquire(string compression, string format, string segmentSize)
    {
        Oracle.Require("ewfacquire");
        using var scratch = new ScratchFolder();
        var content = Write(scratch["disk.raw"]);
        Oracle.RunIn(scratch.Path, "ewfacquire", "-u", "-q", "-c", $"deflate:{compression}", "-f", format, "-S", segmentSize, "-t",
            scratch["case"], scratch["disk.raw"]).MustSucceed();
        var first = Directory.GetFiles(scratch.Path, "case.*").Order(StringComparer.Ordinal).First();
        using (var image = DiskFormats.Open(new FolderImageFiles(first)))
        {
            Assert.Equal((ImageFormat.Raw, "E01", false), (image.Format, image.Subformat, image.CanWrite));
            AssertSame(content, image);
        }

        if (segmentSize.StartsWith("1.0", StringComparison.Ordinal))
        {
            Assert.True(Directory.GetFiles(scratch.Path, "case.*").Length > 1);
        }

        var bytes = File.ReadAllBytes(first);
        File.WriteAllBytes(first, bytes[..^100]);
        Assert.NotNull(Code(first));
        bytes[bytes.Length / 2] ^= 0x10;
        File.WriteAllBytes(first, bytes);
        Assert.ThrowsAny<Exception>(() =>
        {
            using var image = DiskFormats.Open(new FolderImageFiles(first));
            AssertSame(content, image);
        });
    }

    [Theory]
    [InlineData("x.E01", 2, "x.E02")]
    [InlineData("x.e01", 99, "x.e99")]
    [InlineData("x.E99", 100, "x.EAA")]
    [InlineData("x.e99", 101, "x.eab")]
    [InlineData("x.EZZ", 776, "x.FAA")]
    [InlineData("x.s01", 3, "x.s03")]
    [Trait("tier", "unit")]
    public void Segment_names(string name, int number, string expected) => Assert.Equal(expected, EwfPackage.SegmentName(name, number));

    [Fact]
    [Trait("tier", "unit")]
    public void A_flat_extent_alone_says_what_to_name()
    {
        var disk = new MemoryDevice(1024 * 1024);
        disk.Write(510, [0x55, 0xAA]);
        var error = Assert.Throws<UnsupportedImageException>(() => DiskFormats.Open(new MemoryImageFiles(disk, "/a/Win 2019-flat.vmdk")));
        Assert.Equal("VMDK-0114", error.Code);
        Assert.Contains("Win 2019.vmdk", error.Remedy, StringComparison.Ordinal);
        DiskFormats.Open(new MemoryImageFiles(disk, "/a/Win 2019-flat.raw")).Dispose();
    }

    private static byte[] Write(string path)
    {
        var content = DiskModel.Mixed(Size, 91);
        content[510] = 0x55;
        content[511] = 0xAA;
        content.AsSpan(446, 64).Clear();
        "\xEB\x63\x90"u8[..2].CopyTo(content);
        File.WriteAllBytes(path, content);
        return content;
    }

    private static void Zip(string path, ScratchFolder scratch, params string[] names)
    {
        using var zip = ZipFile.Open(path, ZipArchiveMode.Create);
        foreach (var name in names)
        {
            zip.CreateEntryFromFile(scratch[name], "folder/" + name);
        }
    }

    private static string? Code(string path)
    {
        try
        {
            DiskFormats.Open(new FolderImageFiles(path)).Dispose();
            return null;
        }
        catch (Exception e) when (e is ICodedError)
        {
            return ((ICodedError)e).Code;
        }
    }

    private static void AssertSame(byte[] content, DiskImage image)
    {
        var read = new byte[content.Length];
        Assert.Equal(content.Length, image.Length);
        image.Read(0, read);
        Assert.Equal(content, read);
    }
}
