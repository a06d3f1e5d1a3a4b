using System.Diagnostics;
using OfflinePatch.Core;
using OfflinePatch.Ntfs.Check;
using OfflinePatch.Ntfs.Format;
using OfflinePatch.Ntfs.Volume;

namespace OfflinePatch.Ntfs.Tests.Check;

/// <summary>200,000 files are checked in seconds, and in less than 150 MiB.</summary>
public sealed class CheckerScaleTests
{
    [Fact, Trait("tier", "unit"), Trait("speed", "slow")]
    public void Two_hundred_thousand_files()
    {
        using var device = new MemoryDevice(2L * 1024 * 1024 * 1024);
        NtfsFormatter.Format(device);
        var watch = Stopwatch.StartNew();
        using (var volume = NtfsVolume.Open(device))
        {
            for (var directory = 0; directory < 400; directory++)
            {
                volume.CreateDirectory($"directory {directory}");
                for (var file = 0; file < 500; file++)
                {
                    volume.WriteFile($@"directory {directory}\file with a name {file}.txt", new byte[file % 50 == 0 ? 3000 : 40]);
                }
            }

            volume.Flush();
        }

        Console.WriteLine($"200,000 files written in {watch.Elapsed.TotalSeconds:F1} s");
        var before = GC.GetTotalMemory(forceFullCollection: true);
        long peak = 0;
        using var sampler = new Timer(_ => peak = Math.Max(peak, GC.GetTotalMemory(forceFullCollection: false)), null, 0, 20);
        watch.Restart();
        var findings = NtfsChecker.Check(device);
        watch.Stop();
        Console.WriteLine($"checked in {watch.Elapsed.TotalSeconds:F2} s, {(peak - before) / 1024 / 1024} MiB at the most (garbage "
            + "included)");
        HealthyVolumeTests.AssertNone(findings);
        Assert.True(peak - before < 150L * 1024 * 1024, $"{(peak - before) / 1024 / 1024} MiB");
    }
}
