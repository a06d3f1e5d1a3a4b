using System.Buffers.Binary;
using OfflinePatch.Core;
using OfflinePatch.Disks.Formats;
using OfflinePatch.Disks.Tests.Formats;
using OfflinePatch.Disks.Vhdx;
using OfflinePatch.Testing;

namespace OfflinePatch.Disks.Tests.Vhdx;

public sealed class VhdxImageTests
{
    private const int Size = (7 * 1024 * 1024) + 4096;

    [SkippableTheory]
    [InlineData("subformat=dynamic", false)]
    [InlineData("subformat=dynamic,block_size=1M", true)]
    [InlineData("subformat=dynamic,block_size=2M,block_state_zero=off", false)]
    [InlineData("subformat=dynamic,block_size=2M,block_state_zero=off", true)]
    [InlineData("subformat=dynamic,block_size=256M,log_size=3M", true)]
    [InlineData("subformat=fixed", true)]
    [Trait("tier", "model")]
    public void Reads_and_writes_in_place(string options, bool full)
    {
        Qemu.Require();
        using var folder = new ScratchFolder();
        var path = folder["disk.vhdx"];
        var content = full ? DiskModel.Mixed(Size, 1) : new byte[Size];
        File.WriteAllBytes(folder["source"], content);
        Qemu.Img("convert", "-f", "raw", "-O", "vhdx", "-o", options, folder["source"], path);
        var model = new DiskModel(content, 2);
        ImageJudging.ReadWriteCompare(path, "vhdx", ImageFormat.Vhdx, model, canCheck: true);
        ImageJudging.ReadWriteCompare(path, "vhdx", ImageFormat.Vhdx, model, canCheck: true);
    }

    [SkippableTheory]
    [InlineData(Size, 512)]
    [InlineData(Size, 4096)]
    [InlineData(512, 512)]
    [Trait("tier", "oracle")]
    public void Writes_new_images(int size, int sectorSize)
    {
        Qemu.Require();
        using var folder = new ScratchFolder();
        var path = folder["new.vhdx"];
        var content = DiskModel.Mixed(size, 3);
        ImageWriting.Write(new VhdxFormat(), path, content, new DiskWriterOptions(SectorSize: sectorSize));
        if (sectorSize == 512)
        {
            // QEMU takes no image with sectors of 4096 bytes.
            Qemu.Check(path, "vhdx");
            Qemu.Compare(path, "vhdx", content);
            ImageJudging.ReadWriteCompare(path, "vhdx", ImageFormat.Vhdx, new DiskModel(content, 4), canCheck: true);
        }
        else
        {
            using var files = new HostFiles(path);
            using var image = DiskFormats.Open(files);
            Assert.Equal(4096, image.SectorSize);
            var model = new DiskModel(content, 4);
            model.AssertSame(image);
            model.Write(image, 40);
            model.AssertSame(image);
        }

        if (Oracle.Locate("vhdiinfo") is not null)
        {
            Assert.Contains($"({size} bytes)", Oracle.Run("vhdiinfo", path).MustSucceed().Output, StringComparison.Ordinal);
        }
    }

    [SkippableTheory]
    [InlineData("containers/vhdx/dynamic.vhdx", "dynamic")]
    [InlineData("containers/vhdx/fixed.vhdx", "fixed")]
    [Trait("tier", "oracle")]
    public void Reads_and_writes_the_corpus(string name, string subformat)
    {
        Qemu.Require();
        using var folder = new ScratchFolder();
        var path = folder["disk.vhdx"];
        Corpus.Unpack(name, path);
        using (var files = new HostFiles(path, canWrite: false))
        using (var image = DiskFormats.Open(files))
        {
            Assert.Equal(subformat, image.Subformat);
        }

        ImageJudging.ReadWriteCompare(path, "vhdx", ImageFormat.Vhdx, new DiskModel(Qemu.Read(path, "vhdx"), 5), canCheck: true);
    }

