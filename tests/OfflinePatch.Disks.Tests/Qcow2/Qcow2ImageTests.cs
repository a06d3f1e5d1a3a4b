using System.Buffers.Binary;
using OfflinePatch.Core;
using OfflinePatch.Disks.Formats;
using OfflinePatch.Disks.Qcow2;
using OfflinePatch.Disks.Tests.Formats;
using OfflinePatch.Testing;

namespace OfflinePatch.Disks.Tests.Qcow2;

public sealed class Qcow2ImageTests
{
    private const int Size = (3 * 1024 * 1024) + 512;

    public static TheoryData<string> Variants =>
    [
        "", "compat=0.10", "cluster_size=512", "cluster_size=4096", "cluster_size=2M", "cluster_size=4096,refcount_bits=1",
            "refcount_bits=2", "refcount_bits=4",
        "cluster_size=512,refcount_bits=8", "refcount_bits=32", "cluster_size=512,refcount_bits=64", "extended_l2=on,cluster_size=16k",
            "extended_l2=on", "extended_l2=on,cluster_size=2M",
        "lazy_refcounts=on", "preallocation=metadata", "preallocation=falloc", "preallocation=full",
            "extended_l2=on,preallocation=metadata", "data_file=data.raw",
        "data_file=data.raw,data_file_raw=on", "data_file=data.raw,extended_l2=on",
            "data_file=data.raw,data_file_raw=on,preallocation=metadata",
    ];

    public static TheoryData<string> CompressedVariants =>
    [
        "", "compat=0.10", "cluster_size=4096", "cluster_size=512", "cluster_size=2M", "compression_type=zstd",
            "compression_type=zstd,cluster_size=2M", "extended_l2=on", "extended_l2=on,compression_type=zstd",
            "refcount_bits=64,cluster_size=1k",
    ];

    [SkippableTheory]
    [MemberData(nameof(Variants))]
    [Trait("tier", "model")]
    public void Reads_and_writes_empty_images_in_place(string options)
    {
        Qemu.Require();
        using var folder = new ScratchFolder();
        var path = Create(folder, options);
        WriteAndJudge(path, new DiskModel(new byte[Size], 1));
    }

    [SkippableTheory]
    [MemberData(nameof(Variants))]
    [Trait("tier", "model")]
    public void Reads_and_writes_full_images_in_place(string options)
    {
        Qemu.Require();
        using var folder = new ScratchFolder();
        var content = DiskModel.Mixed(Size, 2);
        var path = folder["disk.qcow2"];
        File.WriteAllBytes(folder["source"], content);
        if (options.Contains("data_file", StringComparison.Ordinal) || options.Contains("preallocation", StringComparison.Ordinal))
        {
            Create(folder, options);
            Oracle.RunIn(folder.Path, "qemu-img", "convert", "-n", "-f", "raw", "-O", "qcow2", folder["source"], path).MustSucceed();
        }
        else
        {
            Qemu.Img(["convert", "-f", "raw", "-O", "qcow2", .. Options(options), folder["source"], path]);
        }

        WriteAndJudge(path, new DiskModel(content, 3));
    }

    [SkippableTheory]
    [MemberData(nameof(CompressedVariants))]
    [Trait("tier", "model")]
    public void Reads_compressed_clusters_and_replaces_them(string options)
    {
        Qemu.Require();
        using var folder = new ScratchFolder();
        var content = DiskModel.Mixed(Size, 4);
        var path = folder["disk.qcow2"];
        File.WriteAllBytes(folder["source"], content);
        Qemu.Img(["convert", "-c", "-f", "raw", "-O", "qcow2", .. Options(options), folder["source"], path]);
        WriteAndJudge(path, new DiskModel(content, 5));
    }

