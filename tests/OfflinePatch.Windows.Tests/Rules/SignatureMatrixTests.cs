using OfflinePatch.Core;
using OfflinePatch.Drivers.Manifest;
using OfflinePatch.Drivers.Signatures;
using OfflinePatch.Fixtures.Drivers;
using OfflinePatch.Registry;
using OfflinePatch.Windows.Guest;
using OfflinePatch.Windows.Rules;
using OfflinePatch.Windows.Targets;
using OfflinePatch.Windows.Tests.Machines;

namespace OfflinePatch.Windows.Tests.Rules;

/// <summary>
/// Every target × family × kind of signature × Windows: staged, refused, or staged with a word about Secure Boot. What is expected stands
/// here as the published policy has it (learn.microsoft.com: kernel-mode code signing policy; attestation signing; advisory 3033929), not
/// as the program computes it.
/// </summary>
[Trait("tier", "unit")]
public sealed class SignatureMatrixTests
{
    /// <summary>The columns of the table.</summary>
    private static readonly (string Name, Generation Generation, int Build, bool HasSha2)[] Releases =
    [
        ("7 x86", Generation.Windows7, 7601, false), ("2008 R2", Generation.Server2008R2, 7601, false),
        ("2008 R2 with KB3033929", Generation.Server2008R2, 7601, true), ("2012 R2", Generation.Server2012R2, 9600, true),
        ("10 1511", Generation.Windows10, 10586, true), ("2016", Generation.Server2019, 14393, true),
        ("2019", Generation.Server2019, 17763, true), ("2022", Generation.Server2019, 20348, true),
        ("11 23H2", Generation.Windows10, 22631, true), ("2025", Generation.Server2019, 26100, true),
    ];

    /// <summary>A letter a column: + staged, s staged and told to start without Secure Boot (on UEFI), - refused.</summary>
    public static TheoryData<string, string> Kinds => new()
    {
        { "none", "+---------" },
        { "test", "+---------" },
        { "cross", "+++++ssss-" },
        { "cross SHA-2", "+-+++ssss-" },
        { "attestation", "+---++++++" },
        { "WHQL", "++++++++++" },
        { "WHQL SHA-2", "+-++++++++" },
    };

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Staged_refused_or_told(string kind, string expected)
    {
        var virtio = new RuleSources { DriverTrees = [Virtio(kind)], TrustedRoots = PreparedMachine.Roots };
        var xen = new RuleSources { DriverTrees = [Xen(kind)], TrustedRoots = PreparedMachine.Roots };
        foreach (var firmware in new[] { Firmware.Bios, Firmware.Uefi })
        {
            var machines = Releases.Select(r => Open(r, firmware)).ToList();
            foreach (var target in TargetCatalog.Ids.Select(TargetCatalog.Get))
            {
                foreach (var rule in RuleCatalog.For(target).Where(r => r.Id is "drivers.virtio-storage" or "drivers.virtio-network"))
                {
                    var actual = string.Concat(
                        machines.Select(m =>
                            Letter(rule.Inspect(m with { Request = m.Request with { Profile = target }, Sources = virtio }))));
                    Assert.Equal($"{target.Id} {rule.Id} {Told(expected, firmware, rule.Id, kind)}", $"{target.Id} {rule.Id} {actual}");
                }

                // The chain of Xen has no driver for a decision of its own in between: it is one whole.
                var demand = target.DemandOf("xen-pv")!;
                foreach (var rule in RuleCatalog.For(target).Where(r => r.Id == "drivers.xen-pv"))
                {
                    var actual = string.Concat(
                        machines.Select(m =>
                            Letter(rule.Inspect(m with { Request = m.Request with { Profile = target }, Sources = xen }))));
                    Assert.Equal($"{target.Id} {rule.Id} {(demand.Absent ? new string('n', Releases.Length) : Plain(expected))}",
                        $"{target.Id} {rule.Id} {Plain(actual)}");
                }
            }
        }
    }

    /// <summary>By BIOS there is no Secure Boot to speak of.</summary>
    private static string Told(string expected, Firmware firmware, string rule, string kind)
    {
        _ = (rule, kind);
        return firmware == Firmware.Uefi ? expected : Plain(expected);
    }

    private static string Plain(string row) => row.Replace('s', '+');

    private static char Letter(Finding finding) => finding.State switch
    {
        FindingState.NotApplicable => 'n',
        FindingState.Failed when finding.Fixable =>
            finding.Remarks.Any(r => r.Contains("without Secure Boot", StringComparison.Ordinal)) ? 's' : '+',
        FindingState.Failed => '-',
        _ => '?',
    };

    private static RuleContext Open((string Name, Generation Generation, int Build, bool HasSha2) release, Firmware firmware)
    {
        var machine = PreparedMachine.Bare(release.Generation, firmware);
        var version = machine.Software.Create(@"Microsoft\Windows NT\CurrentVersion");
        version.SetString("CurrentBuildNumber", $"{release.Build}");
        if (machine.IsOld && release.HasSha2)
        {
            machine.Software
                .Create(@"Microsoft\Windows\CurrentVersion\Component Based "
                    + @"Servicing\Packages\Package_for_KB3033929~31bf3856ad364e35~amd64~~6.1.1.0").SetDword("CurrentState", 0x70);
        }

        return machine.Start();
    }

    private static MemoryFiles Virtio(string kind)
    {
        var disc = new MemoryFiles();
        foreach (var driver in new[] { SampleDrivers.VioStor, SampleDrivers.VioScsi, SampleDrivers.NetKvm })
        {
            foreach (var (folder, decoration, architecture) in new[] { ("w7", ".6.1", "x86"), ("2k8R2", ".6.1", "amd64"),
                ("2k12R2", ".6.3", "amd64"), ("w10", ".10.0", "amd64") })
            {
                foreach (var (name, content) in Build(driver, architecture, SampleDriverDisc.Version, decoration, kind))
                {
                    disc.Put($"{driver.Folder}/{folder}/{architecture}/{name}", content);
                }
            }
        }

        return disc;
    }

    private static MemoryFiles Xen(string kind)
    {
        var disc = new MemoryFiles();
        foreach (var driver in SampleDrivers.XenPv)
        {
            foreach (var (folder, architecture) in new[] { ("x64", "amd64"), ("x86", "x86") })
            {
                foreach (var (name, content) in Build(driver, architecture, "06/01/2025,9.1.0.0", "", kind))
                {
                    disc.Put($"{driver.Folder}/{folder}/{name}", content);
                }
            }
        }

        return disc;
    }

    private static IEnumerable<(string Name, byte[] Content)> Build(SampleDriver driver, string architecture, string version,
        string decoration, string kind)
    {
        var signer = kind.Split(' ')[0] switch
        {
            "test" => SampleSigner.TestSigned,
            "cross" => SampleSigner.CrossSigned,
            "attestation" => SampleSigner.Attestation,
            _ => SampleSigner.Whql,
        };
        var digest = kind.EndsWith("SHA-2", StringComparison.Ordinal) ? SampleSignature.Sha256 : SampleSignature.Sha1;
        var files = driver.Build(architecture, version, decoration, embedded: kind == "none" ? null : digest, catalog: digest,
            signer: kind == "none" ? SampleSigner.TestSigned : signer,
            make: signer == SampleSigner.CrossSigned
                ? new SampleSigning { NotBefore = new DateTimeOffset(2016, 3, 18, 0, 0, 0, TimeSpan.Zero) }
                : null);
        return kind == "none" && architecture != "x86" ? files.Where(f => !f.Name.EndsWith(".cat", StringComparison.Ordinal)) : files;
    }
}
