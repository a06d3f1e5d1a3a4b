using OfflinePatch.Disks.Formats;
using OfflinePatch.Testing;

namespace OfflinePatch.Disks.Tests.Formats;

/// <summary>
/// Disks of about the largest size of each format: tables of up to 250 MiB; memory depends on what is used of a disk, not on its size.
/// </summary>
public sealed class LargestDiskTests
{
    private const long GiB = 1L << 30;
    private const long TiB = 1L << 40;

    /// <summary>Bytes that opening, reading and writing may take: a VDI has its whole table in memory, 64 MiB for 16 TiB.</summary>
    private const long MaxAllocated = 256L << 20;

    [SkippableTheory]
    [Trait("tier", "oracle")]
    [InlineData("qcow2", 64 * TiB)]
    [InlineData("vhdx", 64 * TiB)]
    [InlineData("vmdk", 2000 * GiB)]
    [InlineData("vdi", 16 * TiB)]
    [InlineData("vpc", 2000 * GiB)]
    [InlineData("qed", 64 * TiB)]
    [InlineData("qcow", 8 * TiB)]
    public void Is_read_and_written_in_bounded_memory(string format, long length)
    {
        Qemu.Require();
        using var scratch = new ScratchFolder();
        var path = scratch["disk"];
        Qemu.Img("create", "-q", "-f", format, path, $"{length}");
        long[] places = [0, length / 2, length - 512];
        var before = GC.GetAllocatedBytesForCurrentThread();
        using (var files = new HostFiles(path))
        using (var image = DiskFormats.Open(files))
        {
            Assert.InRange(image.Length, length - (64 << 20), length + (64 << 20)); // VHD: as far as its geometry goes
            foreach (var place in places.Select(p => Math.Min(p, image.Length - 512)))
            {
                var sector = new byte[512];
                image.Read(place, sector);
                Assert.Equal(new byte[512], sector);
                Assert.True(image.GetExtent(place).IsZero);
                sector.AsSpan().Fill(0xA5);
                image.Write(place, sector);
                sector.AsSpan().Clear();
                image.Read(place, sector);
                Assert.Equal(-1, sector.AsSpan().IndexOfAnyExcept((byte)0xA5));
            }

            image.Flush();
            places[2] = image.Length - 512;
        }

        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, MaxAllocated);
        foreach (var place in places)
        {
            Qemu.Io(path, format, $"read -P 0xa5 {place} 512");
        }
    }
}
