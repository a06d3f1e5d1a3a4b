using OfflinePatch.Core;
using OfflinePatch.Disks.Partitions;
using OfflinePatch.Ntfs;
using OfflinePatch.Ntfs.Volume;
using OfflinePatch.Testing;
using OfflinePatch.Windows.Guest;
using OfflinePatch.Windows.Jobs;
using OfflinePatch.Windows.Reports;
using OfflinePatch.Windows.Rules;
using OfflinePatch.Windows.Tests.Machines;

namespace OfflinePatch.Windows.Tests.Rules;

/// <summary>The whole way, over real volumes in memory: open, check, fix, write back, open again.</summary>
[Trait("tier", "unit")]
public sealed class RuleRunnerTests
{
    public static TheoryData<Generation, Firmware> Machines => HealthyMachineTests.Machines;

    [Theory]
    [MemberData(nameof(Machines))]
    public void A_fix_mends_everything_and_a_second_one_writes_nothing(Generation generation, Firmware firmware)
    {
        var machine = Broken(generation, firmware);
        var files = InstalledMachine.Install(machine);
        using (var session = InstalledMachine.Open(files))
        {
            var before = RuleRunner.Check(session, InstalledMachine.ContextOf(session));
            Assert.Equal(ImageResult.NotReady, before.Result);
            Assert.Equal(RuleState.Failed, before.Rules.Single(r => r.Id == "network.dhcp").State);
            Assert.Contains("10.0.0.5", before.Rules.Single(r => r.Id == "network.dhcp").Before, StringComparison.Ordinal);
        }

        ImageReport report;
        using (var session = InstalledMachine.Open(files))
        {
            report = RuleRunner.Fix(session, InstalledMachine.ContextOf(session));
        }

        Assert.Equal(ImageResult.Ready, report.Result);
        Assert.Equal(RuleState.Fixed, report.Rules.Single(r => r.Id == "network.dhcp").State);
        Assert.Equal(RuleState.Fixed, report.Rules.Single(r => r.Id == "boot.controllers").State);
        Assert.Contains("10.0.0.5", report.Rules.Single(r => r.Id == "network.dhcp").Before, StringComparison.Ordinal);
        Assert.Contains(report.Changes!.Registry, c => c.Name == "IPAddress" && c.After is null && c.Rule == "network.dhcp");
        Assert.True(report.Changes.RegistryValues >= 6);

        var hash = InstalledMachine.Hash(files.Image);
        using (var session = InstalledMachine.Open(files))
        {
            var second = RuleRunner.Fix(session, InstalledMachine.ContextOf(session));
            Assert.Equal(ImageResult.Ready, second.Result);
            Assert.DoesNotContain(second.Rules, r => r.State == RuleState.Fixed);
            Assert.Equal(0, second.Changes!.RegistryValues);
        }

        Assert.Equal(hash, InstalledMachine.Hash(files.Image));
        using (var session = InstalledMachine.Open(files))
        {
            Assert.Equal(ImageResult.Ready, RuleRunner.Check(session, InstalledMachine.ContextOf(session)).Result);
        }
    }

    [Fact]
    public void A_gate_refuses_and_nothing_is_written()
    {
        var machine = Broken(Generation.Windows10, Firmware.Uefi);
        machine.WindowsFiles.Put("hiberfil.sys", [.. "HIBR"u8, .. new byte[4092]]);
        var files = InstalledMachine.Install(machine);
        var hash = InstalledMachine.Hash(files.Image);
        using var session = InstalledMachine.Open(files);
        var report = RuleRunner.Fix(session, InstalledMachine.ContextOf(session));
        Assert.Equal(ImageResult.Refused, report.Result);
        Assert.Equal(RuleState.Failed, report.Rules.Single(r => r.Id == "volume.hibernated").State);
        Assert.All(report.Rules.Where(r => !r.Gate), r => Assert.Equal(RuleState.Skipped, r.State));
        Assert.Equal(hash, InstalledMachine.Hash(files.Image));
    }

