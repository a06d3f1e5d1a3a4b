using System.Buffers.Binary;
using OfflinePatch.Core;
using OfflinePatch.Ntfs.Engine.Security;
using OfflinePatch.Ntfs.Engine.Storage;
using OfflinePatch.Ntfs.Format;
using OfflinePatch.Ntfs.Layout;
using OfflinePatch.Ntfs.Tests.Check;
using OfflinePatch.Ntfs.Tests.Fuzz;
using OfflinePatch.Ntfs.Volume;
using OfflinePatch.Testing;

namespace OfflinePatch.Ntfs.Tests.Engine;

/// <summary>
/// The other free maps of a volume: each allocator is told that something in use is free. It notices before a byte is written, and every
/// file reads as before. ($Bitmap itself: <see cref="OwnershipTests"/>.)
/// </summary>
[Trait("tier", "unit")]
public sealed class FreeMapTests
{
    private static readonly Lazy<byte[]> Volume = new(() => Build(descriptors: 0));

    [Fact]
    public void The_bitmap_of_MFT_calls_a_file_free()
    {
        using var device = new CopyOnWriteDevice(Volume.Value);
        var number = Number(device, @"wide\file 0003 with a name that is long enough.bin");
        new VolumeSurgeon(device).SetRecordBit(number, value: false);
        Refuses("NTFS-0140", device, $"record {number} is in use", v => v.WriteFile("new", []));
        Refuses("NTFS-0140", device, $"record {number} is in use", v => v.CreateDirectory("new"));
    }

    [Fact]
    public void A_record_that_MFT_gives_back_is_not_taken_by_a_file()
    {
        using var device = new CopyOnWriteDevice(Volume.Value);
        using (var volume = NtfsVolume.Open(device))
        {
            var core = volume.Core;
            var reserved = new ReservedRecords(core.RecordBitmap, core.Records, core.Nodes);
            var number = reserved.Allocate(out var sequence);
            core.Records.Reformat(number, sequence);
            reserved.Free(number);
            volume.WriteFile("new", []);
            volume.Flush();
        }

        Assert.InRange(Number(device, "new"), FileReference.FirstUserRecord, long.MaxValue);
    }

    [Fact]
    public void The_bitmap_of_MFT_calls_an_extension_record_free()
    {
        using var device = new CopyOnWriteDevice(Volume.Value);
        var surgeon = new VolumeSurgeon(device);
        var number = surgeon.Find(24, r => BinaryPrimitives.ReadUInt64LittleEndian(r.AsSpan(0x20)) != 0);
        surgeon.SetRecordBit(number, value: false);
        Refuses("NTFS-0140", device, $"record {number} is in use", v => v.WriteFile("new", []));
    }

    [Fact]
    public void The_bitmap_of_MFT_calls_a_torn_record_free()
    {
        using var device = new CopyOnWriteDevice(Volume.Value);
        var surgeon = new VolumeSurgeon(device);
        var number = Number(device, @"wide\file 0003 with a name that is long enough.bin");
        surgeon.SetRecordBit(number, value: false);
        surgeon.Xor(surgeon.Position(number) + 510, 0x55);
        device.Writes = 0;
        using var volume = NtfsVolume.Open(device);
        Assert.ThrowsAny<Exception>(() => volume.WriteFile("new", []));
        Assert.Equal(0, device.Writes);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(0)]
    public void The_bitmap_of_a_directory_calls_a_block_free(int block)
    {
        using var device = new CopyOnWriteDevice(Volume.Value);
        var surgeon = new VolumeSurgeon(device);
        surgeon.Edit(Number(device, "wide"), r => r[VolumeSurgeon.Value(r, AttributeType.Bitmap, "$I30")] &= (byte)(0xFF ^ (1 << block)));
        Refuses("NTFS-0130", device, "free in the index' bitmap", v =>
        {
            for (var i = 0; i < 200; i++)
            {
                v.WriteFile($"wide\\new {i} with a name that is long enough to split.bin", []);
            }
        });
    }

    [Fact]
    public void The_bitmap_of_a_view_index_calls_a_block_free()
    {
        using var device = new CopyOnWriteDevice(Build(descriptors: 200));
        new VolumeSurgeon(device).Edit(FileReference.SecureRecord, r => r[VolumeSurgeon.Value(r, AttributeType.Bitmap, "$SII")] = 0);
        Refuses("NTFS-0130", device, "free in the index' bitmap", v =>
        {
            for (var i = 0; i < 300; i++)
            {
                v.Core.Security.Append(Descriptor(10_000 + i));
            }
        }, mayWrite: true); // $SDS grows into clusters that are free before $SII needs a block
    }

    [Fact]
    public void SDS_holds_a_descriptor_that_SII_does_not_name()
    {
        using var device = new CopyOnWriteDevice(Volume.Value);
        var surgeon = new VolumeSurgeon(device);
        surgeon.Edit(FileReference.SecureRecord, r => RemoveLastEntry(r, VolumeSurgeon.Value(r, AttributeType.IndexRoot, "$SII") + 0x10));
        device.Writes = 0;
        using var volume = NtfsVolume.Open(device);
        Assert.Throws<CorruptImageException>(() => volume.Core.Security.Append(Descriptor(10_000)));
        Assert.Equal(0, device.Writes);
    }