    [SkippableFact]
    [Trait("tier", "oracle")]
    public void The_log_of_the_corpus_is_replayed_and_only_written_with_a_change()
    {
        Qemu.Require();
        using var folder = new ScratchFolder();
        var path = folder["disk.vhdx"];
        Corpus.Unpack("containers/qemu/iotest-dirtylog-10G-4M.vhdx", path);
        File.Copy(path, folder["judge.vhdx"]);
        Qemu.Img("check", "-r", "all", "-f", "vhdx", folder["judge.vhdx"]);
        var expected = new byte[32 * 1024 * 1024];
        using (var files = new HostFiles(folder["judge.vhdx"], canWrite: false))
        using (var image = DiskFormats.Open(files))
        {
            Assert.Equal("false", image.Properties["logReplayed"]);
            Assert.Equal(10L * 1024 * 1024 * 1024, image.Length);
            image.Read(0, expected);
        }

        Assert.Contains(expected, b => b != 0);
        using (var files = new HostFiles(path, canWrite: false))
        using (var image = DiskFormats.Open(files))
        {
            Assert.Equal("true", image.Properties["logReplayed"]);
            var content = new byte[expected.Length];
            image.Read(0, content);
            Assert.Equal(expected, content);
        }

        using (var files = new HostFiles(path))
        using (var image = DiskFormats.Open(files))
        {
            image.Write(5_000_000, "patched"u8);
        }

        "patched"u8.CopyTo(expected.AsSpan(5_000_000));
        Qemu.Check(path, "vhdx"); // the log is empty: QEMU opens it read-only
        Qemu.Io(folder["judge.vhdx"], "vhdx", "write -P 112 5000000 1", "write -P 97 5000001 1", "write -P 116 5000002 1",
            "write -P 99 5000003 1", "write -P 104 5000004 1",
            "write -P 101 5000005 1", "write -P 100 5000006 1");
        Qemu.Img("compare", "-f", "vhdx", "-F", "vhdx", path, folder["judge.vhdx"]);
    }

    [SkippableFact]
    [Trait("tier", "oracle")]
    public void A_log_that_wraps_around_is_replayed_from_its_tail()
    {
        Qemu.Require();
        using var folder = new ScratchFolder();
        var path = folder["disk.vhdx"];
        var content = DiskModel.Mixed(Size, 6);
        ImageWriting.Write(new VhdxFormat(), path, content);
        var bytes = File.ReadAllBytes(path);
        var log = new LogMaker(bytes);

        // The active sequence is 11 to 14 and starts near the end of the ring; behind it lie a stale sequence and one of another session.
        const long payload = 4L * 1024 * 1024;
        var at = VhdxLayout.Megabyte - (4 * 4096);
        at = log.Add(at, at, 11, bytes.Length, (payload, 0xA1), (payload + 8192, 0xA2));
        at = log.Add(at, VhdxLayout.Megabyte - (4 * 4096), 12, bytes.Length, (payload + 4096, 0xA3)); // ends behind the start of the ring
        Assert.True(at < VhdxLayout.Megabyte / 2);
        at = log.Add(at, VhdxLayout.Megabyte - (4 * 4096), 13, bytes.Length, (payload + 8192, -3 * 4096), (payload, 0xA4));
        at = log.Add(at, VhdxLayout.Megabyte - (4 * 4096), 14, bytes.Length, (payload + 12288, 0xA5));
        log.Add(at, at, 9, bytes.Length, (payload, 0xEE));
        log.Add(512 * 1024, 512 * 1024, 20, bytes.Length, Guid.NewGuid(), (payload, 0xEF));
        log.Activate();
        File.WriteAllBytes(path, bytes);

        // QEMU cannot judge the replay: it takes 13 and 14, which lie at the start of the ring, for a whole sequence, though their tail is
        // entry 11.
        var expected = (byte[])content.Clone();
        expected.AsSpan(0, 4096).Fill(0xA4);
        expected.AsSpan(4096, 4096).Fill(0xA3);
        expected.AsSpan(8192, 12288).Clear();
        expected.AsSpan(12288, 4096).Fill(0xA5);
        ImageJudging.ReadWriteCompare(path, "vhdx", ImageFormat.Vhdx, new DiskModel(expected, 7), canCheck: true);
    }