    [SkippableTheory]
    [InlineData("")]
    [InlineData("compat=0.10")]
    [InlineData("extended_l2=on")]
    [InlineData("cluster_size=512,refcount_bits=8")]
    [Trait("tier", "model")]
    public void Copies_what_a_snapshot_shares(string options)
    {
        Qemu.Require();
        using var folder = new ScratchFolder();
        var content = DiskModel.Mixed(Size, 6);
        var path = folder["disk.qcow2"];
        File.WriteAllBytes(folder["source"], content);
        Qemu.Img(["convert", "-f", "raw", "-O", "qcow2", .. Options(options), folder["source"], path]);
        Qemu.Img("snapshot", "-c", "first", path);
        var model = new DiskModel((byte[])content.Clone(), 7);
        WriteAndJudge(path, model);
        Qemu.Img("snapshot", "-c", "second", path);
        var second = (byte[])model.Content.Clone();
        WriteAndJudge(path, model);

        Qemu.Img("snapshot", "-a", "first", path);
        Qemu.Compare(path, "qcow2", content);
        Qemu.Img("snapshot", "-a", "second", path);
        Qemu.Compare(path, "qcow2", second);
        Qemu.Check(path, "qcow2");
    }

    [SkippableTheory]
    [InlineData("raw", "")]
    [InlineData("qcow2", "")]
    [InlineData("qcow2", "extended_l2=on")]
    [InlineData("qcow2", "cluster_size=4k")]
    [Trait("tier", "model")]
    public void Reads_a_backing_file_and_never_writes_it(string backingFormat, string options)
    {
        Qemu.Require();
        using var folder = new ScratchFolder();
        var content = new byte[Size];
        var below = DiskModel.Mixed(2 * 1024 * 1024, 8); // shorter than the disk: zeros follow
        below.CopyTo(content, 0);
        File.WriteAllBytes(folder["source"], below);
        Qemu.Img("convert", "-f", "raw", "-O", backingFormat, folder["source"], folder["base"]);
        var before = File.ReadAllBytes(folder["base"]);
        var path = folder["disk.qcow2"];
        Qemu.Img(["create", "-f", "qcow2", "-b", "base", "-F", backingFormat, .. Options(options), path, $"{Size}"]);
        Qemu.Io(path, "qcow2", "write -z 128k 256k", "write -z 1000k 100k");
        content.AsSpan(128 * 1024, 256 * 1024).Clear();
        content.AsSpan(1000 * 1024, 100 * 1024).Clear();
        WriteAndJudge(path, new DiskModel(content, 9));
        Assert.Equal(before, File.ReadAllBytes(folder["base"]));

        using var files = new HostFiles(path, canWrite: false) { AllowParents = false };
        Assert.Throws<RefusedException>(() => DiskFormats.Open(files));
    }

    [SkippableFact]
    [Trait("tier", "model")]
    public void Zero_clusters_of_both_kinds_can_be_written()
    {
        Qemu.Require();
        using var folder = new ScratchFolder();
        var path = Create(folder, "");
        Qemu.Io(path, "qcow2", "write -P 7 0 3M", "write -z 64k 512k", "write -z -u 1M 1M", "discard 2M 256k");
        WriteAndJudge(path, new DiskModel(Qemu.Read(path, "qcow2"), 10));
    }

    [SkippableTheory]
    [InlineData("lazy_refcounts=on", false)]
    [InlineData("lazy_refcounts=on", true)]
    [InlineData("lazy_refcounts=on,cluster_size=512", true)]
    [InlineData("lazy_refcounts=on,cluster_size=4096,refcount_bits=64", true)]
    [Trait("tier", "model")]
    public void Rebuilds_the_counts_of_a_dirty_image(string options, bool wipe)
    {
        Qemu.Require();
        using var folder = new ScratchFolder();
        var path = Create(folder, options);
        Qemu.Io(path, "qcow2", "write -P 7 0 2M", "write -P 8 2500k 400k");
        var content = Qemu.Read(path, "qcow2");
        var bytes = File.ReadAllBytes(path);
        bytes[Qcow2Layout.Header.Incompatible + 7] |= 1;
        if (wipe)
        {
            var table = BinaryPrimitives.ReadInt64BigEndian(bytes.AsSpan(Qcow2Layout.Header.RefcountTableOffset));
            bytes.AsSpan((int)table, 64).Clear(); // no count is left at all
        }

        File.WriteAllBytes(path, bytes);
        using (var files = new HostFiles(path, canWrite: false))
        using (var image = DiskFormats.Open(files))
        {
            new DiskModel(content, 11).AssertSame(image);
        }

        WriteAndJudge(path, new DiskModel(content, 11));
        Assert.Equal(0, File.ReadAllBytes(path)[Qcow2Layout.Header.Incompatible + 7] & 1);
    }

