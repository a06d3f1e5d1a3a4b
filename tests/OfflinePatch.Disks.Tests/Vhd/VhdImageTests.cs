using System.Buffers.Binary;
using System.Text;
using OfflinePatch.Core;
using OfflinePatch.Disks.Formats;
using OfflinePatch.Disks.Tests.Formats;
using OfflinePatch.Disks.Vhd;
using OfflinePatch.Testing;

namespace OfflinePatch.Disks.Tests.Vhd;

public sealed class VhdImageTests
{
    private const int Size = 7 * 1024 * 1024;

    [SkippableTheory]
    [InlineData("subformat=dynamic", false)]
    [InlineData("subformat=dynamic,force_size=on", false)]
    [InlineData("subformat=fixed", false)]
    [InlineData("subformat=dynamic", true)]
    [InlineData("subformat=dynamic,force_size=on", true)]
    [InlineData("subformat=fixed,force_size=on", true)]
    [Trait("tier", "model")]
    public void Reads_and_writes_in_place(string options, bool full)
    {
        Qemu.Require();
        using var folder = new ScratchFolder();
        var path = folder["disk.vhd"];
        File.WriteAllBytes(folder["source"], full ? DiskModel.Mixed(Size, 1) : new byte[Size]);
        Qemu.Img("convert", "-f", "raw", "-O", "vpc", "-o", options, folder["source"], path);
        var content = Qemu.Read(path, "vpc"); // without force_size the disk is as large as its geometry
        ImageJudging.ReadWriteCompare(path, "vpc", ImageFormat.Vhd, new DiskModel(content, 2), canCheck: false);
        AssertFootersAreEqual(path);
    }

    [SkippableTheory]
    [InlineData("dynamic", Size)]
    [InlineData("dynamic", Size + 512)]
    [InlineData("dynamic", 512)]
    [InlineData("fixed", Size + 512)]
    [InlineData("fixed", 512)]
    [Trait("tier", "oracle")]
    public void Writes_new_images_of_exactly_the_size(string subformat, int size)
    {
        Qemu.Require();
        using var folder = new ScratchFolder();
        var path = folder["new.vhd"];
        var content = DiskModel.Mixed(size, 3);
        ImageWriting.Write(new VhdFormat(), path, content, new DiskWriterOptions(Subformat: subformat));
        Qemu.Compare(path, "vpc", content);
        AssertFootersAreEqual(path);
        ImageJudging.ReadWriteCompare(path, "vpc", ImageFormat.Vhd, new DiskModel(content, 4), canCheck: false);
        if (Oracle.Locate("vhdiinfo") is not null)
        {
            Assert.Contains($"({size} bytes)", Oracle.Run("vhdiinfo", path).MustSucceed().Output, StringComparison.Ordinal);
        }
    }

    [SkippableTheory]
    [InlineData("containers/dfvfs/ext2", "dynamic")]
    [InlineData("containers/qemu/virtualpc-dynamic", "dynamic")]
    [InlineData("containers/vhd/dynamic", "dynamic")]
    [InlineData("containers/vhd/fixed", "fixed")]
    [Trait("tier", "oracle")]
    public void Reads_and_writes_the_corpus(string name, string subformat)
    {
        Qemu.Require();
        using var folder = new ScratchFolder();
        var path = folder["disk.vhd"];
        Corpus.Unpack(name + ".vhd", path);
        var content = name.Contains("virtualpc", StringComparison.Ordinal) ? [] : Qemu.Read(path, "vpc");
        using (var files = new HostFiles(path, canWrite: false))
        using (var image = DiskFormats.Open(files))
        {
            Assert.Equal(subformat, image.Subformat);
            Assert.Equal(Qemu.VirtualSize(path, "vpc"), image.Length);
        }

        if (content.Length > 0)
        {
            ImageJudging.ReadWriteCompare(path, "vpc", ImageFormat.Vhd, new DiskModel(content, 5), canCheck: false);
        }
    }

