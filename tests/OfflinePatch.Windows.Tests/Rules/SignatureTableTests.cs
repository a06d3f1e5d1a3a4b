using System.Globalization;
using OfflinePatch.Drivers.Manifest;
using OfflinePatch.Fixtures.Drivers;
using OfflinePatch.Windows.Guest;
using OfflinePatch.Windows.Rules;
using OfflinePatch.Windows.Tests.Machines;

namespace OfflinePatch.Windows.Tests.Rules;

/// <summary>
/// Every target × family of drivers × kind of signature × Windows: whether a fix stages the drivers of a source. The decisions stand
/// here as Microsoft describes them, and not as the code makes them.
/// </summary>
[Trait("tier", "unit")]
public sealed class SignatureTableTests
{
    private static readonly Dictionary<(string Family, SampleSigner Signer, bool IsOld), MemoryFiles> Discs = [];

    /// <summary>A Windows, and whether it takes test-signed, cross-signed, attested and WHQL drivers without Secure Boot.</summary>
    private sealed record Release(string Name, Generation Base, string Version, int Build, bool IsServer, ushort Processor, string Takes);

    private static readonly Release[] Releases =
    [
        new("7 x86", Generation.Windows7, "6.1", 7601, false, SamplePe.X86, "++++"),
        new("7", Generation.Server2008R2, "6.1", 7601, false, SamplePe.X64, "-+-+"),
        new("2008 R2", Generation.Server2008R2, "6.1", 7601, true, SamplePe.X64, "-+-+"),
        new("8", Generation.Windows81, "6.2", 9200, false, SamplePe.X64, "-+-+"),
        new("8 x86", Generation.Windows81, "6.2", 9200, false, SamplePe.X86, "++++"),
        new("2012", Generation.Server2012R2, "6.2", 9200, true, SamplePe.X64, "-+-+"),
        new("8.1", Generation.Windows81, "6.3", 9600, false, SamplePe.X64, "-+-+"),
        new("8.1 x86", Generation.Windows81, "6.3", 9600, false, SamplePe.X86, "++++"),
        new("2012 R2", Generation.Server2012R2, "6.3", 9600, true, SamplePe.X64, "-+-+"),
        new("10 1511", Generation.Windows10, "10.0", 10586, false, SamplePe.X64, "-+++"),
        new("10 22H2", Generation.Windows10, "10.0", 19045, false, SamplePe.X64, "-+++"),
        new("10 22H2 x86", Generation.Windows10, "10.0", 19045, false, SamplePe.X86, "++++"),
        new("10 22H2 ARM64", Generation.Windows10, "10.0", 19045, false, SamplePe.Arm64, "-+++"),
        new("2016", Generation.Server2019, "10.0", 14393, true, SamplePe.X64, "-+++"),
        new("2019", Generation.Server2019, "10.0", 17763, true, SamplePe.X64, "-+++"),
        new("2022", Generation.Server2019, "10.0", 20348, true, SamplePe.X64, "-+++"),
        new("11 23H2", Generation.Windows10, "10.0", 22631, false, SamplePe.X64, "-+++"),
        new("11 23H2 ARM64", Generation.Windows10, "10.0", 22631, false, SamplePe.Arm64, "-+++"),
        new("11 24H2", Generation.Windows10, "10.0", 26100, false, SamplePe.X64, "--++"),
        new("11 24H2 ARM64", Generation.Windows10, "10.0", 26100, false, SamplePe.Arm64, "--++"),
        new("2025", Generation.Server2019, "10.0", 26100, true, SamplePe.X64, "--++"),
    ];

    private static readonly SampleSigner[] Signers =
        [SampleSigner.TestSigned, SampleSigner.CrossSigned, SampleSigner.Attestation, SampleSigner.Whql];