    /// <summary>
    /// Whatever takes clusters: $MFT, its bitmap, an index, content. One lie is enough, and it need not be where they look.
    /// </summary>
    [Theory]
    [InlineData("content")]
    [InlineData("directory")]
    [InlineData("index")]
    [InlineData("$MFT")]
    [InlineData("stream")]
    [InlineData("delete")]
    [InlineData("shorten")]
    [InlineData("rename")]
    public void Clusters_are_not_taken_or_given_back_on_a_volume_whose_bitmap_lies(string change)
    {
        using var device = new CopyOnWriteDevice(Volume.Value);
        var surgeon = new VolumeSurgeon(device);
        surgeon.SetClusterBit(surgeon.Locate(Number(device, "plain.bin"), AttributeType.Data, "", 0) / surgeon.ClusterSize, value: false);
        Refuses("NTFS-0304", device, "plain.bin", v =>
        {
            switch (change)
            {
                case "content":
                    v.WriteFile("new", new byte[10_000]);
                    break;
                case "directory":
                    v.CreateDirectory("new");
                    break;
                case "index":
                    for (var i = 0; i < 100; i++)
                    {
                        v.WriteFile($"wide\\new {i} with a name that is long enough to split.bin", []);
                    }

                    break;
                case "$MFT":
                    for (var i = 0; i < 2000; i++)
                    {
                        v.WriteFile($"{i}", []);
                    }

                    break;
                case "stream":
                    v.WriteFile("small.txt:stream", new byte[10_000]);
                    break;
                case "delete":
                    v.Delete("plain.bin");
                    break;
                case "shorten":
                    v.SetLength("plain.bin", 10);
                    break;
                default:
                    for (var i = 0; i < 90; i++)
                    {
                        v.Move($"wide\\file {i:d4} with a name that is long enough.bin", $"wide\\{new string('n', 200)} {i}");
                    }

                    break;
            }
        });
    }

    private static void Refuses(string code, CopyOnWriteDevice device, string names, Action<NtfsVolume> change, bool mayWrite = false)
    {
        var before = Contents(device);
        device.Writes = 0;
        using (var volume = NtfsVolume.Open(device))
        {
            var error = Assert.ThrowsAny<Exception>(() => change(volume));
            Assert.Equal(code, ((ICodedError)error).Code);
            Assert.Contains(names, error.Message, StringComparison.Ordinal);
            Assert.True(mayWrite || device.Writes == 0, $"{device.Writes} writes");
            try
            {
                volume.Flush(); // what was complete before, and needed nothing from the map
            }
            catch (RefusedException closed)
            {
                Assert.Equal("NTFS-0302", closed.Code);
            }
        }

        var after = Contents(device);
        Assert.All(before, file => Assert.True(after.Remove(file), file));
    }

    /// <summary>The contents of all files, without their names: each of the volume's files has one of its own.</summary>
    private static List<string> Contents(BlockDevice device)
    {
        using var volume = NtfsVolume.Open(device);
        return [.. volume.Walk().Where(e => !e.Entry.IsDirectory && !e.Path.StartsWith('$'))
            .Select(e => Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(volume.ReadFile(e.Path))))];
    }

    private static long Number(BlockDevice device, string path)
    {
        using var volume = NtfsVolume.Open(device);
        return volume.OpenFile(path)!.Reference.Record;
    }

    private static void RemoveLastEntry(byte[] record, int node)
    {
        var at = node + BinaryPrimitives.ReadInt32LittleEndian(record.AsSpan(node));
        var last = at;
        while ((record[at + 12] & 2) == 0)
        {
            last = at;
            at += BinaryPrimitives.ReadUInt16LittleEndian(record.AsSpan(at + 8));
        }

        var used = BinaryPrimitives.ReadInt32LittleEndian(record.AsSpan(node + 4));
        record.AsSpan(at..(node + used)).CopyTo(record.AsSpan(last));
        BinaryPrimitives.WriteInt32LittleEndian(record.AsSpan(node + 4), used - (at - last));
    }

    private static byte[] Descriptor(int seed)
    {
        var descriptor = SecurityInheritance.Create(default, isDirectory: false);
        BinaryPrimitives.WriteInt32LittleEndian(descriptor.AsSpan(32), seed);
        return descriptor;
    }

    private static byte[] Build(int descriptors)
    {
        using var device = new MemoryDevice(16 << 20);
        NtfsFormatter.Format(device, new NtfsFormatOptions());
        using var volume = NtfsVolume.Open(device);
        volume.CreateDirectory("wide");
        volume.WriteFile("small.txt", "small"u8);
        volume.WriteFile("plain.bin", new byte[20_000]);
        for (var i = 0; i < 100; i++)
        {
            volume.WriteFile($"wide\\file {i:d4} with a name that is long enough.bin", [(byte)i]);
        }

        for (var i = 0; i < 20; i++)
        {
            volume.WriteFile($"small.txt:stream {i} with a name that fills the record", new byte[100]); // extension records
        }

        var store = volume.Core.Security;
        for (var i = 0; i < descriptors; i++)
        {
            store.Append(Descriptor(i + 1));
        }

        volume.Flush();
        Assert.Empty(volume.Check());
        var bytes = new byte[device.Length];
        device.Read(0, bytes);
        return bytes;
    }
}
