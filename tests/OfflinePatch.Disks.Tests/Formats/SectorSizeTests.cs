using OfflinePatch.Core;
using OfflinePatch.Disks.Conversion;
using OfflinePatch.Disks.Formats;
using OfflinePatch.Disks.Tests.Conversion;
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
}
