namespace OfflinePatch.Drivers.Signatures;

/// <summary>Whether a kernel would load a driver.</summary>
/// <param name="IsAccepted">Whether it would.</param>
/// <param name="Reason">A clause that says why not, or under which condition it does; empty when there is nothing to say.</param>
public sealed record KernelDecision(bool IsAccepted, string Reason);

/// <summary>
/// The kernel's decision about a driver by its signature. Sources: learn.microsoft.com
/// windows-hardware/drivers/install/kernel-mode-code-signing-policy--windows-vista-and-later- (cross-signed drivers since 1607 and their
/// exceptions), .../dashboard/code-signing-attestation (attestation is for Windows 10 and later), KB3033929 and KB4474419 (SHA-2 on Windows
/// 7 and 2008 R2), the announcement of the kernel trust policy of April 2026 (cross-signed drivers on build 26100 and later).
/// </summary>
public static class KernelPolicy
{
    /// <summary>The first build whose kernel asks for Microsoft's signature (Windows 10 1607, Server 2016).</summary>
    private const int FirstStrictBuild = 14393;

    /// <summary>The first build that stops trusting cross-signed drivers (Windows 11 24H2, Server 2025; update of April 2026).</summary>
    private const int FirstBuildWithoutCrossSigned = 26100;

    /// <summary>Signers' certificates that were issued before this day stay good for cross-signed drivers.</summary>
    private static readonly DateTimeOffset CrossSigningEnd = new(2015, 7, 29, 0, 0, 0, TimeSpan.Zero);

    /// <summary>Decides as the kernel of <paramref name="windows"/> would.</summary>
    /// <param name="verdict">The signatures of the driver, or those of the catalogue that lists it.</param>
    /// <param name="windows">The Windows.</param>
    /// <param name="secureBoot">Whether it starts with Secure Boot.</param>
    /// <param name="hasSha2Update">Whether a Windows before 8 has KB3033929 or KB4474419; later ones need none.</param>
    /// <param name="testSigning">Whether its boot configuration has testsigning on.</param>
    public static KernelDecision Accepts(SignatureVerdict verdict, WindowsTarget windows, bool secureBoot, bool hasSha2Update,
        bool testSigning = false)
    {
        if (windows.Architecture == ProcessorArchitecture.X86 && !(secureBoot && windows.HasDriverDatabase))
        {
            return new(true, verdict.Kind is SignatureKind.None or SignatureKind.Invalid or SignatureKind.TestSigned
                ? $"a 32-bit kernel loads it though it is {verdict}" : "");
        }

        if (verdict.Signatures.Count == 0)
        {
            return new(false, "it is not signed");
        }

        if (verdict.Kind == SignatureKind.TestSigned && testSigning && !secureBoot)
        {
            return new(true, $"it is {verdict}, and testsigning is on");
        }

        // Before Windows 8 a nested signature is not looked at.
        KernelDecision? refusal = null;
        foreach (var signature in verdict.Signatures.Where(s => windows.HasDriverDatabase || !s.IsNested).OrderByDescending(s => s.Kind))
        {
            var decision = Accepts(signature, windows, secureBoot, hasSha2Update);
            if (decision.IsAccepted)
            {
                return decision;
            }

            refusal ??= decision;
        }

        return refusal ?? new(false, "it is not signed");
    }

    private static KernelDecision Accepts(FileSignature signature, WindowsTarget windows, bool secureBoot, bool hasSha2Update)
    {
        if (!windows.HasDriverDatabase && signature.NeedsSha2 && !hasSha2Update && signature.Kind > SignatureKind.TestSigned)
        {
            return new(false, "it is signed with SHA-2 only, for which this Windows needs KB3033929 or KB4474419");
        }

        return signature.Kind switch
        {
            SignatureKind.Microsoft or SignatureKind.Whql => new(true, ""),
            SignatureKind.Attestation when windows.Major < 10 =>
                new(false, "it is signed by attestation, which only Windows 10 and later accept"),
            SignatureKind.Attestation => new(true, ""),
            SignatureKind.CrossSigned => AcceptsCrossSigned(signature, windows, secureBoot),
            SignatureKind.TestSigned => new(false,
                $"it is test-signed: {signature.SignerName} is not vouched for by Microsoft (the chain ends in {signature.RootName})"),
            _ => new(false, string.Join(", ", signature.Problems.Select(p => p.Message))),
        };
    }

    private static KernelDecision AcceptsCrossSigned(FileSignature signature, WindowsTarget windows, bool secureBoot)
    {
        if (windows.Build >= FirstBuildWithoutCrossSigned)
        {
            return new(false,
                $"it is signed by {signature.SignerName} and not by Microsoft, which this Windows no longer trusts (update of April 2026)");
        }

        return windows.Build >= FirstStrictBuild && secureBoot && !(signature.SignerIssued < CrossSigningEnd)
            ? new(false, $"it is signed by {signature.SignerName} and not by Microsoft, which this Windows refuses with Secure Boot")
            : new(true, "");
    }
}
