using OfflinePatch.Core;
using OfflinePatch.Ntfs.Format;
using OfflinePatch.Ntfs.Volume;
using OfflinePatch.Testing;

namespace OfflinePatch.Ntfs.Tests.Fuzz;

/// <summary>Good volumes to start from: our own of several geometries, and two of Windows where the corpus is there.</summary>
internal static class FuzzSeeds
{
    public static List<(string Name, byte[] Volume)> Load()
    {
        var seeds = new List<(string, byte[])>
        {
            ("512", Build(6, 512, 1024)), ("4096", Build(6, 4096, 1024)), ("4096/4K records", Build(8, 4096, 4096)),
                ("65536", Build(24, 65536, 1024)),
        };
        foreach (var name in new[] { "ntfs/large-directory.bin", "ntfs/charlie.dd" })
        {
            if (Corpus.Has(name))
            {
                seeds.Add((name, Corpus.Read(name)));
            }
        }

        return seeds;
    }

    private static byte[] Build(int mebibytes, int cluster, int record)
    {
        using var device = new MemoryDevice(mebibytes * 1024L * 1024);
        NtfsFormatter.Format(device, new NtfsFormatOptions { ClusterSize = cluster, RecordSize = record, Label = "seed" });
        using (var volume = NtfsVolume.Open(device))
        {
            var random = new Random(cluster);
            volume.CreateDirectory(@"Windows\System32\config");
            volume.CreateDirectory(@"wide");
            for (var i = 0; i < 120; i++)
            {
                var content = new byte[random.Next(i % 5 == 0 ? 20_000 : 900)];
                random.NextBytes(content);
                volume.WriteFile($@"wide\a file with number {i}.bin", content);
            }

            for (var i = 0; i < 120; i += 3)
            {
                volume.Delete($@"wide\a file with number {i}.bin");
            }

            // a fragmented file of many streams: its record overflows into others
            volume.WriteFile(@"Windows\System32\config\SYSTEM", new byte[70_000]);
            for (var i = 0; i < 12; i++)
            {
                volume.WriteFile($@"Windows\System32\config\SYSTEM:stream {i}", new byte[random.Next(200)]);
            }

            volume.WriteFile("hiberfil.sys", new byte[5000]);
            volume.Flush();
        }

        var bytes = new byte[device.Length];
        device.Read(0, bytes);
        return bytes;
    }
}