    [SkippableFact]
    [Trait("tier", "unit")]
    public void A_differencing_image_is_read_through_its_parent_and_written_alone()
    {
        Corpus.Require("containers/dfvfs/image-differential.vhd");
        using var folder = new ScratchFolder();
        Corpus.Unpack("containers/dfvfs/image-differential.vhd", folder["child.vhd"]);
        Corpus.Unpack("containers/dfvfs/image.vhd", folder["image.vhd"]);

        // The makers of these samples edited them and left the checksums as they were, for which QEMU refuses them too.
        using (var files = new HostFiles(folder["image.vhd"], canWrite: false))
        {
            Assert.Equal("VHD-0001", Assert.Throws<CorruptImageException>(() => DiskFormats.Open(files)).Code);
        }

        Sign(folder["child.vhd"]);
        Sign(folder["image.vhd"]);
        var before = File.ReadAllBytes(folder["image.vhd"]);
        byte[] content;
        using (var files = new HostFiles(folder["child.vhd"], canWrite: false))
        using (var image = DiskFormats.Open(files))
        {
            Assert.Equal("differencing", image.Subformat);
            content = new byte[image.Length];
            image.Read(0, content);
        }

        Assert.Equal(0xEF53, BinaryPrimitives.ReadUInt16LittleEndian(content.AsSpan(1024 + 56))); // the ext2 volume that dfvfs describes
        var model = new DiskModel(content, 6);
        using (var files = new HostFiles(folder["child.vhd"]))
        using (var image = DiskFormats.Open(files))
        {
            model.Write(image, 100);
            model.AssertSame(image);
        }

        using (var files = new HostFiles(folder["child.vhd"], canWrite: false))
        using (var image = DiskFormats.Open(files))
        {
            model.AssertSame(image);
        }

        Assert.Equal(before, File.ReadAllBytes(folder["image.vhd"]));
        AssertFootersAreEqual(folder["child.vhd"]);

        File.Move(folder["image.vhd"], folder["elsewhere"]);
        using (var files = new HostFiles(folder["child.vhd"], canWrite: false))
        {
            Assert.Equal("VHD-0009", Assert.Throws<RefusedException>(() => DiskFormats.Open(files)).Code);
        }

        Corpus.Unpack("containers/vhd/dynamic.vhd", folder["image.vhd"]);
        using (var files = new HostFiles(folder["child.vhd"], canWrite: false))
        {
            Assert.Equal("VHD-0008", Assert.Throws<CorruptImageException>(() => DiskFormats.Open(files)).Code);
        }
    }

    [Fact]
    [Trait("tier", "model")]
    public void A_chain_of_differencing_images_keeps_what_is_not_written()
    {
        var content = DiskModel.Mixed(Size, 7);
        var parent = new MemoryDevice(0);
        ImageWriting.Write(new VhdFormat(), parent, content);
        var child = Differencing(parent, "parent.vhd");
        var files = new MemoryImageFiles(child);
        files.Companions.Add("parent.vhd", parent);
        var model = new DiskModel(content, 8);
        for (var i = 0; i < 3; i++)
        {
            using var image = DiskFormats.Open(files);
            model.AssertSame(image);
            model.Write(image, 60);
            model.AssertSame(image);
        }

        files.AllowParents = false;
        Assert.Throws<RefusedException>(() => DiskFormats.Open(files));
    }

    [SkippableFact]
    [Trait("tier", "unit")]
    public void An_old_footer_of511_bytes_is_read_and_replaced()
    {
        Qemu.Require();
        using var folder = new ScratchFolder();
        var path = folder["disk.vhd"];
        var content = DiskModel.Mixed(Size, 9);
        foreach (var subformat in new[] { "fixed", "dynamic" })
        {
            ImageWriting.Write(new VhdFormat(), path, content, new DiskWriterOptions(Subformat: subformat));
            using (var stream = new FileStream(path, FileMode.Open))
            {
                stream.SetLength(stream.Length - 1);
            }

            ImageJudging.ReadOnly(path, content);
            var model = new DiskModel((byte[])content.Clone(), 10);
            using (var files = new HostFiles(path))
            using (var image = DiskFormats.Open(files))
            {
                model.Write(image, 20);
            }

            ImageJudging.ReadOnly(path, model.Content);
            if (subformat == "dynamic")
            {
                AssertFootersAreEqual(path);
                Qemu.Compare(path, "vpc", model.Content);
            }
        }
    }

    [Fact]
    [Trait("tier", "unit")]
    public void A_damaged_footer_is_repaired_from_its_copy_with_the_first_write()
    {
        var content = DiskModel.Mixed(Size, 11);
        var device = new MemoryDevice(0);
        ImageWriting.Write(new VhdFormat(), device, content);
        device.Write(device.Length - 300, "damage"u8);
        var model = new DiskModel(content, 12);
        using (var image = DiskFormats.Open(new MemoryImageFiles(device)))
        {
            model.AssertSame(image);
            model.Write(image, 20);
        }

        using (var image = DiskFormats.Open(new MemoryImageFiles(device)))
        {
            model.AssertSame(image);
        }

        Span<byte> end = stackalloc byte[8];
        device.Read(device.Length - 512, end);
        Assert.Equal("conectix", Encoding.ASCII.GetString(end));
    }

