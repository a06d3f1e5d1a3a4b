using OfflinePatch.Fixtures.Machines;
using OfflinePatch.Testing;

namespace OfflinePatch.Cli.Tests.Commands;

/// <summary>The main job on machines with real hives: fix, fix again, check, independent readers, undo.</summary>
[Trait("tier", "e2e")]
public sealed class FixMatrixTests(Machines machines) : IClassFixture<Machines>
{
    /// <summary>What a fix may change; everything else must keep every byte.</summary>
    private static readonly string[] Changed =
    [
        @"Windows\System32\config\SYSTEM", @"Windows\System32\config\SOFTWARE", @"Windows\System32\config\DRIVERS",
    ];

    public static TheoryData<string, MachineFirmware, string, string?> Cases()
    {
        var cases = new TheoryData<string, MachineFirmware, string, string?>();
        foreach (var generation in new[] { "win7", "win81", "win10" })
        {
            foreach (var firmware in new[] { MachineFirmware.Bios, MachineFirmware.Uefi })
            {
                cases.Add(generation, firmware, "raw", null);
                cases.Add(generation, firmware, "vmdk", "monolithicSparse");
                cases.Add(generation, firmware, "vmdk", "twoGbMaxExtentSparse");
            }
        }

        return cases;
    }

    [SkippableTheory]
    [MemberData(nameof(Cases))]
    [Trait("tier", "oracle")]
    public void Fix_twice_check_readers_and_undo(string generation, MachineFirmware firmware, string format, string? subformat)
    {
        GuestVolumes.RequireTools();
        using var scratch = new ScratchFolder();
        var raw = machines.Raw(generation, firmware, Defect.StaticAddress);
        var image = machines.Copy(scratch, raw, format, subformat);
        var before = SparseHash.OfAll(Directory.GetFiles(scratch.Path));

        var first = Fix(image, generation).MustExit(0);
        Assert.Equal("ready", first.Image.GetProperty("result").GetString());
        Assert.Equal("fixed", first.State("network.dhcp"));
        Assert.Equal("fixed", first.State("drivers.virtio-storage"));
        Assert.Equal("fixed", first.State("drivers.virtio-network"));
        Assert.Equal("fixed", first.State("agent.cloudbase-init"));
        Assert.Equal("ok", first.State("boot.same-disk"));

        var files = Directory.GetFiles(scratch.Path);
        var fixedHash = SparseHash.OfAll(files);
        var times = files.Select(File.GetLastWriteTimeUtc).ToList();
        var second = Fix(image, generation).MustExit(0);
        Assert.Empty(second.In("fixed"));
        Assert.Equal(0, second.Image.GetProperty("changes").GetProperty("bytesWritten").GetInt64());
        Assert.Equal(fixedHash, SparseHash.OfAll(Directory.GetFiles(scratch.Path)));
        Assert.Equal(times, files.Select(File.GetLastWriteTimeUtc));

        Tool.Run("check", image).MustExit(0);
        Judge(raw, image, format, firmware);

        Tool.Run("undo", image).MustExit(0);
        Assert.Equal(before, SparseHash.OfAll(Directory.GetFiles(scratch.Path)));
    }

    private ToolResult Fix(string image, string generation) =>
        Tool.RunJson("fix", image, "--trust-root", SampleRoot.Path, "--drivers", machines.Drivers, "--cloudbase-init",
            machines.AgentFor(generation));

    private static void Judge(string raw, string image, string format, MachineFirmware firmware)
    {
        using var scratch = new ScratchFolder();
        if (format != "raw")
        {
            // 63: qemu has no check for this kind
            Assert.Contains(Oracle.Run("qemu-img", "check", "-f", format, image).ExitCode, new[] { 0, 63 });
        }

        var plan = DiskPlan.For(new MachineSpec { Firmware = firmware }).Windows;
        var oldVolume = GuestVolumes.CutOut(scratch, raw, "raw", plan.Offset, plan.Length, "old");
        var newVolume = GuestVolumes.CutOut(scratch, image, format, plan.Offset, plan.Length, "new");
        Oracle.Run("ntfsfix", "-n", newVolume).MustSucceed();
        var before = GuestVolumes.ReadAll(scratch, oldVolume);
        var after = GuestVolumes.ReadAll(scratch, newVolume);
        foreach (var (path, hash) in before.Where(f => !Changed.Contains(f.Key, StringComparer.OrdinalIgnoreCase)))
        {
            Assert.True(after.TryGetValue(path, out var now), $"{path} is gone");
            Assert.True(hash == now, $"{path} changed");
        }

        Assert.Contains(@"Windows\System32\drivers\viostor.sys", after.Keys, StringComparer.OrdinalIgnoreCase);
        Assert.Contains(after.Keys, k => k.EndsWith(@"\OpenStackService.exe", StringComparison.OrdinalIgnoreCase));
        var hive = scratch["SYSTEM"];
        GuestVolumes.CopyOut(newVolume, "/Windows/System32/config/SYSTEM", hive);
        Oracle.Require("hivexml");
        Oracle.Run("/bin/sh", "-c", $"hivexml '{hive}' > /dev/null").MustSucceed();
    }
}