    [SkippableFact]
    [Trait("tier", "oracle")]
    public void A_log_of_several_entries_is_replayed_as_QEMU_does()
    {
        Qemu.Require();
        using var folder = new ScratchFolder();
        var path = folder["disk.vhdx"];
        ImageWriting.Write(new VhdxFormat(), path, DiskModel.Mixed(Size, 6));
        var bytes = File.ReadAllBytes(path);
        var log = new LogMaker(bytes);
        const long payload = 4L * 1024 * 1024;
        const int tail = 64 * 1024;
        var at = log.Add(tail, tail, 21, bytes.Length, (payload, 0xA1), (payload + 8192, 0xA2));
        at = log.Add(at, tail, 22, bytes.Length, (payload + 8192, -3 * 4096), (payload, 0xA4));
        at = log.Add(at, tail, 23, bytes.Length, (payload + 12288, 0xA5), (payload + 40960, -4096));
        log.Add(at, at, 20, bytes.Length, (payload, 0xEE)); // stale
        log.Add(512 * 1024, 512 * 1024, 30, bytes.Length, Guid.NewGuid(), (payload, 0xEF)); // of another session
        log.Activate();
        File.WriteAllBytes(path, bytes);
        File.Copy(path, folder["judge.vhdx"]);
        Qemu.Img("check", "-r", "all", "-f", "vhdx", folder["judge.vhdx"]);
        var expected = Qemu.Read(folder["judge.vhdx"], "vhdx");
        Assert.Equal([0xA4, 0xA5], [expected[100], expected[12288 + 100]]);
        ImageJudging.ReadWriteCompare(path, "vhdx", ImageFormat.Vhdx, new DiskModel(expected, 7), canCheck: true);
    }

    [Fact]
    [Trait("tier", "unit")]
    public void A_sequence_ends_before_an_entry_whose_checksum_is_wrong()
    {
        var (bytes, content) = Written();
        var log = new LogMaker(bytes);
        const long payload = 4L * 1024 * 1024;
        var at = log.Add(0, 0, 5, bytes.Length, (payload, 0xA1));
        var end = log.Add(at, 0, 6, bytes.Length, (payload, 0xA2));
        bytes[VhdxLayout.Megabyte + end - 100] ^= 1; // in the last data sector
        log.Activate();
        content.AsSpan(0, 4096).Fill(0xA1);
        AssertReads(content, bytes);
    }

    [Fact]
    [Trait("tier", "unit")]
    public void Entries_before_the_tail_are_not_replayed()
    {
        var (bytes, content) = Written();
        var log = new LogMaker(bytes);
        const long payload = 4L * 1024 * 1024;
        var second = log.Add(0, 0, 5, bytes.Length, (payload, 0xA1)); // its effect was flushed; later writes may lie over it
        var third = log.Add(second, 0, 6, bytes.Length, (payload + 4096, 0xA2));
        log.Add(third, second, 7, bytes.Length, (payload + 8192, 0xA3));
        log.Activate();
        content.AsSpan(4096, 4096).Fill(0xA2);
        content.AsSpan(8192, 4096).Fill(0xA3);
        AssertReads(content, bytes);
    }

    private static (byte[] Bytes, byte[] Content) Written()
    {
        var device = new MemoryDevice(0);
        var model = DiskModel.Mixed(Size, 6);
        ImageWriting.Write(new VhdxFormat(), device, model);
        var bytes = new byte[device.Length];
        device.Read(0, bytes);
        return (bytes, (byte[])model.Clone());
    }

    private static void AssertReads(byte[] expected, byte[] file)
    {
        using var image = DiskFormats.Open(new MemoryImageFiles(new MemoryDevice(file)));
        var content = new byte[expected.Length];
        image.Read(0, content);
        Assert.True(expected.AsSpan().SequenceEqual(content));
    }

    [Fact]
    [Trait("tier", "unit")]
    public void A_file_shorter_than_its_log_says_is_refused()
    {
        var device = new MemoryDevice(0);
        ImageWriting.Write(new VhdxFormat(), device, DiskModel.Mixed(Size, 6));
        var bytes = new byte[device.Length];
        device.Read(0, bytes);
        var log = new LogMaker(bytes);
        log.Add(0, 0, 5, bytes.Length + 4096, (4L * 1024 * 1024, 1));
        log.Activate();
        var error = Assert.Throws<CorruptImageException>(() => DiskFormats.Open(new MemoryImageFiles(new MemoryDevice(bytes))));
        Assert.Equal("VHDX-0009", error.Code);
    }

