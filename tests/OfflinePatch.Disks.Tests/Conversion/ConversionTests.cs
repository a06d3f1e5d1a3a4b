using OfflinePatch.Core;
using OfflinePatch.Disks.Conversion;
using OfflinePatch.Disks.Formats;
using OfflinePatch.Disks.Tests.Formats;
using OfflinePatch.Testing;

namespace OfflinePatch.Disks.Tests.Conversion;

/// <summary>The pipeline, and the VMDKs that it writes, as QEMU sees them.</summary>
[Trait("tier", "oracle")]
public sealed class ConversionTests
{
    private const long MiB = 1024 * 1024;

    [SkippableTheory]
    [InlineData("monolithicSparse", 40 * MiB)]
    [InlineData("monolithicSparse", (9 * MiB) + (17 * 512))]
    [InlineData("streamOptimized", 40 * MiB)]
    [InlineData("streamOptimized", (9 * MiB) + (17 * 512))]
    [InlineData("streamOptimized", 512)]
    [InlineData("monolithicSparse", 512)]
    public void Written_VMDK_is_what_QEMU_reads(string subformat, long size)
    {
        Oracle.Require("qemu-img");
        using var scratch = new ScratchFolder();
        var model = GuestModel.Patterned(size, seed: 11);
        var output = new MemoryDevice(0);
        var options = new DiskWriterOptions(subformat, FileName: "disk.vmdk", Properties: new Dictionary<string,
            string>
        { ["ddb.adapterType"] = "ide", ["ddb.toolsVersion"] = "12345" });

        var result = DiskConverter.Convert(model, Format(ImageFormat.Vmdk), output, options, verify: true);

        Assert.Equal((size, output.Length, true), (result.VirtualSize, result.OutputBytes, result.Verified));
        HostFile.Save(output, scratch["disk.vmdk"]);
        HostFile.Save(model, scratch["expected.raw"]);
        Assert.Contains($"create type: {subformat}", Oracle.Run("qemu-img", "info", scratch["disk.vmdk"]).MustSucceed().Output,
            StringComparison.Ordinal);
        Oracle.Run("qemu-img", "check", "-f", "vmdk", scratch["disk.vmdk"]).MustSucceed();
        Oracle.Run("qemu-img", "compare", "-f", "vmdk", "-F", "raw", scratch["disk.vmdk"], scratch["expected.raw"]).MustSucceed();
        using var image = DiskFormats.Open(new FolderImageFiles(scratch["disk.vmdk"]));
        Assert.Equal("12345", image.Properties["ddb.toolsVersion"]);
        GuestModel.AssertSame(model, image);
    }

    [SkippableFact]
    public void Written_sparse_VMDK_can_be_patched_in_place()
    {
        Oracle.Require("qemu-img");
        using var scratch = new ScratchFolder();
        var model = GuestModel.Patterned(70 * MiB, seed: 12);
        var output = new MemoryDevice(0);
        DiskConverter.Convert(model, Format(ImageFormat.Vmdk), output, new DiskWriterOptions());
        using var image = DiskFormats.Open(new MemoryImageFiles(output));

        GuestModel.Write(image, model, seed: 13, count: 100);

        HostFile.Save(output, scratch["disk.vmdk"]);
        HostFile.Save(model, scratch["expected.raw"]);
        Oracle.Run("qemu-img", "check", "-f", "vmdk", scratch["disk.vmdk"]).MustSucceed();
        Oracle.Run("qemu-img", "compare", "-f", "vmdk", "-F", "raw", scratch["disk.vmdk"], scratch["expected.raw"]).MustSucceed();
    }

    [Fact]
    [Trait("tier", "unit")]
    public void Holes_are_not_read_and_zeros_are_not_stored()
    {
        var source = new CountingDevice(1024 * MiB);
        source.Inner.Write(300 * MiB, [1]);
        source.Inner.Write(500 * MiB, new byte[MiB]); // allocated, but zero
        var output = new MemoryDevice(0);

        var result = DiskConverter.Convert(source, Format(ImageFormat.Vmdk), output, new DiskWriterOptions());

        Assert.InRange(source.BytesRead, 1, 3 * MiB);
        Assert.Equal(64 * 1024, result.StoredBytes);
        Assert.InRange(output.Length, 1, MiB);
    }

    [Fact]
    [Trait("tier", "unit")]
    public void Cancellation_ends_it()
    {
        var source = GuestModel.Patterned(64 * MiB, seed: 1);
        using var cancel = new CancellationTokenSource();
        var progress = new Immediate(p => cancel.Cancel());

        Assert.ThrowsAny<OperationCanceledException>(() =>
            DiskConverter.Convert(new Slow(source), Format(ImageFormat.Vmdk), new MemoryDevice(0), new DiskWriterOptions("streamOptimized"),
                progress, verify: false, cancel.Token));
    }