    [Fact]
    public void A_disk_without_Windows_is_told_with_a_code()
    {
        var image = new MemoryDevice(Machine.GiB);
        TestDisk.WriteMbr(image, 1, (0x83, false, Machine.MiB, 100 * Machine.MiB));
        image.Write(Machine.MiB + 0x438, [0x53, 0xEF]);
        using var session = InstalledMachine.Open(new MemoryImageFiles(image, "linux.raw"));
        var error = Assert.Throws<UnsupportedImageException>(() => RuleRunner.Check(session, InstalledMachine.ContextOf(session)));
        Assert.Equal("WIN-0001", error.Code);
        Assert.Contains("Linux", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_machine_without_a_SYSTEM_hive_is_told_with_a_code()
    {
        var files = InstalledMachine.Install(Broken(Generation.Windows10, Firmware.Uefi));
        Edit(files, v => v.Delete(@"Windows\System32\config\SYSTEM"));
        using var session = InstalledMachine.Open(files);
        Assert.Equal("WIN-0002",
            Assert.Throws<CorruptImageException>(() => RuleRunner.Check(session, InstalledMachine.ContextOf(session))).Code);
    }

    [Fact]
    public void A_corrupt_SYSTEM_hive_is_refused_by_its_gate()
    {
        var files = InstalledMachine.Install(Broken(Generation.Windows10, Firmware.Uefi));
        Edit(files, v => v.WriteFile(@"Windows\System32\config\SYSTEM", new byte[8192]));
        using var session = InstalledMachine.Open(files);
        var report = RuleRunner.Fix(session, InstalledMachine.ContextOf(session));
        Assert.Equal(ImageResult.Refused, report.Result);
        Assert.Equal("hive.corrupt", report.Rules.Single(r => r.State == RuleState.Failed).Id);
    }

    [Fact]
    public void A_dirty_hive_without_logs_is_refused_by_its_gate()
    {
        var files = InstalledMachine.Install(Broken(Generation.Windows10, Firmware.Uefi));
        Edit(files, v =>
        {
            var hive = v.ReadFile(@"Windows\System32\config\SYSTEM");
            hive[4]++; // the primary sequence number
            uint sum = 0;
            for (var i = 0; i < 0x1FC; i += 4)
            {
                sum ^= BitConverter.ToUInt32(hive, i);
            }

            BitConverter.TryWriteBytes(hive.AsSpan(0x1FC), sum);
            v.WriteFile(@"Windows\System32\config\SYSTEM", hive);
        });
        using var session = InstalledMachine.Open(files);
        var report = RuleRunner.Fix(session, InstalledMachine.ContextOf(session));
        Assert.Equal(ImageResult.Refused, report.Result);
        Assert.Equal("hive.unclean", report.Rules.Single(r => r.State == RuleState.Failed).Id);
    }

    [Fact]
    public void A_dry_run_tells_what_it_would_do_and_only_and_skip_are_kept()
    {
        var files = InstalledMachine.Install(Broken(Generation.Windows10, Firmware.Uefi));
        using (var session = InstalledMachine.Open(files))
        {
            var report = RuleRunner.Fix(session, InstalledMachine.ContextOf(session, selection: new RuleSelection(["network.dhcp"], [])),
                dryRun: true);
            Assert.Equal(RuleState.WouldFix, report.Rules.Single(r => r.Id == "network.dhcp").State);
            Assert.All(report.Rules.Where(r => !r.Gate && r.Id != "network.dhcp"), r => Assert.Equal(RuleState.Skipped, r.State));
        }
    }

    [Fact]
    public void With_keep_dns_the_servers_stay()
    {
        var files = InstalledMachine.Install(Broken(Generation.Windows10, Firmware.Bios));
        using var session = InstalledMachine.Open(files);
        var report = RuleRunner.Fix(session, InstalledMachine.ContextOf(session, new RuleOptions { KeepDns = true }));
        Assert.Equal(RuleState.Fixed, report.Rules.Single(r => r.Id == "network.dhcp").State);
        Assert.DoesNotContain(report.Changes!.Registry, c => c.Name == "NameServer");
    }

    private static Machine Broken(Generation generation, Firmware firmware)
    {
        var machine = new Machine(generation, firmware, 2 * Machine.GiB);
        foreach (var name in new[] { "static address", "static address in the other control set", "IDE driver overridden",
            "keyboard filter lost", "SAN policy offline" })
        {
            Defect.All.Single(d => d.Name == name).Break(machine);
        }

        return machine;
    }

    private static void Edit(MemoryImageFiles files, Action<NtfsVolume> edit)
    {
        var partition = PartitionTable.Read(files.Image).Partitions.Single(p => p.Offset == Machine.WindowsOffset);
        using var volume = NtfsVolume.Open(partition.OpenDevice(files.Image));
        edit(volume);
        volume.Flush();
    }
}