    [SkippableFact]
    [Trait("tier", "unit")]
    public void A_differencing_image_is_read_through_its_parent_and_written_alone()
    {
        Corpus.Require("containers/vhdx/differencing.avhdx");
        var child = Corpus.ReadSparse("containers/vhdx/differencing.avhdx");
        var parent = Corpus.ReadSparse("containers/vhdx/dynamic.vhdx");
        var files = new MemoryImageFiles(child);
        var error = Assert.Throws<RefusedException>(() => DiskFormats.Open(files));
        Assert.Equal("VHDX-0012", error.Code);

        // The sample's own parent is not in the corpus: another image with its id stands in.
        files.Companions.Add(ParentName(child), parent);
        Assert.Equal("VHDX-0011", Assert.Throws<CorruptImageException>(() => DiskFormats.Open(files)).Code);
        SetDataWriteGuid(parent, Linkage(child));
        var before = Bytes(parent);
        const int window = 48 * 1024 * 1024; // of 8 GiB
        var content = new byte[window];
        using (var image = DiskFormats.Open(files))
        {
            Assert.Equal("differencing", image.Subformat);
            image.Read(0, content);
        }

        Assert.Contains(content, b => b != 0);
        var model = new DiskModel(content, 8);
        for (var i = 0; i < 2; i++)
        {
            using var image = DiskFormats.Open(files);
            var part = new SubDevice(image, 0, window);
            model.AssertSame(part);
            model.Write(part, 60);
            model.AssertSame(part);
        }

        Assert.Equal(before, Bytes(parent));
        files.AllowParents = false;
        Assert.Throws<RefusedException>(() => DiskFormats.Open(files));
    }

    [Fact]
    [Trait("tier", "unit")]
    public void A_session_changes_the_ids_once()
    {
        var device = new MemoryDevice(0);
        ImageWriting.Write(new VhdxFormat(), device, DiskModel.Mixed(Size, 9));
        var before = VhdxHeader.Read(device);
        using (var image = DiskFormats.Open(new MemoryImageFiles(device)))
        {
            image.Write(5, [1]);
            var first = VhdxHeader.Read(device);
            Assert.NotEqual(before.DataWriteGuid, first.DataWriteGuid);
            image.Write(3_000_000, [1]);
            var second = VhdxHeader.Read(device);
            Assert.Equal(first.DataWriteGuid, second.DataWriteGuid);
            Assert.Equal(before.Sequence + 2, second.Sequence);
        }
    }

    [Theory]
    [InlineData(0x10000 + 0x42, 2, "VHDX-0002")]
    [InlineData(0x30000 + 0x10, 0xFF, "VHDX-0004")]
    [InlineData(0x200000 + 0x20, 0xFF, "VHDX-0006")]
    [InlineData(0x300000, 5, "VHDX-0008")]
    [Trait("tier", "unit")]
    public void Refuses_by_code(int offset, byte value, string code)
    {
        var device = new MemoryDevice(0);
        ImageWriting.Write(new VhdxFormat(), device, DiskModel.Mixed(Size, 9));
        device.Write(offset, [value]);
        device.Write(0x20000, new byte[4096]); // the first header counts, and the first region table
        Sign(device, 0x10000, 4096);
        Sign(device, 0x30000, 65536);
        var error = Record.Exception(() =>
        {
            using var image = DiskFormats.Open(new MemoryImageFiles(device));
            image.Read(0, new byte[512]);
        });
        Assert.Equal(code, Assert.IsAssignableFrom<ICodedError>(error).Code);
    }

    private static void Sign(MemoryDevice device, long offset, int length)
    {
        var structure = new byte[length];
        device.Read(offset, structure);
        Crc32C.Sign(structure);
        device.Write(offset, structure);
    }

    private static byte[] Bytes(MemoryDevice device)
    {
        var bytes = new byte[device.Length];
        device.Read(0, bytes);
        return bytes;
    }