    [Fact]
    [Trait("tier", "unit")]
    public void Errors_of_either_side_come_through_as_they_are()
    {
        var source = GuestModel.Patterned(8 * MiB, seed: 1);
        source.Write(5 * MiB, [1]);
        Assert.Equal("disk full", Assert.Throws<IOException>(() =>
            DiskConverter.Convert(source, Format(ImageFormat.Vmdk), new FullDisk(2 * MiB), new DiskWriterOptions())).Message);
        Assert.Equal("bad sector", Assert.Throws<IOException>(() =>
            DiskConverter.Convert(new BadSector(source, 5 * MiB), Format(ImageFormat.Vmdk), new MemoryDevice(0),
                new DiskWriterOptions("streamOptimized"))).Message);
    }

    [Fact]
    [Trait("tier", "unit")]
    public void Verification_sees_a_difference()
    {
        var source = GuestModel.Patterned(8 * MiB, seed: 1);
        source.Write(0, new byte[8 * MiB].Select((_, i) => (byte)(i % 255)).ToArray());
        var error = Assert.Throws<HostIOException>(() =>
            DiskConverter.Convert(source, Format(ImageFormat.Vmdk), new LyingDisk(4 * MiB), new DiskWriterOptions(), verify: true));
        Assert.Equal("CONV-0002", error.Code);
    }

    [Fact]
    [Trait("tier", "unit")]
    public void Progress_grows_to_the_end()
    {
        var reports = new List<ConversionProgress>();
        DiskConverter.Convert(new Slow(GuestModel.Patterned(30 * MiB, seed: 1)), Format(ImageFormat.Vmdk), new MemoryDevice(0),
            new DiskWriterOptions(), new Immediate(reports.Add), verify: true);

        var writing = reports.Where(r => r.Phase == ConversionPhase.Write).ToList();
        Assert.True(writing.Count > 2);
        Assert.Equal(writing.OrderBy(r => r.BytesDone), writing);
        Assert.Equal(30 * MiB, writing[^1].BytesDone);
        Assert.True(writing[^1].Throughput > 0);
    }

    internal static DiskFormat Format(ImageFormat format) => DiskFormats.All.First(f => f.Format == format);

    private sealed class Immediate(Action<ConversionProgress> action) : IProgress<ConversionProgress>
    {
        public void Report(ConversionProgress value) => action(value);
    }

    private abstract class Wrapper(BlockDevice inner) : ResizableDevice
    {
        public override long Length => inner.Length;

        public override bool CanWrite => true;

        public override void Read(long offset, Span<byte> buffer) => inner.Read(offset, buffer);

        public override void Write(long offset, ReadOnlySpan<byte> buffer) => inner.Write(offset, buffer);

        public override void SetLength(long length) => ((ResizableDevice)inner).SetLength(length);

        public override DeviceExtent GetExtent(long offset) => inner.GetExtent(offset);
    }

    private sealed class CountingDevice(long length) : Wrapper(new MemoryDevice(length))
    {
        private readonly MemoryDevice _inner = new(length);

        public MemoryDevice Inner => _inner;

        public long BytesRead { get; private set; }

        public override void Read(long offset, Span<byte> buffer)
        {
            BytesRead += buffer.Length;
            _inner.Read(offset, buffer);
        }

        public override DeviceExtent GetExtent(long offset) => _inner.GetExtent(offset);
    }

    private sealed class Slow(BlockDevice inner) : Wrapper(inner)
    {
        public override void Read(long offset, Span<byte> buffer)
        {
            Thread.Sleep(20);
            base.Read(offset, buffer);
        }
    }

    private sealed class BadSector(BlockDevice inner, long at) : Wrapper(inner)
    {
        public override void Read(long offset, Span<byte> buffer)
        {
            if (offset <= at && at < offset + buffer.Length)
            {
                throw new IOException("bad sector");
            }

            base.Read(offset, buffer);
        }
    }

    private sealed class FullDisk(long limit) : Wrapper(new MemoryDevice(0))
    {
        public override void Write(long offset, ReadOnlySpan<byte> buffer)
        {
            if (offset + buffer.Length > limit)
            {
                throw new IOException("disk full");
            }

            base.Write(offset, buffer);
        }
    }

    private sealed class LyingDisk(long at) : Wrapper(new MemoryDevice(0))
    {
        public override void Read(long offset, Span<byte> buffer)
        {
            base.Read(offset, buffer);
            if (offset <= at && at < offset + buffer.Length)
            {
                buffer[(int)(at - offset)] ^= 1;
            }
        }
    }
}
