using System.Buffers.Binary;
using OfflinePatch.Core;
using OfflinePatch.Ntfs.Check;
using OfflinePatch.Ntfs.Format;
using OfflinePatch.Ntfs.Layout;
using OfflinePatch.Ntfs.Tests.Check;
using OfflinePatch.Ntfs.Tests.Format;
using OfflinePatch.Ntfs.Volume;
using OfflinePatch.Testing;

namespace OfflinePatch.Ntfs.Tests.Engine;

/// <summary>Volumes whose bad clusters chkdsk /r has put into $BadClus:$Bad: they are an owner like any other.</summary>
public sealed class BadClusterTests
{
    private const int Bad = 700; // of 4 KiB
    private const int Count = 300;

    [SkippableFact]
    [Trait("tier", "oracle")]
    public void Badclus_bad_clusters_are_never_given_away()
    {
        using var device = new MemoryDevice(8 << 20);
        Make(device, marked: true);
        Assert.Empty(NtfsChecker.Check(device));
        var marks = Bytes(device);
        using (var volume = NtfsVolume.Open(device))
        {
            var before = volume.FreeBytes;
            volume.WriteFile("all.bin", new byte[before - (100 * 4096)]);
            volume.CreateDirectory("directory");
            volume.Flush();
            Assert.Empty(volume.Check());
            volume.Delete("all.bin");
            volume.Flush();
        }

        Assert.Equal(marks, Bytes(device));
        Assert.Empty(NtfsChecker.Check(device));
        using var scratch = new ScratchFolder();
        VolumeOracles.Save(device, scratch["volume.raw"]);
        Assert.Null(VolumeOracles.CheckersComplain(scratch["volume.raw"])); // not ntfsresize, which refuses every volume with bad clusters
    }

    [Fact]
    [Trait("tier", "unit")]
    public void Badclus_bad_clusters_that_the_map_calls_free_refuse_the_volume()
    {
        using var device = new MemoryDevice(8 << 20);
        Make(device, marked: false);
        Assert.Contains(NtfsChecker.Check(device), f => f.Code == "NTFS-6100");
        using var volume = NtfsVolume.Open(device);
        Assert.Equal("NTFS-0304", Assert.Throws<RefusedException>(() => volume.WriteFile("new", new byte[100_000])).Code);
    }

    private static void Make(MemoryDevice device, bool marked)
    {
        NtfsFormatter.Format(device, new NtfsFormatOptions { ClusterSize = 4096 });
        var surgeon = new VolumeSurgeon(device);
        var total = surgeon.Sectors * surgeon.SectorSize / surgeon.ClusterSize;
        surgeon.Edit(FileReference.BadClusRecord, record =>
        {
            var at = VolumeSurgeon.Attribute(record, AttributeType.Data, "$Bad");
            var pairs = at + BinaryPrimitives.ReadUInt16LittleEndian(record.AsSpan(at + 0x20));
            var length = BinaryPrimitives.ReadInt32LittleEndian(record.AsSpan(at + 4));
            // a hole, the bad clusters, the other hole: lengths and places of two bytes
            byte[] runs = [2, .. Word(Bad), 0x22, .. Word(Count), .. Word(Bad), 2, .. Word((int)(total - Bad - Count)), 0];
            var more = Math.Max(0, (pairs - at + runs.Length + 7 - length) / 8 * 8);
            var used = BinaryPrimitives.ReadInt32LittleEndian(record.AsSpan(0x18));
            record.AsSpan(at + length, used - at - length).CopyTo(record.AsSpan(at + length + more));
            record.AsSpan(pairs, at + length + more - pairs).Clear();
            runs.CopyTo(record, pairs);
            BinaryPrimitives.WriteInt32LittleEndian(record.AsSpan(at + 4), length + more);
            BinaryPrimitives.WriteInt32LittleEndian(record.AsSpan(0x18), used + more);
        });
        for (var cluster = Bad; cluster < Bad + Count; cluster++)
        {
            Assert.False(surgeon.ClusterBit(cluster));
            if (marked)
            {
                surgeon.SetClusterBit(cluster, value: true);
            }

            device.Write(cluster * 4096L, BitConverter.GetBytes(cluster));
        }
    }

    private static byte[] Word(int value) => [(byte)(value & 0xFF), (byte)(value >> 8)];

    private static byte[] Bytes(MemoryDevice device)
    {
        var bytes = new byte[Count * 4096];
        device.Read(Bad * 4096L, bytes);
        return bytes;
    }
}
