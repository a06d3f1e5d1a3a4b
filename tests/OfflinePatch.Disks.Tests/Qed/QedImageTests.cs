using OfflinePatch.Core;
using OfflinePatch.Disks.Formats;
using OfflinePatch.Disks.Qed;
using OfflinePatch.Disks.Tests.Formats;
using OfflinePatch.Testing;

namespace OfflinePatch.Disks.Tests.Qed;

public sealed class QedImageTests
{
    private const int Size = (4 * 1024 * 1024) + 512;

    [SkippableTheory]
    [InlineData("cluster_size=65536", false)]
    [InlineData("cluster_size=65536", true)]
    [InlineData("cluster_size=4096,table_size=2", false)]
    [InlineData("cluster_size=4096,table_size=2", true)]
    [InlineData("cluster_size=1M,table_size=2", true)]
    [InlineData("table_size=16", true)]
    [Trait("tier", "model")]
    public void Reads_and_writes_in_place(string options, bool full)
    {
        Qemu.Require();
        using var folder = new ScratchFolder();
        var path = folder["disk.qed"];
        var content = full ? DiskModel.Mixed(Size, 1) : new byte[Size];
        File.WriteAllBytes(folder["source"], content);
        Qemu.Img("convert", "-f", "raw", "-O", "qed", "-o", options, folder["source"], path);
        ImageJudging.ReadWriteCompare(path, "qed", ImageFormat.Qed, new DiskModel(content, 2), canCheck: true);
    }

    [SkippableTheory]
    [InlineData("raw")]
    [InlineData("qed")]
    [InlineData("qcow2")]
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
        var path = folder["disk.qed"];
        Qemu.Img("create", "-f", "qed", "-b", "base", "-F", backingFormat, path, $"{Size}");
        Qemu.Io(path, "qed", "write -z 128k 256k");
        content.AsSpan(128 * 1024, 256 * 1024).Clear();
        ImageJudging.ReadWriteCompare(path, "qed", ImageFormat.Qed, new DiskModel(content, 4), canCheck: true);
        Assert.Equal(before, File.ReadAllBytes(folder["base"]));
    }

    [SkippableFact]
    [Trait("tier", "oracle")]
    public void An_image_that_needs_a_check_is_repaired_with_the_first_write()
    {
        Qemu.Require();
        using var folder = new ScratchFolder();
        var path = folder["disk.qed"];
        Qemu.Img("create", "-f", "qed", path, $"{Size}");
        Qemu.Io(path, "qed", "write -P 5 0 1M", "write -P 6 2M 1M");
        using (var stream = new FileStream(path, FileMode.Open))
        {
            stream.SetLength(stream.Length - (3 * 65536)); // as if the host had died before the data arrived
            stream.Position = QedLayout.FeaturesOffset;
            stream.WriteByte((byte)QedLayout.FeatureNeedCheck);
        }

        File.Copy(path, folder["judge.qed"]);
        Oracle.Run("qemu-img", "check", "-r", "all", "-f", "qed", folder["judge.qed"]);
        var content = Qemu.Read(folder["judge.qed"], "qed");
        Assert.Equal(0, content[(3 * 1024 * 1024) - 1]);
        ImageJudging.ReadWriteCompare(path, "qed", ImageFormat.Qed, new DiskModel(content, 5), canCheck: true);
        Assert.Equal(0, File.ReadAllBytes(path)[QedLayout.FeaturesOffset]);
    }

    [SkippableTheory]
    [InlineData(Size)]
    [InlineData(0)]
    [InlineData(512)]
    [Trait("tier", "oracle")]
    public void Writes_new_images(int size)
    {
        Qemu.Require();
        using var folder = new ScratchFolder();
        var content = DiskModel.Mixed(size, 6);
        var path = folder["new.qed"];
        ImageWriting.Write(new QedFormat(), path, content);
        Qemu.Check(path, "qed");
        Qemu.Compare(path, "qed", content);
        if (size > 0)
        {
            ImageJudging.ReadWriteCompare(path, "qed", ImageFormat.Qed, new DiskModel(content, 7), canCheck: true);
        }
    }

    [Theory]
    [InlineData(QedLayout.ClusterSizeOffset, 1, "QED-0001")]
    [InlineData(QedLayout.TableSizeOffset, 3, "QED-0001")]
    [InlineData(QedLayout.FeaturesOffset, 8, "QED-0002")]
    [InlineData(QedLayout.L1TableOffset, 1, "QED-0001")]
    [InlineData(QedLayout.ImageSizeOffset, 1, "QED-0001")]
    [Trait("tier", "unit")]
    public void Refuses_by_code(int offset, byte value, string code)
    {
        var device = new MemoryDevice(0);
        ImageWriting.Write(new QedFormat(), device, DiskModel.Mixed(Size, 8));
        device.Write(offset, [value]);
        var error = Record.Exception(() => DiskFormats.Open(new MemoryImageFiles(device)));
        Assert.Equal(code, Assert.IsAssignableFrom<ICodedError>(error).Code);
    }
}
