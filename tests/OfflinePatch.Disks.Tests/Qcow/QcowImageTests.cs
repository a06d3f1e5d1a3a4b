using System.Buffers.Binary;
using OfflinePatch.Core;
using OfflinePatch.Disks.Formats;
using OfflinePatch.Disks.Qcow;
using OfflinePatch.Disks.Tests.Formats;
using OfflinePatch.Testing;

namespace OfflinePatch.Disks.Tests.Qcow;

public sealed class QcowImageTests
{
    private const int Size = (5 * 1024 * 1024) + 512;

    [SkippableTheory]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    [Trait("tier", "model")]
    public void Reads_and_writes_in_place(bool full, bool compressed)
    {
        Qemu.Require();
        using var folder = new ScratchFolder();
        var path = folder["disk.qcow"];
        var content = full ? DiskModel.Mixed(Size, 1) : new byte[Size];
        File.WriteAllBytes(folder["source"], content);
        if (compressed)
        {
            // ends with 1 in version 7.2, after all is written
            Oracle.Run("qemu-img", "convert", "-c", "-f", "raw", "-O", "qcow", folder["source"], path);
            Assert.Equal(content, Qemu.Read(path, "qcow"));
        }
        else
        {
            Qemu.Img("convert", "-f", "raw", "-O", "qcow", folder["source"], path);
        }

        var model = new DiskModel(content, 2);
        ImageJudging.ReadWriteCompare(path, "qcow", ImageFormat.Qcow, model, canCheck: false);
        ImageJudging.ReadWriteCompare(path, "qcow", ImageFormat.Qcow, model, canCheck: false);
    }

    [SkippableTheory]
    [InlineData("raw")]
    [InlineData("qcow")]
    [Trait("tier", "model")]
    public void Reads_a_backing_file_and_never_writes_it(string backingFormat)
    {
        Qemu.Require();
        using var folder = new ScratchFolder();
        var content = new byte[Size];
        var below = DiskModel.Mixed(3 * 1024 * 1024, 3);
        below.CopyTo(content, 0);
        File.WriteAllBytes(folder["source"], below);
        Qemu.Img("convert", "-f", "raw", "-O", backingFormat, folder["source"], folder["base"]);
        var before = File.ReadAllBytes(folder["base"]);
        var path = folder["disk.qcow"];
        Qemu.Img("create", "-f", "qcow", "-b", "base", "-F", backingFormat, path, $"{Size}");
        using (var files = new HostFiles(path))
        using (var image = DiskFormats.Open(files))
        {
            // QEMU gives a QCOW image with a backing file clusters of 512 bytes.
            Assert.Equal("512", image.Properties["clusterSize"]);
            var model = new DiskModel(content, 4);
            model.AssertSame(image);
            model.Write(image, 60);
            model.AssertSame(image);
        }

        ImageJudging.ReadOnly(path, content);
        Assert.Equal(before, File.ReadAllBytes(folder["base"]));

        // QEMU recognises the backing file by its content, as the header has no place for its format.
        Assert.Equal(content, Qemu.Read(path, "qcow"));
        using var refused = new HostFiles(path, canWrite: false) { AllowParents = false };
        Assert.Throws<RefusedException>(() => DiskFormats.Open(refused));
    }

    [SkippableTheory]
    [InlineData(null, Size)]
    [InlineData("zlib", Size)]
    [InlineData(null, 512)]
    [InlineData("zlib", 512)]
    [Trait("tier", "oracle")]
    public void Writes_new_images(string? compression, int size)
    {
        Qemu.Require();
        using var folder = new ScratchFolder();
        var content = DiskModel.Mixed(size, 5);
        var path = folder["new.qcow"];
        ImageWriting.Write(new QcowFormat(), path, content, new DiskWriterOptions(Compression: compression));
        Qemu.Compare(path, "qcow", content);
        if (size > 0)
        {
            ImageJudging.ReadWriteCompare(path, "qcow", ImageFormat.Qcow, new DiskModel(content, 6), canCheck: false);
        }
    }

    [SkippableFact]
    [Trait("tier", "oracle")]
    public void Reads_and_writes_the_corpus()
    {
        Qemu.Require();
        using var folder = new ScratchFolder();
        var path = folder["disk.qcow"];
        Corpus.Unpack("containers/qcow1/image.qcow", path);
        ImageJudging.ReadWriteCompare(path, "qcow", ImageFormat.Qcow, new DiskModel(Qemu.Read(path, "qcow"), 7), canCheck: false);
    }

    [Theory]
    [InlineData(QcowLayout.CryptMethodOffset + 3, 1, "QCOW-0002")]
    [InlineData(QcowLayout.ClusterBitsOffset, 17, "QCOW-0001")]
    [InlineData(QcowLayout.L2BitsOffset, 14, "QCOW-0001")]
    [InlineData(QcowLayout.SizeOffset, 1, "QCOW-0001")]
    [InlineData(QcowLayout.L1TableOffset, 1, "QCOW-0001")]
    [Trait("tier", "unit")]
    public void Refuses_by_code(int offset, byte value, string code)
    {
        var device = new MemoryDevice(0);
        ImageWriting.Write(new QcowFormat(), device, DiskModel.Mixed(Size, 8));
        device.Write(offset, [value]);
        var error = Record.Exception(() => DiskFormats.Open(new MemoryImageFiles(device)));
        Assert.Equal(code, Assert.IsAssignableFrom<ICodedError>(error).Code);
    }

    [Fact]
    [Trait("tier", "unit")]
    public void Two_uses_of_one_cluster_are_refused()
    {
        var device = new MemoryDevice(0);
        ImageWriting.Write(new QcowFormat(), device, DiskModel.Mixed(Size, 8));
        var entry = new byte[8];
        device.Read(QcowLayout.HeaderLength, entry);
        var table = BinaryPrimitives.ReadInt64BigEndian(entry);
        device.Read(table, entry);
        device.Write(table + 64, entry);
        Assert.Equal("QCOW-0003", Assert.Throws<CorruptImageException>(() => DiskFormats.Open(new MemoryImageFiles(device))).Code);
    }
}