    public static TheoryData<string, string> Cases
    {
        get
        {
            var data = new TheoryData<string, string>();
            foreach (var target in TargetCatalog.Ids)
            {
                foreach (var release in Releases)
                {
                    data.Add(target, release.Name);
                }
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void A_fix_stages_what_the_kernel_takes_and_nothing_else(string target, string name)
    {
        var release = Releases.Single(r => r.Name == name);
        var profile = TargetCatalog.Get(target);
        var judged = 0;
        foreach (var (family, rules) in new[]
            {
                ("virtio", new[] { "drivers.virtio-storage", "drivers.virtio-network" }), ("xen-pv", ["drivers.xen-pv"]),
            })
        {
            if (profile.DemandOf(family) is not { Absent: false } demand || (demand.Required ?? demand.Advised ?? []).Count == 0)
            {
                continue;
            }

            for (var i = 0; i < Signers.Length; i++)
            {
                // There are no Xen drivers for ARM64.
                var takes = release.Takes[i] == '+' && !(family == "xen-pv" && release.Processor == SamplePe.Arm64);
                foreach (var firmware in release.Processor == SamplePe.Arm64 ? (Firmware[])[Firmware.Uefi] : [Firmware.Bios, Firmware.Uefi])
                {
                    var machine = MachineOf(release, firmware);
                    machine.Profile = profile;
                    machine.Options = new RuleOptions { DriverSources = [Disc(family, Signers[i], Machine.Old(release.Base))] };
                    var context = machine.Start();
                    Assert.Equal(release.Build, context.Windows.Facts.Build);
                    Assert.Equal(release.IsServer, context.Windows.Facts.IsServer);
                    foreach (var rule in rules.Select(id => RuleCatalog.All.Single(r => r.Id == id)))
                    {
                        var finding = rule.Inspect(context);
                        Assert.True(finding.State == FindingState.Failed && finding.Fixable == takes,
                            $"{target}, Windows {name}, {firmware}, {rule.Id}, {Signers[i]}: {finding.State}, fixable {finding.Fixable}: "
                                + finding.Message);
                        judged++;
                    }
                }
            }
        }

        Assert.True(judged > 0);
    }

    /// <summary>The table names the Windows that drivers are chosen for, each server beside its client.</summary>
    [Fact]
    public void The_table_has_every_generation()
    {
        Assert.Equal(["6.1", "6.2", "6.3", "10.0"], Releases.Select(r => r.Version).Distinct());
        Assert.All(Releases.GroupBy(r => r.Version), g => Assert.Equal(2, g.Select(r => r.IsServer).Distinct().Count()));
        Assert.Equal(3, Releases.Select(r => r.Processor).Distinct().Count());
        Assert.Equal(Releases.Length, Releases.Select(r => r.Name).Distinct(StringComparer.Ordinal).Count());
        Assert.Equal(["virtio", "xen-pv"], DriverManifest.Embedded.Families.Select(f => f.Name).Order(StringComparer.Ordinal));
    }

    private static Machine MachineOf(Release release, Firmware firmware)
    {
        var machine = PreparedMachine.Bare(release.Base, firmware);
        var version = machine.Software.Create(@"Microsoft\Windows NT\CurrentVersion");
        version.SetString("CurrentBuildNumber", $"{release.Build}");
        version.SetString("CurrentVersion", release.Version == "10.0" ? "6.3" : release.Version);
        version.SetString("InstallationType", release.IsServer ? "Server" : "Client");
        machine.Set(@"Control\ProductOptions").SetString("ProductType", release.IsServer ? "ServerNT" : "WinNT");
        if (release.Version == "10.0")
        {
            version.SetDword("CurrentMajorVersionNumber", uint.Parse(release.Version.Split('.')[0], CultureInfo.InvariantCulture));
            version.SetDword("CurrentMinorVersionNumber", 0);
        }

        foreach (var file in new[] { "ntoskrnl.exe", "kernel32.dll" })
        {
            machine.WindowsFiles.Put($@"Windows\System32\{file}", Machine.Pe(release.Processor));
        }

        return machine;
    }

    private static MemoryFiles Disc(string family, SampleSigner signer, bool isOld)
    {
        lock (Discs)
        {
            if (!Discs.TryGetValue((family, signer, isOld), out var disc))
            {
                disc = new MemoryFiles();
                var files = family == "virtio"
                    ? SampleDriverDisc.Virtio([SampleDrivers.VioStor, SampleDrivers.VioScsi, SampleDrivers.NetKvm],
                        f => isOld ? f is "w7" or "2k8R2" : f is not ("w7" or "2k8R2"), signer)
                    : SampleDriverDisc.Xen(SampleDrivers.XenPv, signer, isOld ? SampleSignature.Sha1 : SampleSignature.Sha256);
                foreach (var (path, content) in files)
                {
                    disc.Put(path, content);
                }

                Discs.Add((family, signer, isOld), disc);
            }

            return disc;
        }
    }
}
