using OfflinePatch.Disks.Partitions;
using OfflinePatch.Drivers;
using OfflinePatch.Registry;
using OfflinePatch.Registry.Bcd;
using OfflinePatch.Registry.Logs;
using OfflinePatch.Testing;
using OfflinePatch.Windows.Guest;
using OfflinePatch.Windows.Rules;
using OfflinePatch.Windows.Rules.Gates;
using OfflinePatch.Windows.Rules.Network;
using OfflinePatch.Windows.Tests.Machines;

namespace OfflinePatch.Windows.Tests.Guest;

/// <summary>The hives and boot configurations of real machines give the facts that reglookup, hivex and chntpw show.</summary>
[Trait("tier", "layout")]
public sealed class RealHiveTests
{
    [SkippableTheory]
    [InlineData("hives/win7-sp1-x86/SYSTEM", Generation.Windows7, 2, "WKS-WIN732BITA", ProcessorArchitecture.X86, "5CBEA03E", 1048576)]
    [InlineData("hives/win81-x64/SYSTEM", Generation.Windows81, 1, "SENSEI", ProcessorArchitecture.Amd64, "273E4CFE", 368050176)]
    [InlineData(
        "hives/win10-1709-x64/SYSTEM", Generation.Windows10, 1, "DESKTOP-2KGM189", ProcessorArchitecture.Amd64, "DF4546AE", 525336576)]
    public void SYSTEM_hives(
        string name, Generation generation, int controlSets, string computer, ProcessorArchitecture architecture, string signature,
        long offset)
    {
        var machine = WithHive(name, generation);
        machine.WindowsFiles.Delete(@"Windows\System32\ntoskrnl.exe");
        machine.WindowsFiles.Delete(@"Windows\System32\kernel32.dll");
        var windows = machine.Start().Windows;
        Assert.Equal(controlSets, windows.ControlSets.Count);
        Assert.Equal("ControlSet001", windows.Current.Name);
        Assert.True(windows.Current is { IsCurrent: true, IsDefault: true });
        Assert.Equal(computer, windows.Facts.ComputerName);
        Assert.Equal(architecture, windows.Facts.Architecture);
        Assert.Equal("WinNT", windows.Facts.ProductType);
        Assert.False(windows.Facts.IsServer);
        var c = MountedDevices.Read(windows).Single(d => d.Letter == "C:");
        Assert.Equal(signature, $"{c.MbrSignature:X8}");
        Assert.Equal((ulong)offset, c.Offset);
        Assert.Null(MountedDevices.Read(windows).Single(d => d.Letter == "D:").MbrSignature);
    }

    [SkippableTheory]
    [InlineData("hives/win7-sp1-x86/SYSTEM", Generation.Windows7, "boot.controllers,boot.drive-letter,drivers.leftovers,network.dhcp")]
    [InlineData("hives/win81-x64/SYSTEM", Generation.Windows81,
        "boot.controllers,boot.drive-letter,drivers.leftovers,input.mouse-keyboard")]
    [InlineData("hives/win10-1709-x64/SYSTEM", Generation.Windows10,
        "boot.controllers,boot.drive-letter,drivers.leftovers,image.single-disk")]
    public void What_rules_find_in_real_hives_and_that_a_fix_mends_it(string name, Generation generation, string expected)
    {
        var machine = WithHive(name, generation);
        var guest = machine.Start();
        Assert.Equal(expected, string.Join(',', Failing(guest)));
        foreach (var rule in RuleCatalog.All
            .Where(r => r.Contract.CanFix && r.Inspect(guest) is { State: FindingState.Failed, Fixable: true }).ToList())
        {
            rule.Fix(guest);
        }

        Machine.Save(guest);
        Assert.All(Failing(machine.Restart()), r => Assert.True(r is "drivers.leftovers" or "image.single-disk", r));
    }

    [SkippableFact]
    public void Interfaces_of_the_Windows_7_machine()
    {
        var guest = WithHive("hives/win7-sp1-x86/SYSTEM", Generation.Windows7).Start();
        var finding = new NetworkDhcpRule().Inspect(guest);
        Assert.Contains("{698E50A9-4F58-4D86-B61D-F42E58DCACF6}", finding.Before, StringComparison.Ordinal);
        Assert.Contains("10.3.58.5/255.255.255.0, gateway 10.3.58.1, DNS 10.3.58.4", finding.Before, StringComparison.Ordinal);
        Assert.Contains("192.168.1.123/255.255.255.0, gateway 192.168.1.1, DNS 192.168.1.112", finding.Before, StringComparison.Ordinal);
        Assert.Equal(4, finding.Before!.Split("; ").Length); // two interfaces in each of two control sets
    }

