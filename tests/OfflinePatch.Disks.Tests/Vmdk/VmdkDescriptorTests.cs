using System.Text;
using OfflinePatch.Core;
using OfflinePatch.Disks.Conversion;
using OfflinePatch.Disks.Formats;
using OfflinePatch.Disks.Tests.Conversion;
using OfflinePatch.Disks.Tests.Formats;
using OfflinePatch.Disks.Vmdk;
using OfflinePatch.Testing;

namespace OfflinePatch.Disks.Tests.Vmdk;

/// <summary>Descriptors as VMware, QEMU and people write them.</summary>
public sealed class VmdkDescriptorTests
{
    private const string Signature = "# Disk DescriptorFile\n";

    [Theory]
    [InlineData("")]
    [InlineData("# exported by a tool\n")]
    [InlineData("# Disk Descriptorfile\n")]
    [InlineData("#Disk DescriptorFile\n\n  \n# more\n")]
    [Trait("tier", "layout")]
    public void The_first_option_makes_a_descriptor(string start)
    {
        var text = VmdkBuilder.Descriptor("monolithicFlat", "RW 100 FLAT \"a.bin\" 0").Replace(Signature, start, StringComparison.Ordinal);
        using var image = DiskFormats.Open(Files(Encoding.UTF8.GetBytes(text), "a.bin"));
        Assert.Equal(("monolithicFlat", 51200L), (image.Subformat, image.Length));
    }

    [Theory]
    [InlineData("CID=1a2b3c4d\nversion=1\n")]
    [InlineData("version=4\n")]
    [InlineData("version=10\n")]
    [InlineData("version1\n")]
    [InlineData("# a shell script\n")]
    [Trait("tier", "layout")]
    public void Other_texts_are_none(string start)
    {
        var text = start + new string(' ', 2000) + "\nRW 100 FLAT \"a.bin\" 0\n";
        Assert.Equal("DISK-0001",
            Assert.Throws<UnsupportedImageException>(() => DiskFormats.Open(Files(Encoding.UTF8.GetBytes(text), "a.bin"))).Code);
    }

    [Theory]
    [InlineData("windows-949-2000", 949, "\uc11c\ubc84")]
    [InlineData("ibm-874", 874, "\u0e40\u0e04\u0e23\u0e37\u0e48\u0e2d\u0e07")]
    [InlineData("ibm-943_P15A-2003", 932, "\u30b5\u30fc\u30d0")]
    [InlineData("Shift_JIS", 932, "\u30b5\u30fc\u30d0")]
    [InlineData("windows-936-2000", 936, "\u670d\u52a1\u5668")]
    [InlineData("ibm-1386", 936, "\u670d\u52a1\u5668")]
    [InlineData("windows-950-2000", 950, "\u4f3a\u670d\u5668")]
    [InlineData("ibm-5347", 1251, "\u0441\u0435\u0440\u0432\u0435\u0440")]
    [InlineData("windows-1252", 1252, "b\u00fcro")]
    [Trait("tier", "layout")]
    public void Names_in_the_encodings_that_VMware_names(string encoding, int codePage, string name)
    {
        var text = VmdkBuilder.Descriptor("monolithicFlat", $"RW 100 FLAT \"{name}-flat.vmdk\" 0", $"encoding=\"{encoding}\"");
        using var image =
            DiskFormats.Open(Files(CodePagesEncodingProvider.Instance.GetEncoding(codePage)!.GetBytes(text), name + "-flat.vmdk"));
        Assert.Equal(51200L, image.Length);
    }

