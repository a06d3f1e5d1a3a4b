using OfflinePatch.Core;
using OfflinePatch.Disks.Formats;
using OfflinePatch.Disks.Tests.Formats;
using OfflinePatch.Testing;

namespace OfflinePatch.Disks.Tests.Vmdk;

/// <summary>VMDK against QEMU: what it writes we read; what we change it accepts and reads the same.</summary>
[Trait("tier", "oracle")]
public sealed class VmdkQemuTests
{
    private const long MiB = 1024 * 1024;

    public static TheoryData<string, long> Variants()
    {
        var variants = new TheoryData<string, long>();
        foreach (var subformat in new[] { "monolithicSparse", "twoGbMaxExtentSparse", "monolithicFlat", "twoGbMaxExtentFlat" })
        {
            variants.Add(subformat, 40 * MiB);
            variants.Add(subformat, (9 * MiB) + (17 * 512));
        }

        return variants;
    }

    [SkippableTheory]
    [MemberData(nameof(Variants))]
    public void Changes_in_place_are_what_QEMU_reads(string subformat, long size)
    {
        Oracle.Require("qemu-img");
        using var scratch = new ScratchFolder();
        var model = Make(scratch, subformat, size, seed: 1);
        var files = new FolderImageFiles(scratch["disk.vmdk"]);
        using var image = DiskFormats.Open(files);
        Assert.Equal((ImageFormat.Vmdk, subformat, null), (image.Format, image.Subformat, image.WhyNotInPlace));
        GuestModel.AssertSame(model, image);

        GuestModel.Write(image, model, seed: 2, count: 150);
        image.Flush();

        GuestModel.AssertSame(model, image);
        files.Save();
        HostFile.Save(model, scratch["expected.raw"]);
        Compare(scratch, "disk.vmdk");
        using var again = DiskFormats.Open(new FolderImageFiles(scratch["disk.vmdk"]));
        GuestModel.AssertSame(model, again);
    }

    [SkippableFact]
    public void Stream_optimized_is_read_and_not_written()
    {
        Oracle.Require("qemu-img");
        using var scratch = new ScratchFolder();
        var model = Make(scratch, "streamOptimized", (9 * MiB) + (17 * 512), seed: 3);
        using var image = DiskFormats.Open(new FolderImageFiles(scratch["disk.vmdk"]));

        GuestModel.AssertSame(model, image);
        Assert.NotNull(image.WhyNotInPlace);
        Assert.False(image.CanWrite);
        Assert.Equal("VMDK-0112", Assert.Throws<UnsupportedImageException>(() => image.Write(0, new byte[512])).Code);
    }

    [SkippableTheory]
    [InlineData("twoGbMaxExtentSparse")]
    [InlineData("twoGbMaxExtentFlat")]
    public void Several_extents(string subformat)
    {
        Oracle.Require("qemu-img");
        using var scratch = new ScratchFolder();
        var model = new MemoryDevice(5 * 1024 * MiB);
        HostFile.Save(model, scratch["start.raw"]);
        Oracle.Run("qemu-img", "convert", "-O", "vmdk", "-o", $"subformat={subformat}", scratch["start.raw"], scratch["disk.vmdk"])
            .MustSucceed();
        Assert.True(Directory.GetFiles(scratch.Path, "disk-*").Length == 3);
        var files = new FolderImageFiles(scratch["disk.vmdk"]);
        using var image = DiskFormats.Open(files);

        foreach (var border in new[] { 2048 * MiB, 4096 * MiB, 5120 * MiB - 100_000 })
        {
            var bytes = new byte[100_000];
            new Random(7).NextBytes(bytes);
            image.Write(border - 50_000, bytes);
            model.Write(border - 50_000, bytes);
        }

        GuestModel.AssertSame(model, image);
        files.Save();
        HostFile.Save(model, scratch["expected.raw"]);
        Compare(scratch, "disk.vmdk");
    }

    [SkippableFact]
    public void Snapshot_is_read_through_and_only_the_top_is_written()
    {
        Oracle.Require("qemu-img", "qemu-io");
        using var scratch = new ScratchFolder();
        var model = Make(scratch, "monolithicSparse", 12 * MiB, seed: 4);
        Oracle.Run("qemu-img", "create", "-f", "vmdk", "-b", "disk.vmdk", "-F", "vmdk", scratch["top.vmdk"]).MustSucceed();
        Oracle.Run("qemu-io", "-f", "vmdk", "-c", "write -P 0x5a 1000k 300k", scratch["top.vmdk"]).MustSucceed();
        model.Write(1000 * 1024, Enumerable.Repeat((byte)0x5A, 300 * 1024).ToArray());
        var before = File.ReadAllBytes(scratch["disk.vmdk"]);
        var files = new FolderImageFiles(scratch["top.vmdk"]);
        using var image = DiskFormats.Open(files);
        GuestModel.AssertSame(model, image);

        GuestModel.Write(image, model, seed: 5, count: 100);

        GuestModel.AssertSame(model, image);
        files.Save();
        Assert.Equal(before, File.ReadAllBytes(scratch["disk.vmdk"]));
        HostFile.Save(model, scratch["expected.raw"]);
        Compare(scratch, "top.vmdk");
    }