    [SkippableTheory]
    [InlineData("bcd/regipy-BCD", "", "Windows 10", @"\Windows\system32\winload.efi", "8e0f2c38-e4ea-47ba-b7fc-9d8c74dccf0b",
        "0b2394a9-095e-487d-8d48-719ecd4d78ca")]
    [InlineData("bcd/uefi-win10/BCD", "bcd/uefi-win10/BCD.LOG", "Windows 10", @"\WINDOWS\system32\winload.efi",
        "9d4a7cb0-ab9d-4d71-961f-50f1d9c9252f", "5541e87d-91a5-4f2b-ad43-a0345c199e9b")]
    public void Boot_configurations(string name, string log, string description, string loader, string partition, string disk)
    {
        var hive = Hive.Open(Corpus.Read(name),
            new HiveLogs(log.Length == 0 ? default(ReadOnlyMemory<byte>) : Corpus.Read(log), default, default),
            new HiveOpenOptions { Unclean = UncleanHive.Reconcile });
        var entry = BcdStore.Open(hive).DefaultLoader!;
        Assert.Equal(description, entry.Description);
        Assert.Equal(loader, entry.ProgramPath);
        Assert.True(entry.StartsWindows);
        Assert.Equal(BcdDeviceKind.GptPartition, entry.OsDevice.Kind);
        Assert.Equal(partition, entry.OsDevice.PartitionId.ToString());
        Assert.Equal(disk, entry.OsDevice.DiskId.ToString());
        Assert.Equal(entry.OsDevice, entry.Device);
    }

    [SkippableFact]
    public void The_boot_configuration_of_a_setup_disc_starts_a_RAM_disk()
    {
        var hive = Hive.Open(Corpus.Read("bcd/ez-BCD"), options: new HiveOpenOptions { Unclean = UncleanHive.Reconcile });
        var entry = BcdStore.Open(hive).DefaultLoader!;
        Assert.Equal("Windows Setup", entry.Description);
        Assert.Equal(BcdDeviceKind.Ramdisk, entry.OsDevice.Kind);
    }

    [SkippableFact]
    public void Accounts_are_those_that_chntpw_lists()
    {
        var hive = Hive.Open(Corpus.Read("hives/accounts/SAM"), options: new HiveOpenOptions { Unclean = UncleanHive.Reconcile });
        var accounts = LocalAccounts.Read(new GuestHive(hive, @"HKLM\SAM", new ChangeLog()));
        Assert.Equal(["500 Administrator", "501 Guest", "1000 Preston"], accounts.Select(a => $"{a.Rid} {a.Name}"));
        Assert.Equal([true, false, true], accounts.Select(a => a.IsAdministrator));
        Assert.Equal([false, false, true], accounts.Select(a => a.IsEnabled));
    }

    [SkippableFact]
    public void A_dirty_hive_without_its_logs_is_refused_as_it_is()
    {
        var machine = new Machine(Generation.Windows10);
        _ = machine.Start();
        machine.WindowsFiles.Put(@"Windows\System32\config\SYSTEM", Corpus.Read("hives/win10-1709-x64/SYSTEM"));
        Assert.Equal(FindingState.Failed, new HiveUncleanGate().Inspect(machine.Restart()).State);
    }

    private static Machine WithHive(string name, Generation generation)
    {
        var hive = Hive.Open(Corpus.Read(name), options: new HiveOpenOptions { Unclean = UncleanHive.Reconcile });
        hive.Root.CreateSubKey("OfflinePatchTest"); // an edit makes the copy clean; the fixtures do the same
        var machine = new Machine(generation, Firmware.Bios) { System = hive };
        machine.PutDriverFiles();
        return machine;
    }

    private static IEnumerable<string> Failing(RuleContext guest) => RuleCatalog.All
        .Where(r => r.Id.Split('.')[0] is not "agent" and not "windows" && !r.Id.StartsWith("drivers.virtio", StringComparison.Ordinal)
            && !r.Id.StartsWith("drivers.xen", StringComparison.Ordinal))
        .Where(r => r.Inspect(guest).State == FindingState.Failed)
        .Select(r => r.Id)
        .Order(StringComparer.Ordinal);
}
