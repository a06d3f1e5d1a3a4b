using OfflinePatch.Core;
using OfflinePatch.Disks.Conversion;
using OfflinePatch.Disks.Formats;
using OfflinePatch.Disks.Partitions;
using OfflinePatch.Disks.Tests.Conversion;
using OfflinePatch.Disks.Tests.Partitions;
using OfflinePatch.Testing;

namespace OfflinePatch.Disks.Tests.Formats;

/// <summary>
/// Disks with sectors of 4096 bytes: kept where the container has a place for it or takes no side, refused where it says 512.
/// </summary>
[Trait("tier", "unit")]
public sealed class SectorSizeTests
{
    [Theory]
    [InlineData(ImageFormat.Raw, true)]
    [InlineData(ImageFormat.Qcow2, true)]
    [InlineData(ImageFormat.Qcow, true)]
    [InlineData(ImageFormat.Qed, true)]
    [InlineData(ImageFormat.Vhdx, true)]
    [InlineData(ImageFormat.Vmdk, false)]
    [InlineData(ImageFormat.Vhd, false)]
    [InlineData(ImageFormat.Vdi, false)]
    [InlineData(ImageFormat.Zvhd, false)]
    [InlineData(ImageFormat.Zvhd2, false)]
    public void Disk_of_large_sectors(ImageFormat format, bool isWritten)
    {
        using var source = GuestModel.Patterned(4 << 20, 5);
        using var output = new MemoryDevice(0);
        var options = new DiskWriterOptions(SectorSize: 4096);
        if (!isWritten)
        {
            var error = Assert.Throws<UnsupportedImageException>(() =>
                DiskConverter.Convert(source, ConversionTests.Format(format), output, options));
            Assert.Equal("DISK-0005", error.Code);
            Assert.NotNull(error.Remedy);
            return;
        }

        DiskConverter.Convert(source, ConversionTests.Format(format), output, options, verify: true);
        if (format == ImageFormat.Vhdx)
        {
            using var image = DiskFormats.Open(new MemoryImageFiles(output, "disk"));
            Assert.Equal(4096, image.SectorSize);
        }
    }

    /// <summary>
    /// A RAW image says nothing of its sectors; a GPT in units of 4096 bytes does. Where the new image cannot say it, the user is told;
    /// where it would say 512, it is refused.
    /// </summary>
    [Theory]
    [InlineData(ImageFormat.Vhdx, false)]
    [InlineData(ImageFormat.Raw, true)]
    [InlineData(ImageFormat.Qcow2, true)]
    [InlineData(ImageFormat.Vmdk, null)]
    [InlineData(ImageFormat.Vhd, null)]
    [InlineData(ImageFormat.Vdi, null)]
    [InlineData(ImageFormat.Zvhd2, null)]
    public void A_layout_for_large_sectors_counts_as_a_disk_of_large_sectors(ImageFormat format, bool? isTold)
    {
        using var scratch = new ScratchFolder();
        HostFile.Save(PartitionedDisk.Gpt(16 << 20, 4096, (PartitionedDisk.Basic, 256, 511, "data")), scratch["disk.raw"]);
        var notes = new List<string>();
        var request = new ConversionRequest(scratch["disk.raw"], scratch["out"], format) { Note = notes.Add };
        if (isTold is null)
        {
            Assert.Equal("DISK-0005", Assert.Throws<UnsupportedImageException>(() => ConversionJob.Run(request)).Code);
            Assert.False(File.Exists(scratch["out"]));
            return;
        }

        ConversionJob.Run(request);
        Assert.Equal(isTold.Value, notes.Exists(n => n.Contains("sectors of 4096 bytes", StringComparison.Ordinal)));
        using var image = DiskFormats.Open(new FolderImageFiles(scratch["out"]));
        Assert.Equal(format == ImageFormat.Vhdx, PartitionTable.Read(image).IsVisibleToFirmware);
    }

    /// <summary>A layout for 512 is converted without a word.</summary>
    [Fact]
    public void An_ordinary_layout_is_converted_without_a_word()
    {
        using var scratch = new ScratchFolder();
        HostFile.Save(PartitionedDisk.Gpt(16 << 20, 512, (PartitionedDisk.Basic, 2048, 4095, "data")), scratch["disk.raw"]);
        ConversionJob.Run(new ConversionRequest(scratch["disk.raw"], scratch["out"], ImageFormat.Vhd)
        {
            Note = n => Assert.Fail(n),
        });
    }
}
