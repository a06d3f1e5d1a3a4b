using OfflinePatch.Core;
using OfflinePatch.Ntfs.Format;
using OfflinePatch.Ntfs.Layout;
using OfflinePatch.Ntfs.Tests.Format;
using OfflinePatch.Ntfs.Volume;
using OfflinePatch.Testing;

namespace OfflinePatch.Ntfs.Tests.Volume;

/// <summary>Files in many pieces: attribute lists, extension records, lists that do not fit into the record.</summary>
public sealed class FragmentTests
{
    [SkippableTheory, Trait("tier", "oracle")]
    [InlineData(512, 1024, 400)]
    [InlineData(512, 1024, 2500)]
    [InlineData(4096, 1024, 1500)]
    [InlineData(4096, 4096, 3000)]
    public void Two_files_that_grow_in_turns(int clusterSize, int recordSize, int turns)
    {
        using var device = new MemoryDevice(96 << 20);
        NtfsFormatter.Format(device, new NtfsFormatOptions { ClusterSize = clusterSize, RecordSize = recordSize });
        using var volume = NtfsVolume.Open(device);
        var contents = new[] { new byte[turns * clusterSize], new byte[turns * clusterSize] };
        foreach (var content in contents)
        {
            new Random(turns).NextBytes(content);
        }

        // every other cluster of a large file is given back by making room for the other one
        volume.WriteFile("one.bin", []);
        volume.WriteFile("two.bin", []);
        for (var i = 0; i < turns; i++)
        {
            volume.Write("one.bin", (long)i * clusterSize, contents[0].AsSpan(i * clusterSize, clusterSize));
            volume.Write("two.bin", (long)i * clusterSize, contents[1].AsSpan(i * clusterSize, clusterSize));
            if (i == turns / 2)
            {
                volume.Flush();
            }
        }

        volume.Flush();
        var file = volume.OpenFile("one.bin")!;
        Assert.True(file.Streams[0].Fragments > turns / 2, $"{file.Streams[0].Fragments} fragments");
        Assert.True(file.RecordCount > 1);
        Judge(device, volume, ("one.bin", false, contents[0]), ("two.bin", false, contents[1]));

        // shorter: records and the list go again
        volume.SetLength("one.bin", clusterSize * 3);
        volume.Delete("two.bin");
        volume.Flush();
        Assert.Equal(1, volume.OpenFile("one.bin")!.RecordCount);
        Judge(device, volume, ("one.bin", false, contents[0][..(clusterSize * 3)]));
    }

    [SkippableFact, Trait("tier", "oracle")]
    public void A_file_with_more_streams_than_a_record_holds()
    {
        using var device = new MemoryDevice(32 << 20);
        NtfsFormatter.Format(device, new NtfsFormatOptions { ClusterSize = 4096 });
        using var volume = NtfsVolume.Open(device);
        volume.WriteFile("file.txt", "plain"u8);
        for (var i = 0; i < 60; i++)
        {
            volume.WriteFile($"file.txt:stream number {i}", new byte[i * 40]);
        }

        volume.Flush();
        Assert.Equal(61, volume.OpenFile("file.txt")!.Streams.Count);
        Judge(device, volume, ("file.txt", false, "plain"u8.ToArray()));
        for (var i = 0; i < 59; i++)
        {
            volume.Delete($"file.txt:stream number {i}");
        }

        volume.Flush();
        Assert.Equal(2, volume.OpenFile("file.txt")!.Streams.Count);
        Judge(device, volume, ("file.txt", false, "plain"u8.ToArray()));
    }

    [SkippableFact, Trait("tier", "oracle")]
    public void A_directory_with_the_longest_name_and_many_entries()
    {
        using var device = new MemoryDevice(32 << 20);
        NtfsFormatter.Format(device, new NtfsFormatOptions { ClusterSize = 4096 });
        using var volume = NtfsVolume.Open(device);
        var name = new string('n', 255);
        var expected = new List<(string, bool, byte[])> { (name, true, []) };
        volume.CreateDirectory(name);
        for (var i = 0; i < 100; i++)
        {
            volume.WriteFile($"{name}\\{i}{new string('m', 200)}", [1]);
            expected.Add(($"{name}\\{i}{new string('m', 200)}", false, [1]));
        }

        volume.Flush();
        Judge(device, volume, [.. expected]);
        volume.Move(name, "short");
        volume.Flush();
        Judge(device, volume, [.. expected.Select(e => ("short" + e.Item1[255..], e.Item2, e.Item3))]);
    }

    /// <summary>
    /// Every second cluster is taken, so that $MFT grows in pieces of one cluster: its own record overflows, then extension records one
    /// after the other, until the eight records that may describe $MFT are full.
    /// </summary>
    [SkippableFact, Trait("tier", "oracle")]
    public void An_mft_of_hundreds_of_pieces_grows()
    {
        using var device = new MemoryDevice(3 << 20);
        NtfsFormatter.Format(device, new NtfsFormatOptions { ClusterSize = 1024 });
        using var volume = NtfsVolume.Open(device);
        var part = new byte[1024];
        volume.WriteFile("a.bin", []);
        volume.WriteFile("b.bin", []);
        for (long i = 0; volume.FreeBytes > 40_000; i++)
        {
            volume.Write(i % 2 == 0 ? "a.bin" : "b.bin", i / 2 * part.Length, part);
        }

        volume.Delete("b.bin");
        volume.Flush();
        var content = volume.ReadFile("a.bin");
        var expected = new List<(string, bool, byte[])> { ("a.bin", false, content), ("files", true, []) };
        volume.CreateDirectory("files");
        string? end = null;
        while (end is null)
        {
            try
            {
                volume.WriteFile($"files\\{expected.Count}.txt", [1]);
                expected.Add(($"files\\{expected.Count}.txt", false, [1]));
            }
            catch (Exception e) when (e is RefusedException or IOException)
            {
                end = ((ICodedError)e).Code;
            }
        }

        volume.Flush();
        var node = volume.Core.Nodes.Get(FileReference.MftRecord);
        Console.WriteLine($"$MFT: {volume.Core.Records.Runs.Runs.Count} runs, {node.Extensions.Count} extension records, "
            + $"{expected.Count} files, {volume.FreeBytes} bytes free, {end}");
        Assert.InRange(node.Extensions.Count, 2, 8);
        Assert.All(node.Extensions, e => Assert.InRange(e.Number, 16, 23));
        Assert.InRange(volume.Core.Records.Runs.Runs.Count, 400, 100_000);
        Assert.True(end is "NTFS-0310" or "NTFS-0401", end);
        Assert.True(expected.Count > 500, $"{expected.Count} files");
        Assert.Empty(NtfsVolume.Open(device).Check());
        Judge(device, volume, [.. expected]);
    }

    private static void Judge(MemoryDevice device, NtfsVolume volume, params (string, bool, byte[])[] expected)
    {
        Assert.Empty(volume.Check());
        using var scratch = new ScratchFolder();
        VolumeOracles.Save(device, scratch["volume.img"]);
        Assert.Empty(VolumeOracles.Complaints(scratch["volume.img"]));
        Ntfs3gReader.AssertSame(scratch, "volume.img", expected);
    }
}