    [SkippableFact]
    [Trait("tier", "oracle")]
    public void Bitmaps_are_marked_as_out_of_date()
    {
        Qemu.Require();
        using var folder = new ScratchFolder();
        var path = Create(folder, "");
        Qemu.Img("bitmap", "--add", "-f", "qcow2", path, "backup");
        Qemu.Img("bitmap", "--add", "-g", "512", "-f", "qcow2", path, "other");
        Qemu.Io(path, "qcow2", "write -P 7 0 2M");
        WriteAndJudge(path, new DiskModel(Qemu.Read(path, "qcow2"), 12));
        var info = Oracle.Run("qemu-img", "info", "--output=json", path).MustSucceed().Output;
        Assert.Equal(2, info.Split("in-use").Length - 1);
    }

    [SkippableFact]
    [Trait("tier", "unit")]
    public void Unknown_autoclear_bits_are_cleared_with_the_first_write()
    {
        Qemu.Require();
        using var folder = new ScratchFolder();
        var path = Create(folder, "");
        var bytes = File.ReadAllBytes(path);
        bytes[Qcow2Layout.Header.Autoclear] = 0x80;
        File.WriteAllBytes(path, bytes);
        WriteAndJudge(path, new DiskModel(new byte[Size], 12));
        Assert.Equal(0, File.ReadAllBytes(path)[Qcow2Layout.Header.Autoclear]);
    }

    [SkippableFact]
    [Trait("tier", "unit")]
    public void A_count_that_is_too_low_is_found_before_anything_is_written()
    {
        Qemu.Require();
        using var folder = new ScratchFolder();
        var path = Create(folder, "");
        Qemu.Io(path, "qcow2", "write -P 7 0 2M");
        var bytes = File.ReadAllBytes(path);
        var table = BinaryPrimitives.ReadInt64BigEndian(bytes.AsSpan(Qcow2Layout.Header.RefcountTableOffset));
        var block = BinaryPrimitives.ReadInt64BigEndian(bytes.AsSpan((int)table));
        bytes.AsSpan((int)block + (2 * 12), 2).Clear();
        var device = new MemoryDevice(bytes);
        using var image = DiskFormats.Open(new MemoryImageFiles(device));
        var error = Assert.Throws<CorruptImageException>(() => image.Write(0, [1, 2, 3]));
        Assert.Equal("QCOW2-0014", error.Code);
        var after = new byte[bytes.Length];
        device.Read(0, after);
        Assert.Equal(bytes, after);
    }

    [SkippableTheory]
    [InlineData(Qcow2Layout.Header.Incompatible + 7, 2, "QCOW2-0005", typeof(RefusedException))]
    [InlineData(Qcow2Layout.Header.Incompatible + 7, 0x20, "QCOW2-0004", typeof(UnsupportedImageException))]
    [InlineData(Qcow2Layout.Header.CryptMethod + 3, 1, "QCOW2-0006", typeof(RefusedException))]
    [InlineData(Qcow2Layout.Header.CryptMethod + 3, 2, "QCOW2-0006", typeof(RefusedException))]
    [InlineData(Qcow2Layout.Header.Version + 3, 4, "QCOW2-0002", typeof(UnsupportedImageException))]
    [InlineData(Qcow2Layout.Header.ClusterBits + 3, 22, "QCOW2-0003", typeof(CorruptImageException))]
    [InlineData(Qcow2Layout.Header.Size, 1, "QCOW2-0003", typeof(CorruptImageException))]
    [InlineData(Qcow2Layout.Header.CompressionType, 1, "QCOW2-0003", typeof(CorruptImageException))]
    [Trait("tier", "unit")]
    public void Refuses_by_code(int offset, byte value, string code, Type type)
    {
        Qemu.Require();
        using var folder = new ScratchFolder();
        var bytes = File.ReadAllBytes(Create(folder, ""));
        bytes[offset] = value;
        var error = Assert.Throws(type, () => DiskFormats.Open(new MemoryImageFiles(new MemoryDevice(bytes))));
        Assert.Equal(code, ((ICodedError)error).Code);
    }

