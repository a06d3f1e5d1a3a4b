using OfflinePatch.Core;
using OfflinePatch.Disks.Formats;
using OfflinePatch.Testing;

namespace OfflinePatch.Disks.Tests.Formats;

public sealed class ParallelReadingTests
{
    public static TheoryData<string, string?> Formats => new()
    {
        { "qcow2", null }, { "qcow2", "zlib" }, { "qcow2", "zstd" }, { "vhd", null }, { "vhdx", null }, { "qcow", "zlib" }, { "qed", null },
    };

    [Theory]
    [MemberData(nameof(Formats))]
    [Trait("tier", "model")]
    public void Several_threads_read_one_image(string name, string? compression)
    {
        var format = Format(name);
        var content = DiskModel.Mixed(5 * 1024 * 1024, 1);
        var device = new MemoryDevice(0);
        ImageWriting.Write(format, device, content, new DiskWriterOptions(Compression: compression));
        using var image = DiskFormats.Open(new MemoryImageFiles(device));
        Parallel.For(0, 8, seed => new DiskModel(content, seed).Read(image, 40));
    }

    [Theory]
    [InlineData("qcow2")]
    [InlineData("vhd")]
    [InlineData("vhdx")]
    [InlineData("qcow")]
    [InlineData("qed")]
    [Trait("tier", "unit")]
    public void Reading_again_allocates_nothing(string name)
    {
        var content = DiskModel.Mixed(5 * 1024 * 1024, 1);
        var device = new MemoryDevice(0);
        var format = Format(name);
        ImageWriting.Write(format, device, content);
        using var image = DiskFormats.Open(new MemoryImageFiles(device));
        var buffer = new byte[content.Length];
        image.Read(0, buffer);

        // The runtime allocates for itself when it compiles a method anew, once; the image would do so every time.
        Assert.Contains(0, Enumerable.Range(0, 5).Select(_ => AllocatedByReading(image, buffer)));
    }

    private static long AllocatedByReading(DiskImage image, byte[] buffer)
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var at = 0; at < buffer.Length; at += 4096)
        {
            image.Read(at, buffer.AsSpan(0, 4096));
        }

        return GC.GetAllocatedBytesForCurrentThread() - before;
    }

    private static DiskFormat Format(string name) =>
        DiskFormats.All.Single(f => string.Equals(f.Format.ToString(), name, StringComparison.OrdinalIgnoreCase));
}
