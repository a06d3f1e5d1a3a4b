namespace OfflinePatch.Drivers.Signatures;

/// <summary>
/// All signatures of a file, or those of a catalogue that lists it, verified; the first is the one that every Windows looks at.
/// </summary>
/// <param name="Signatures">The signatures in the file's order; none for an unsigned file.</param>
public sealed record SignatureVerdict(IReadOnlyList<FileSignature> Signatures)
{
    /// <summary>No signature.</summary>
    public static SignatureVerdict Unsigned { get; } = new([]);

    /// <summary>The most trusted signature, or null.</summary>
    public FileSignature? Best => Signatures.MaxBy(s => s.Kind);

    /// <summary>Who vouches for the file.</summary>
    public SignatureKind Kind => Best?.Kind ?? SignatureKind.None;

    /// <summary>The signer's short name, or empty.</summary>
    public string SignerName => Best?.SignerName ?? "";

    /// <summary>Digest algorithms of all signatures.</summary>
    public IReadOnlyList<string> DigestAlgorithms => [.. Signatures.Select(s => s.DigestAlgorithm).Distinct(StringComparer.Ordinal)];

    /// <summary>What is wrong with the most trusted signature.</summary>
    public IReadOnlyList<SignatureProblem> Problems => Best?.Problems ?? [];

    /// <summary>Whether Microsoft is the signer, so that no Windows asks whether the publisher is trusted.</summary>
    public bool IsSignedByMicrosoft => Kind is SignatureKind.Microsoft or SignatureKind.Whql or SignatureKind.Attestation;

    /// <summary>A clause that names the signer, the kind and what is wrong.</summary>
    public override string ToString() => Best is not { } best
        ? "not signed"
        : $"{Describe(best.Kind)}{(best.SignerName.Length > 0 ? $", {best.SignerName}" : "")}"
            + (best.Problems.Count > 0 ? $": {string.Join(", ", best.Problems.Select(p => p.Message))}" : "");

    /// <summary>A kind in words: <c>cross-signed</c>.</summary>
    public static string Describe(SignatureKind kind) => kind switch
    {
        SignatureKind.Microsoft => "signed by Microsoft",
        SignatureKind.Whql => "WHQL-signed",
        SignatureKind.Attestation => "attestation-signed",
        SignatureKind.CrossSigned => "cross-signed",
        SignatureKind.TestSigned => "test-signed",
        SignatureKind.Invalid => "signature not valid",
        _ => "not signed",
    };
}
