using OfflinePatch.Core;
using OfflinePatch.Drivers.Signatures;
using OfflinePatch.Fixtures.Drivers;
using OfflinePatch.Registry;
using OfflinePatch.Windows.Guest;
using OfflinePatch.Windows.Rules;
using OfflinePatch.Windows.Rules.Agent;
using OfflinePatch.Windows.Rules.Drivers;
using OfflinePatch.Windows.Tests.CloudbaseInit;
using OfflinePatch.Windows.Tests.DriverStore;
using OfflinePatch.Windows.Tests.Machines;

namespace OfflinePatch.Windows.Tests.Rules;

/// <summary>A test machine with a driver database, and one that a fix has prepared: sample VirtIO drivers and the agent.</summary>
internal static class PreparedMachine
{
    private static readonly Dictionary<string, MemoryFiles> Discs = new(StringComparer.Ordinal);

    /// <summary>Storage and network drivers of the sample disc, in the folders for the test machines.</summary>
    public static IFileSystem Disc(SampleSigner signer = SampleSigner.Whql, bool sha2Only = false)
    {
        lock (Discs)
        {
            if (!Discs.TryGetValue($"{signer} {sha2Only}", out var disc))
            {
                disc = new MemoryFiles();
                foreach (var (path, content) in SampleDriverDisc.Virtio(
                    [SampleDrivers.VioStor, SampleDrivers.VioScsi, SampleDrivers.NetKvm],
                    f => f is "w7" or "2k8R2" or "w8.1" or "2k12R2" or "w10" or "2k16", signer, sha2Only))
                {
                    disc.Put(path, content);
                }

                Discs.Add($"{signer} {sha2Only}", disc);
            }

            return disc;
        }
    }

    /// <summary>A machine whose registry can take drivers.</summary>
    public static Machine Bare(Generation generation, Firmware firmware)
    {
        var machine = new Machine(generation, firmware);
        machine.Software.Create(@"Microsoft\Windows\CurrentVersion").SetExpandString("DevicePath", @"%SystemRoot%\inf");
        if (machine.IsOld)
        {
            return machine;
        }

        foreach (var key in (string[])["DeviceIds", "DriverInfFiles", "DriverPackages"])
        {
            machine.System.Create($@"DriverDatabase\{key}");
        }

        machine.System.Create("DriverDatabase").SetDword("Architecture", 9);
        machine.System.Create("DriverDatabase").SetDword("SchemaVersion", 0x10000);
        var drivers = Hive.Create(rootName: "DRIVERS");
        drivers.Create(@"DriverDatabase\DeviceIds").SetDword("x", 0);
        drivers.Create(@"DriverDatabase\DeviceIds").DeleteValue("x");
        machine.WindowsFiles.Put(@"Windows\System32\config\DRIVERS", drivers.ToArray());
        return machine;
    }

    /// <summary>A machine after a fix with drivers and agent, opened for a defect.</summary>
    public static Machine Create(Generation generation, Firmware firmware, SampleSigner signer = SampleSigner.Whql)
    {
        var machine = Bare(generation, firmware);
        machine.Options = new RuleOptions
        {
            DriverSources = [Disc(signer)],
            CloudbaseInit = SamplePackage.Tree(SamplePackage.Files(machine.IsX86 ? (ushort)0x014C : (ushort)0x8664)),
            Clock = StagingMachine.Clock,
        };
        var context = machine.Start();
        foreach (var rule in new Rule[] { VirtioRule.Storage, VirtioRule.Network, new CloudbaseInitRule() })
        {
            Assert.True(rule.Inspect(context).Fixable, $"{generation} {firmware} {rule.Id}: {rule.Inspect(context).Message}");
            rule.Fix(context);
        }

        Machine.Save(context);
        machine.System = Hive.Open(machine.WindowsFiles.ReadFile(@"Windows\System32\config\SYSTEM"));
        machine.Software = Hive.Open(machine.WindowsFiles.ReadFile(@"Windows\System32\config\SOFTWARE"));
        machine.Options = new RuleOptions { Clock = StagingMachine.Clock };
        return machine;
    }

    /// <summary>The folder of the staged network driver.</summary>
    public static string NetworkFolder(Machine machine)
    {
        if (machine.IsOld)
        {
            return machine.WindowsFiles.Paths.Single(
                p => p.EndsWith(@"\netkvm.inf", StringComparison.OrdinalIgnoreCase))[..^@"\netkvm.inf".Length];
        }

        const string Store = @"Windows\System32\DriverStore\FileRepository";
        var folder = machine.WindowsFiles.Enumerate(Store)
            .Single(e => e.Name.StartsWith("netkvm.inf_", StringComparison.OrdinalIgnoreCase));
        return $@"{Store}\{folder.Name}";
    }

    /// <summary>Roots of the sample drivers.</summary>
    public static IReadOnlyList<TrustAnchor> Roots => SampleTrust.Options.TrustedRoots;
}