    /// <summary>A name must not become a line of the descriptor.</summary>
    [Theory]
    [InlineData("a\nparentFileNameHint=\"x\".vmdk", "aparentFileNameHint=x.vmdk")]
    [InlineData("a\"b\r\t\u0085c\u007f.vmdk", "abc.vmdk")]
    [InlineData("\n", "disk.vmdk")]
    [Trait("tier", "layout")]
    public void A_written_descriptor_has_the_name_without_control_characters(string name, string expected)
    {
        var output = new MemoryDevice(0);
        DiskConverter.Convert(GuestModel.Patterned(1 << 20, 3), ConversionTests.Format(ImageFormat.Vmdk), output,
            new DiskWriterOptions(FileName: name));
        var start = new byte[4096];
        output.Read(0, start);
        var text = Encoding.UTF8.GetString(start);
        Assert.Contains($"\nRW 2048 SPARSE \"{expected}\"\n", text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("windows-65535")]
    [InlineData("klingon")]
    [InlineData("UTF-8")]
    [Trait("tier", "layout")]
    public void An_encoding_that_is_not_known_is_said(string encoding)
    {
        var text = VmdkBuilder.Descriptor("monolithicFlat", "RW 100 FLAT \"b\u00fcro-flat.vmdk\" 0", $"encoding=\"{encoding}\"");
        Assert.Equal("VMDK-0113", Assert.Throws<UnsupportedImageException>(() =>
            DiskFormats.Open(Files(Encoding.Latin1.GetBytes(text), "b\u00fcro-flat.vmdk"))).Code);
    }

    [Theory]
    [InlineData("CID=0x1a2b3c4d", "CID=0x")]
    [InlineData("CID=11111111\nCID=1a2b3c4d", "CID=")]
    [InlineData("cid = \"1a2b3c4d\"", "cid = \"")]
    [Trait("tier", "layout")]
    public void Every_content_id_is_renewed(string lines, string prefix)
    {
        var text = VmdkBuilder.Descriptor("monolithicFlat", "RW 100 FLAT \"a.bin\" 0")
            .Replace("CID=1234abcd", lines, StringComparison.Ordinal);
        var files = Files(Encoding.UTF8.GetBytes(text), "a.bin");
        using (var image = DiskFormats.Open(files))
        {
            Assert.Equal("1a2b3c4d", image.Properties["CID"].Replace("0x", "", StringComparison.Ordinal));
            image.Write(0, [1]);
        }

        var bytes = new byte[files.Image.Length];
        files.Image.Read(0, bytes);
        var changed = Encoding.UTF8.GetString(bytes);
        Assert.Equal(text.Length, changed.Length);
        Assert.DoesNotContain("1a2b3c4d", changed, StringComparison.Ordinal);
        Assert.DoesNotContain("11111111", changed, StringComparison.Ordinal);
        Assert.Contains("\n" + prefix, changed, StringComparison.Ordinal);
        Assert.Equal(lines.Split('\n').Length + 1, changed.Split("CID").Length - 1 + changed.Split("\ncid").Length - 1); // parentCID is one
    }

    [Theory]
    [InlineData(1)]
    [InlineData(511)]
    [InlineData(1024)]
    [InlineData(65536)]
    [InlineData(1000 * 1000)]
    [InlineData(300 * 1000 * 1000)] // zeros, but for the first
    [Trait("tier", "layout")]
    public void Bytes_behind_a_stream_are_passed_over(int count)
    {
        var device = new MemoryDevice(0);
        var content = Formats.DiskModel.Mixed(300_000 / 512 * 512, 7);
        Formats.ImageWriting.Write(new Disks.Vmdk.VmdkFormat(), device, content, new DiskWriterOptions("streamOptimized"));
        var end = device.Length;
        device.SetLength(end + count);
        device.Write(end, Enumerable.Repeat((byte)0x5A, Math.Min(count, 700)).ToArray());
        using (var image = DiskFormats.Open(new MemoryImageFiles(device)))
        {
            var read = new byte[content.Length];
            image.Read(0, read);
            Assert.Equal(content, read);
        }

        // zeros that are stored
        device.SetLength(end);
        device.SetLength(end + (5 << 20));
        for (var at = end; at < device.Length; at += 1 << 20)
        {
            device.Write(at, new byte[1 << 20]);
        }

        DiskFormats.Open(new MemoryImageFiles(device)).Dispose();
        device.SetLength(end - 512);
        Assert.Equal("VMDK-0018", Assert.Throws<CorruptImageException>(() => DiskFormats.Open(new MemoryImageFiles(device))).Code);
    }

    private static MemoryImageFiles Files(byte[] descriptor, string extent)
    {
        var files = new MemoryImageFiles(new MemoryDevice(descriptor), "disk.vmdk");
        files.Companions[extent] = new MemoryDevice(51200);
        return files;
    }
}
