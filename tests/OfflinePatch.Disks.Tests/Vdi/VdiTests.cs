using System.Buffers.Binary;
using OfflinePatch.Core;
using OfflinePatch.Disks.Conversion;
using OfflinePatch.Disks.Formats;
using OfflinePatch.Disks.Tests.Conversion;
using OfflinePatch.Disks.Tests.Formats;
using OfflinePatch.Testing;

namespace OfflinePatch.Disks.Tests.Vdi;

/// <summary>VDI against QEMU, chains built by hand, and damage.</summary>
public sealed class VdiTests
{
    private const long MiB = 1024 * 1024;

    [SkippableTheory]
    [InlineData("off", "dynamic", 40 * MiB)]
    [InlineData("on", "fixed", 40 * MiB)]
    [InlineData("off", "dynamic", (9 * MiB) + (17 * 512))]
    [InlineData("on", "fixed", (9 * MiB) + (17 * 512))]
    [Trait("tier", "oracle")]
    public void Changes_in_place_are_what_QEMU_reads(string isStatic, string subformat, long size)
    {
        Oracle.Require("qemu-img");
        using var scratch = new ScratchFolder();
        var model = GuestModel.Patterned(size, 21);
        HostFile.Save(model, scratch["start.raw"]);
        Oracle.Run("qemu-img", "convert", "-f", "raw", "-O", "vdi", "-o", $"static={isStatic}", scratch["start.raw"], scratch["disk"])
            .MustSucceed();
        var files = new FolderImageFiles(scratch["disk"]);
        using var image = DiskFormats.Open(files);
        Assert.Equal((ImageFormat.Vdi, subformat, null), (image.Format, image.Subformat, image.WhyNotInPlace));
        GuestModel.AssertSame(model, image);

        GuestModel.Write(image, model, seed: 22, count: 150);

        GuestModel.AssertSame(model, image);
        files.Save();
        Compare(scratch, model);
        using var again = DiskFormats.Open(new FolderImageFiles(scratch["disk"]));
        GuestModel.AssertSame(model, again);
    }

    [SkippableTheory]
    [InlineData(40 * MiB)]
    [InlineData((9 * MiB) + (17 * 512))]
    [InlineData(512)]
    [Trait("tier", "oracle")]
    public void Written_image_is_what_QEMU_reads(long size)
    {
        Oracle.Require("qemu-img");
        using var scratch = new ScratchFolder();
        var model = GuestModel.Patterned(size, 23);
        var output = new MemoryDevice(0);

        DiskConverter.Convert(model, ConversionTests.Format(ImageFormat.Vdi), output, new DiskWriterOptions(), verify: true);

        HostFile.Save(output, scratch["disk"]);
        Compare(scratch, model);
        using var image = DiskFormats.Open(new MemoryImageFiles(output));
        GuestModel.Write(image, model, seed: 24, count: 60);
        HostFile.Save(output, scratch["disk"]);
        Compare(scratch, model);
    }

    [SkippableFact]
    [Trait("tier", "layout")]
    public void Corpus_image_reads_as_QEMU_reads_it()
    {
        Oracle.Require("qemu-img");
        using var scratch = new ScratchFolder();
        Corpus.Unpack("containers/vdi/basic.vdi", scratch["disk"]);
        Oracle.Run("qemu-img", "convert", "-f", "vdi", "-O", "raw", scratch["disk"], scratch["raw"]).MustSucceed();
        using var image = DiskFormats.Open(new FolderImageFiles(scratch["disk"]));
        GuestModel.AssertSame(HostFile.Load(scratch["raw"]), image);
    }

    [Fact]
    [Trait("tier", "model")]
    public void Differencing_image_is_read_through_and_only_the_top_is_written()
    {
        var (files, model) = Chain();
        using var image = DiskFormats.Open(files);
        Assert.Equal("differencing", image.Subformat);
        GuestModel.AssertSame(model, image);
        var parent = files.Companions.Values.Single();
        var before = Bytes(parent);

        GuestModel.Write(image, model, seed: 25, count: 80);

        GuestModel.AssertSame(model, image);
        Assert.Equal(before, Bytes(parent));
        using var again = DiskFormats.Open(files);
        GuestModel.AssertSame(model, again);
    }

    [Fact]
    [Trait("tier", "layout")]
    public void Parent_is_checked_by_its_identities()
    {
        var (files, _) = Chain();
        var parent = files.Companions.Values.Single();
        using (var writable = DiskFormats.Open(new MemoryImageFiles(parent)))
        {
            writable.Write(0, [1]);
        }

        Assert.Equal("VDI-0008", Assert.Throws<CorruptImageException>(() => DiskFormats.Open(files)).Code);
        files.Companions.Clear();
        Assert.Equal("VDI-0201", Assert.Throws<RefusedException>(() => DiskFormats.Open(files)).Code);
    }

