namespace OfflinePatch.Drivers.Signatures;

/// <summary>One signature of a file, verified.</summary>
/// <param name="Kind">Who vouches for it.</param>
/// <param name="SignerName">The signer's short name, or empty.</param>
/// <param name="DigestAlgorithm">The digest of the content: <c>SHA-1</c>, <c>SHA-256</c>.</param>
/// <param name="Problems">What is wrong with it; none for a signature that holds.</param>
public sealed record FileSignature(SignatureKind Kind, string SignerName, string DigestAlgorithm, IReadOnlyList<SignatureProblem> Problems)
{
    /// <summary>The name of the last certificate of the chain, or of the trusted root above it.</summary>
    public string RootName { get; init; } = "";

    /// <summary>
    /// Whether the digest, the signature value or a certificate of the chain needs SHA-2, which Windows 7 and 2008 R2 know after an update.
    /// </summary>
    public bool NeedsSha2 { get; init; }

    /// <summary>Whether it is inside another signature, where only Windows 8 and later look.</summary>
    public bool IsNested { get; init; }

    /// <summary>Whether the root is trusted only because the caller named it.</summary>
    public bool IsTrustedByOption { get; init; }

    /// <summary>From when on the signer's certificate is valid, which is when it was issued; null without a certificate.</summary>
    public DateTimeOffset? SignerIssued { get; init; }

    /// <summary>When it was signed, by a timestamp that holds; or null.</summary>
    public DateTimeOffset? Timestamp { get; init; }

    /// <summary>The signer's certificate as DER, or empty.</summary>
    public ReadOnlyMemory<byte> SignerCertificate { get; init; }

    /// <summary>The SHA-1 hash of the signer's certificate, as upper-case hexadecimal digits; or empty.</summary>
    public string SignerThumbprint { get; init; } = "";
}