    private static string ParentName(MemoryDevice child)
    {
        var file = new VhdxPatchedFile(child);
        return VhdxMetadata.Read(file, VhdxRegions.Read(file)).ParentLocator["relative_path"].Split('\\')[^1];
    }

    private static Guid Linkage(MemoryDevice child)
    {
        var file = new VhdxPatchedFile(child);
        return Guid.Parse(VhdxMetadata.Read(file, VhdxRegions.Read(file)).ParentLocator["parent_linkage"]);
    }

    private static void SetDataWriteGuid(MemoryDevice device, Guid id)
    {
        foreach (var offset in new[] { VhdxLayout.Header.Place1, VhdxLayout.Header.Place2 })
        {
            device.Write(offset + VhdxLayout.Header.DataWriteGuid, id.ToByteArray());
            Sign(device, offset, 4096);
        }
    }

    /// <summary>Writes log entries by the specification, apart from the code under test but for the checksum.</summary>
    private sealed class LogMaker(byte[] file)
    {
        private const int Start = 1024 * 1024;
        private const int Length = 1024 * 1024;
        private readonly Guid _id = Guid.NewGuid();

        public int Add(int offset, int tail, ulong sequence, long fileLength, params (long Place, int Value)[] patches) =>
            Add(offset, tail, sequence, fileLength, _id, patches);

        /// <summary>A value below zero clears so many bytes; else it fills one sector.</summary>
        public int Add(int offset, int tail, ulong sequence, long fileLength, Guid id, params (long Place, int Value)[] patches)
        {
            var data = patches.Count(p => p.Value >= 0);
            var entry = new byte[4096 * (1 + data)];
            "loge"u8.CopyTo(entry);
            BinaryPrimitives.WriteUInt32LittleEndian(entry.AsSpan(8), (uint)entry.Length);
            BinaryPrimitives.WriteUInt32LittleEndian(entry.AsSpan(12), (uint)tail);
            BinaryPrimitives.WriteUInt64LittleEndian(entry.AsSpan(16), sequence);
            BinaryPrimitives.WriteUInt32LittleEndian(entry.AsSpan(24), (uint)patches.Length);
            id.TryWriteBytes(entry.AsSpan(32));
            BinaryPrimitives.WriteInt64LittleEndian(entry.AsSpan(48), fileLength);
            BinaryPrimitives.WriteInt64LittleEndian(entry.AsSpan(56), fileLength);
            var sector = 4096;
            for (var i = 0; i < patches.Length; i++)
            {
                var (place, value) = patches[i];
                var descriptor = entry.AsSpan(64 + (32 * i), 32);
                BinaryPrimitives.WriteInt64LittleEndian(descriptor[16..], place);
                BinaryPrimitives.WriteUInt64LittleEndian(descriptor[24..], sequence);
                if (value < 0)
                {
                    "zero"u8.CopyTo(descriptor);
                    BinaryPrimitives.WriteInt64LittleEndian(descriptor[8..], -value);
                    continue;
                }

                "desc"u8.CopyTo(descriptor);
                descriptor[4..8].Fill((byte)value);
                descriptor[8..16].Fill((byte)value);
                var content = entry.AsSpan(sector, 4096);
                content.Fill((byte)value);
                "data"u8.CopyTo(content);
                BinaryPrimitives.WriteUInt32LittleEndian(content[4..], (uint)(sequence >> 32));
                BinaryPrimitives.WriteUInt32LittleEndian(content[4092..], (uint)(sequence & uint.MaxValue));
                sector += 4096;
            }

            Crc32C.Sign(entry);
            for (var done = 0; done < entry.Length; done += 4096)
            {
                entry.AsSpan(done, 4096).CopyTo(file.AsSpan(Start + ((offset + done) % Length)));
            }

            return (offset + entry.Length) % Length;
        }

        /// <summary>The headers name this log.</summary>
        public void Activate()
        {
            foreach (var header in new[] { 0x10000, 0x20000 })
            {
                _id.TryWriteBytes(file.AsSpan(header + VhdxLayout.Header.LogGuid));
                Crc32C.Sign(file.AsSpan(header, 4096));
            }
        }
    }
}