    [Fact]
    [Trait("tier", "unit")]
    public void Two_blocks_in_one_place_are_refused()
    {
        var device = new MemoryDevice(0);
        ImageWriting.Write(new VhdFormat(), device, DiskModel.Mixed(Size, 13));
        var entry = new byte[4];
        device.Read(1536, entry);
        device.Write(1540, entry);
        Assert.Equal("VHD-0006", Assert.Throws<CorruptImageException>(() => DiskFormats.Open(new MemoryImageFiles(device))).Code);
    }

    [Fact]
    [Trait("tier", "layout")]
    public void A_geometry_of_zero_says_nothing_about_the_size()
    {
        var device = new MemoryDevice(0);
        ImageWriting.Write(new VhdFormat(), device, DiskModel.Mixed(Size, 13), new DiskWriterOptions("fixed"));
        var footer = new byte[512];
        device.Read(device.Length - 512, footer);
        "vpc "u8.CopyTo(footer.AsSpan(0x1C));
        footer.AsSpan(0x38, 4).Clear();
        footer.AsSpan(0x40, 4).Clear();
        var sum = (uint)footer.Sum(b => b);
        System.Buffers.Binary.BinaryPrimitives.WriteUInt32BigEndian(footer.AsSpan(0x40), ~sum);
        device.Write(device.Length - 512, footer);
        using var image = DiskFormats.Open(new MemoryImageFiles(device));
        Assert.Equal(Size, image.Length);
    }

    [Theory]
    [InlineData(20480L * 1024 * 1024, 41610, 16, 63)] // 20 GiB, as Virtual PC and Hyper-V write it
    [InlineData(127L * 1024 * 1024 * 1024, 65278, 16, 255)]
    [Trait("tier", "layout")]
    public void The_geometry_is_that_of_the_specification(long size, int cylinders, int heads, int sectors) =>
        Assert.Equal(((ushort)cylinders, (byte)heads, (byte)sectors), VhdGeometry.Of(size / 512));

    private static MemoryDevice Differencing(MemoryDevice parent, string parentName)
    {
        var parentFooter = VhdFooter.Read(parent);
        var child = new MemoryDevice(0);
        using (var writer = new VhdDynamicWriter(child, parentFooter.Size, identity: null))
        {
            writer.Complete();
        }

        var footer = new byte[512];
        child.Read(0, footer);
        BinaryPrimitives.WriteUInt32BigEndian(footer.AsSpan(VhdLayout.DiskTypeOffset), VhdLayout.TypeDifferencing);
        BinaryPrimitives.WriteUInt32BigEndian(footer.AsSpan(VhdLayout.ChecksumOffset),
            VhdFooter.Checksum(footer, VhdLayout.ChecksumOffset));
        child.Write(0, footer);
        child.Write(child.Length - 512, footer);
        var header = new byte[1024];
        child.Read(512, header);
        parentFooter.UniqueId.TryWriteBytes(header.AsSpan(VhdLayout.ParentIdOffset), bigEndian: true, out _);
        Encoding.BigEndianUnicode.GetBytes(parentName, header.AsSpan(VhdLayout.ParentNameOffset));
        BinaryPrimitives.WriteUInt32BigEndian(header.AsSpan(VhdLayout.HeaderChecksumOffset),
            VhdFooter.Checksum(header, VhdLayout.HeaderChecksumOffset));
        child.Write(512, header);
        return child;
    }

    private static void Sign(string path)
    {
        var bytes = File.ReadAllBytes(path);
        foreach (var (offset, length, checksum) in new[]
        {
            (0, 512, VhdLayout.ChecksumOffset), (bytes.Length - 512, 512, VhdLayout.ChecksumOffset),
                (512, 1024, VhdLayout.HeaderChecksumOffset),
        })
        {
            BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(offset + checksum),
                VhdFooter.Checksum(bytes.AsSpan(offset, length), checksum));
        }

        File.WriteAllBytes(path, bytes);
    }

    private static void AssertFootersAreEqual(string path)
    {
        var bytes = File.ReadAllBytes(path);
        if (BinaryPrimitives.ReadUInt32BigEndian(bytes.AsSpan(bytes.Length - 512 + VhdLayout.DiskTypeOffset)) != VhdLayout.TypeFixed)
        {
            Assert.Equal(bytes[..512], bytes[^512..]);
        }
    }
}