    [SkippableTheory]
    [InlineData(null, Size)]
    [InlineData("zlib", Size)]
    [InlineData("zstd", Size)]
    [InlineData(null, 0)]
    [InlineData("zlib", 512)]
    [InlineData("zstd", 65536)]
    [Trait("tier", "oracle")]
    public void Writes_new_images(string? compression, int size)
    {
        Qemu.Require();
        using var folder = new ScratchFolder();
        var content = DiskModel.Mixed(size, 13);
        var path = folder["new.qcow2"];
        ImageWriting.Write(new Qcow2Format(), path, content, new DiskWriterOptions(Compression: compression));
        Qemu.Check(path, "qcow2");
        Qemu.Compare(path, "qcow2", content);
        if (size > 0)
        {
            WriteAndJudge(path, new DiskModel(content, 14));
        }
    }

    [SkippableTheory]
    [InlineData("containers/qcow2/basic")]
    [InlineData("containers/qcow2/basic-zstd")]
    [InlineData("containers/qcow2/snapshot")]
    [InlineData("containers/dfvfs/image")]
    [InlineData("containers/dfvfs/windows_volume")]
    [Trait("tier", "oracle")]
    public void Reads_and_writes_the_corpus(string name)
    {
        Qemu.Require();
        Corpus.Require(name + ".qcow2");
        using var folder = new ScratchFolder();
        var path = folder["disk.qcow2"];
        Corpus.Unpack(name + ".qcow2", path);
        ImageJudging.BesideRaw(path, "qcow2", ImageFormat.Qcow2, canCheck: true);
    }

    [SkippableFact]
    [Trait("tier", "oracle")]
    public void Reads_the_chain_of_the_corpus()
    {
        Qemu.Require();
        using var folder = new ScratchFolder();
        foreach (var i in new[] { 1, 2, 3 })
        {
            Corpus.Unpack($"containers/qcow2/backing-chain-{i}.qcow2", folder[$"backing-chain-{i}.qcow2"]);
        }

        foreach (var i in new[] { 1, 2, 3 })
        {
            ImageJudging.BesideRaw(folder[$"backing-chain-{i}.qcow2"], "qcow2", ImageFormat.Qcow2, canCheck: false, write: false);
        }
    }

    [SkippableFact]
    [Trait("tier", "unit")]
    public void The_refcount_table_grows()
    {
        Qemu.Require();
        using var folder = new ScratchFolder();
        var path = folder["disk.qcow2"];
        Qemu.Img("create", "-f", "qcow2", "-o", "cluster_size=512,refcount_bits=64", path, "24M");
        var content = DiskModel.Mixed(24 * 1024 * 1024, 17);
        using (var files = new HostFiles(path))
        using (var image = DiskFormats.Open(files))
        {
            image.Write(0, content);
        }

        Qemu.Check(path, "qcow2");
        Qemu.Compare(path, "qcow2", content);
    }

    private static string[] Options(string options) => options.Length == 0 ? [] : ["-o", options];

    private static string Create(ScratchFolder folder, string options)
    {
        var path = folder["disk.qcow2"];
        Oracle.RunIn(folder.Path, "qemu-img", ["create", "-f", "qcow2", .. Options(options), path, $"{Size}"]).MustSucceed();
        return path;
    }

    private static void WriteAndJudge(string path, DiskModel model) =>
        ImageJudging.ReadWriteCompare(path, "qcow2", ImageFormat.Qcow2, model, canCheck: true);
}
