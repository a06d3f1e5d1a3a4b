using System.Diagnostics;
using OfflinePatch.Drivers.Manifest;
using OfflinePatch.Drivers.Packages;
using OfflinePatch.Fixtures.Drivers;
using OfflinePatch.Windows.DriverStore;
using OfflinePatch.Windows.Tests.Machines;
using Xunit.Abstractions;

namespace OfflinePatch.Windows.Tests.DriverStore;

/// <summary>How long staging takes, told; the bound is loose, because test machines are shared.</summary>
[Trait("tier", "unit")]
public sealed class StagingSpeedTests(ITestOutputHelper output)
{
    [SkippableFact]
    public void Thirteen_packages_into_a_real_hive()
    {
        var guest = StagingMachine.Create("win10-1709-x64").Start();
        var virtio = StagingMachine.Disc(SampleDriverDisc.Virtio());
        var xen = StagingMachine.Disc(SampleDriverDisc.Xen());
        var target = DriverTarget.Of(guest.Windows);
        _ = guest.Windows.System.Hive.Root;
        var allocated = GC.GetAllocatedBytesForCurrentThread();
        var cpu = Process.GetCurrentProcess().TotalProcessorTime;
        var watch = Stopwatch.StartNew();
        var packages = DriverSource.Scan(virtio).Packages.Concat(DriverSource.Scan(xen).Packages).ToList();
        var scanned = watch.ElapsedMilliseconds;
        var checks = DriverManifest.Embedded.Families.SelectMany(f => DriverSelection.Choose(packages, f, target).Chosen)
            .Select(c => DriverPackageCheck.Run(c.Package, target, SampleTrust.Options)).ToList();
        var chosen = watch.ElapsedMilliseconds;
        foreach (var check in checks)
        {
            GuestDriverStore.Stage(guest.Windows, check, new StagingOptions { Clock = StagingMachine.Clock });
        }

        watch.Stop();
        output.WriteLine($"{packages.Count} packages scanned in {scanned} ms, {checks.Count} chosen and checked in {chosen - scanned} ms,"
            + $" staged in {watch.ElapsedMilliseconds - chosen} ms; "
            + $"{(Process.GetCurrentProcess().TotalProcessorTime - cpu).TotalMilliseconds:F0} ms of processor time; "
            + $"{(GC.GetAllocatedBytesForCurrentThread() - allocated) / 1024 / 1024} MiB allocated");
        Assert.Equal(13, checks.Count);
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(60));
    }
}