    [SkippableFact]
    public void Changed_parent_is_refused()
    {
        Oracle.Require("qemu-img", "qemu-io");
        using var scratch = new ScratchFolder();
        Make(scratch, "monolithicSparse", 2 * MiB, seed: 4);
        Oracle.Run("qemu-img", "create", "-f", "vmdk", "-b", "disk.vmdk", "-F", "vmdk", scratch["top.vmdk"]).MustSucceed();
        var files = new FolderImageFiles(scratch["disk.vmdk"]);
        using (var parent = DiskFormats.Open(files))
        {
            parent.Write(0, new byte[512]);
        }

        files.Save();
        Assert.Equal("VMDK-0020",
            Assert.Throws<CorruptImageException>(() => DiskFormats.Open(new FolderImageFiles(scratch["top.vmdk"]))).Code);
        Assert.Equal("TEST-0001", Assert.Throws<RefusedException>(() =>
            DiskFormats.Open(new FolderImageFiles(scratch["top.vmdk"]) { AllowParents = false })).Code);
    }

    [SkippableFact]
    public void Zero_grains_of_QEMU_are_read_and_replaced()
    {
        Oracle.Require("qemu-img", "qemu-io");
        using var scratch = new ScratchFolder();
        Oracle.Run("qemu-img", "create", "-f", "vmdk", "-o", "zeroed_grain=on", scratch["disk.vmdk"], "8M").MustSucceed();
        Oracle.Run("qemu-io", "-f", "vmdk", "-c", "write -P 0x11 0 1M", "-c", "write -z 128k 256k", scratch["disk.vmdk"]).MustSucceed();
        var model = new MemoryDevice(8 * MiB);
        model.Write(0, Enumerable.Repeat((byte)0x11, (int)MiB).ToArray());
        model.Write(128 * 1024, new byte[256 * 1024]);
        var files = new FolderImageFiles(scratch["disk.vmdk"]);
        using var image = DiskFormats.Open(files);
        GuestModel.AssertSame(model, image);

        GuestModel.Write(image, model, seed: 6, count: 60, maxLength: 20_000);

        files.Save();
        HostFile.Save(model, scratch["expected.raw"]);
        Compare(scratch, "disk.vmdk");
    }

    [SkippableFact]
    public void Content_id_is_renewed_once_and_only_by_a_write()
    {
        Oracle.Require("qemu-img");
        using var scratch = new ScratchFolder();
        Make(scratch, "monolithicSparse", 2 * MiB, seed: 8);
        var files = new FolderImageFiles(scratch["disk.vmdk"]);
        using var image = DiskFormats.Open(files);
        var before = new byte[files.Image.Length];
        files.Image.Read(0, before);
        image.Read(0, new byte[4096]);
        image.Flush();
        Assert.Equal(before, Bytes(files.Image));

        var original = image.Properties["CID"];
        image.Write(0, new byte[512]);
        var first = DiskFormats.Open(files).Properties["CID"];
        image.Write(512, new byte[512]);

        Assert.NotEqual(original, first);
        Assert.Equal(first, DiskFormats.Open(files).Properties["CID"]);
        files.Save();
        Oracle.Run("qemu-img", "check", scratch["disk.vmdk"]).MustSucceed();
    }

    private static byte[] Bytes(BlockDevice device)
    {
        var bytes = new byte[device.Length];
        device.Read(0, bytes);
        return bytes;
    }

    private static MemoryDevice Make(ScratchFolder scratch, string subformat, long size, int seed)
    {
        var model = GuestModel.Patterned(size, seed);
        HostFile.Save(model, scratch["start.raw"]);
        Oracle.Run("qemu-img", "convert", "-f", "raw", "-O", "vmdk", "-o", $"subformat={subformat}", scratch["start.raw"],
            scratch["disk.vmdk"]).MustSucceed();
        return model;
    }

    private static void Compare(ScratchFolder scratch, string name)
    {
        Oracle.Run("qemu-img", "check", "-f", "vmdk", scratch[name]).MustSucceed();
        Oracle.Run("qemu-img", "compare", "-f", "vmdk", "-F", "raw", scratch[name], scratch["expected.raw"]).MustSucceed();
    }
}
