using OfflinePatch.Drivers.Signatures;

namespace OfflinePatch.Drivers.Tests.Signatures;

/// <summary>The kernel's decision, for every kind of signature, Windows, processor and Secure Boot.</summary>
[Trait("tier", "unit")]
public sealed class KernelPolicyTests
{
    private static readonly DateTimeOffset Before2015 = new(2014, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly DateTimeOffset After2015 = new(2016, 3, 18, 0, 0, 0, TimeSpan.Zero);

    private static readonly (string Name, int Major, int Minor, int Build)[] Releases =
    [
        ("7", 6, 1, 7601), ("8", 6, 2, 9200), ("8.1", 6, 3, 9600), ("10-1511", 10, 0, 10586), ("10-1607", 10, 0, 14393),
            ("2019", 10, 0, 17763),
        ("2022", 10, 0, 20348), ("11-23H2", 10, 0, 22631), ("11-24H2", 10, 0, 26100),
    ];

    // One letter per release, without and with Secure Boot: + loads, - does not.
    private static readonly (string Kind, SignatureVerdict Verdict, string Without, string With)[] Table64 =
    [
        ("unsigned", SignatureVerdict.Unsigned, "---------", "---------"),
        ("invalid", One(SignatureKind.Invalid), "---------", "---------"),
        ("test-signed", One(SignatureKind.TestSigned), "---------", "---------"),
        ("cross-signed before 2015", One(SignatureKind.CrossSigned, issued: Before2015), "++++++++-", "++++++++-"),
        ("cross-signed after 2015", One(SignatureKind.CrossSigned), "++++++++-", "++++-----"),
        ("attestation", One(SignatureKind.Attestation), "---++++++", "---++++++"),
        ("WHQL", One(SignatureKind.Whql), "+++++++++", "+++++++++"),
        ("Microsoft", One(SignatureKind.Microsoft), "+++++++++", "+++++++++"),
        ("cross-signed SHA-2", One(SignatureKind.CrossSigned, sha2: true), "-+++++++-", "-+++-----"),
        ("WHQL SHA-2", One(SignatureKind.Whql, sha2: true), "-++++++++", "-++++++++"),
        ("cross-signed, attestation inside", new([Of(SignatureKind.CrossSigned),
            Of(SignatureKind.Attestation) with { IsNested = true, NeedsSha2 = true }]), "+++++++++", "+++++++++"),
        ("test-signed, WHQL SHA-2 inside", new([Of(SignatureKind.TestSigned),
            Of(SignatureKind.Whql) with { IsNested = true, NeedsSha2 = true }]), "-++++++++", "-++++++++"),
    ];

    private static FileSignature Of(SignatureKind kind) => new(kind, "Vendor", "SHA-1", []) { SignerIssued = After2015, RootName = "Root" };

    private static SignatureVerdict One(SignatureKind kind, bool sha2 = false, DateTimeOffset? issued = null) =>
        new([Of(kind) with { NeedsSha2 = sha2, SignerIssued = issued ?? After2015 }]);

    private static string Row(SignatureVerdict verdict, ProcessorArchitecture architecture, bool secureBoot, bool hasSha2Update = false) =>
        string.Concat(Releases.Select(r =>
        KernelPolicy.Accepts(verdict, new WindowsTarget(r.Major, r.Minor, r.Build, architecture, WindowsProductType.Server), secureBoot,
            hasSha2Update).IsAccepted ? '+' : '-'));

    [Theory]
    [InlineData(ProcessorArchitecture.Amd64)]
    [InlineData(ProcessorArchitecture.Arm64)]
    public void Sixty_four_bit_kernels_decide_by_kind_and_release(ProcessorArchitecture architecture)
    {
        foreach (var (kind, verdict, without, with) in Table64)
        {
            Assert.Equal((kind, without, with),
                (kind, Row(verdict, architecture, secureBoot: false), Row(verdict, architecture, secureBoot: true)));
        }
    }

    [Fact]
    public void With_the_update_windows7_accepts_SHA2()
    {
        Assert.StartsWith("+", Row(One(SignatureKind.Whql, sha2: true), ProcessorArchitecture.Amd64, secureBoot: false,
            hasSha2Update: true), StringComparison.Ordinal);
        Assert.StartsWith("-", Row(One(SignatureKind.TestSigned, sha2: true), ProcessorArchitecture.Amd64, secureBoot: false,
            hasSha2Update: true), StringComparison.Ordinal);
    }

    [Fact]
    public void Thirty_two_bit_kernels_ask_with_secure_boot_only()
    {
        foreach (var (kind, verdict, _, with) in Table64)
        {
            Assert.Equal((kind, "+++++++++"), (kind, Row(verdict, ProcessorArchitecture.X86, secureBoot: false)));
            Assert.Equal((kind, $"+{with[1..]}"), (kind, Row(verdict, ProcessorArchitecture.X86, secureBoot: true)));
        }
    }

    [Fact]
    public void Every_refusal_has_a_reason()
    {
        foreach (var (_, verdict, _, _) in Table64)
        {
            foreach (var (_, major, minor, build) in Releases)
            {
                var decision = KernelPolicy.Accepts(verdict, new WindowsTarget(major, minor, build, ProcessorArchitecture.Amd64,
                    WindowsProductType.Server), secureBoot: true, hasSha2Update: false);
                Assert.True(decision.IsAccepted || decision.Reason.Length > 0 || verdict.Kind == SignatureKind.Invalid);
            }
        }
    }
}