    [Theory]
    [Trait("tier", "layout")]
    [InlineData(0x44, 0u, "VDI-0101")]
    [InlineData(0x4C, 9u, "VDI-0102")]
    [InlineData(0x17C, 512u, "VDI-0103")]
    [InlineData(0x168, 4096u, "VDI-0104")]
    [InlineData(0x178, 12345u, "VDI-0002")]
    [InlineData(0x174, 1u, "VDI-0003")]
    [InlineData(0x180, 0xFFFFFFu, "VDI-0004")]
    [InlineData(0x158, 0x200u, "VDI-0007")]
    [InlineData(0x100000, 77u, "VDI-0005")]
    [InlineData(0x100004, 0u, "VDI-0006")]
    public void Header_fields(int offset, uint value, string code)
    {
        var file = Written(GuestModel.Patterned(6 * MiB, 1));
        file.Write(offset, BitConverter.GetBytes(value));
        Assert.Equal(code, (Record.Exception(() => DiskFormats.Open(new MemoryImageFiles(file))) as ICodedError)?.Code);
    }

    [Fact]
    [Trait("tier", "layout")]
    public void One_write_renews_only_the_contents_identity()
    {
        var file = Written(GuestModel.Patterned(6 * MiB, 1));
        var before = Bytes(file);
        using var image = DiskFormats.Open(new MemoryImageFiles(file));
        image.Read(0, new byte[10]);
        image.Flush();
        Assert.Equal(before, Bytes(file));

        image.Write(0, [1, 2, 3]);

        var after = Bytes(file);
        Assert.NotEqual(before.AsSpan(0x198, 16).ToArray(), after.AsSpan(0x198, 16).ToArray());
        after.AsSpan(0x198, 16).CopyTo(before.AsSpan(0x198));
        Assert.Equal(before.AsSpan(0, 0x200).ToArray(), after.AsSpan(0, 0x200).ToArray());
    }

    [Fact]
    [Trait("tier", "fuzz")]
    public void Every_bit_and_every_truncation()
    {
        var file = Small();
        Mutation.FlipEveryBit(file, 0x40, 0x190);
        Mutation.FlipEveryBit(file, 0x200, 64);
        Mutation.TruncateEverywhere(file, 0x260);
    }

    [Fact]
    [Trait("tier", "fuzz")]
    public void Mutated_containers() => Mutation.Fuzz(Small(), 5, 3000, [(0x40, 0x190), (0x150, 0x40), (0x200, 64)]);

    [Fact]
    [Trait("tier", "fuzz")]
    [Trait("speed", "slow")]
    public void Many_mutated_containers() => Mutation.Fuzz(Small(), 1_000_003, 100_000, [(0x40, 0x190), (0x150, 0x40), (0x200, 64)]);

    /// <summary>A VDI of 4 KiB blocks with its map right behind the header, small enough to be damaged many times.</summary>
    private static byte[] Small()
    {
        var file = new byte[0x400 + (3 * 4096)];
        void Put(int offset, uint value) => BinaryPrimitives.WriteUInt32LittleEndian(file.AsSpan(offset), value);
        Put(0x40, 0xBEDA107F);
        Put(0x44, 0x00010001);
        Put(0x48, 400);
        Put(0x4C, 1);
        Put(0x154, 0x200);
        Put(0x158, 0x400);
        Put(0x168, 512);
        Put(0x170, 16 * 4096);
        Put(0x178, 4096);
        Put(0x180, 16);
        Put(0x184, 3);
        file.AsSpan(0x200, 64).Fill(0xFF);
        Put(0x200, 0);
        Put(0x210, 2);
        Put(0x21C, 1);
        Put(0x220, 0xFFFFFFFE);
        new Random(1).NextBytes(file.AsSpan(0x400));
        return file;
    }

    private static (MemoryImageFiles Files, MemoryDevice Model) Chain()
    {
        var model = GuestModel.Patterned(6 * MiB, 31);
        var parent = Written(model);
        var child = Written(new MemoryDevice(6 * MiB));
        var ids = new byte[32];
        parent.Read(0x188, ids);
        child.Write(0x1A8, ids);
        child.Write(0x4C, [4]);
        var files = new MemoryImageFiles(child, "disk.vdi");
        files.Companions[$"{{{new Guid(ids.AsSpan(0, 16)):D}}}.vdi"] = parent;
        using (var image = DiskFormats.Open(files))
        {
            var bytes = Enumerable.Repeat((byte)9, 5000).ToArray();
            image.Write((3 * MiB) - 100, bytes);
            model.Write((3 * MiB) - 100, bytes);
        }

        return (files, model);
    }

    private static MemoryDevice Written(BlockDevice source)
    {
        var output = new MemoryDevice(0);
        DiskConverter.Convert(source, ConversionTests.Format(ImageFormat.Vdi), output, new DiskWriterOptions());
        return output;
    }

    private static byte[] Bytes(BlockDevice device)
    {
        var bytes = new byte[device.Length];
        device.Read(0, bytes);
        return bytes;
    }

    private static void Compare(ScratchFolder scratch, MemoryDevice model)
    {
        HostFile.Save(model, scratch["expected.raw"]);
        Oracle.Run("qemu-img", "check", "-f", "vdi", scratch["disk"]).MustSucceed();
        Oracle.Run("qemu-img", "compare", "-f", "vdi", "-F", "raw", scratch["disk"], scratch["expected.raw"]).MustSucceed();
    }
}
