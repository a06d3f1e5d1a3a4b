namespace OfflinePatch.Drivers.Signatures;

/// <summary>Who vouches for a signature, from nobody to Microsoft; a higher value counts more.</summary>
public enum SignatureKind
{
    /// <summary>There is no signature.</summary>
    None,

    /// <summary>There is one that does not hold: a value, a digest or a date is wrong.</summary>
    Invalid,

    /// <summary>
    /// It holds, and ends in a certificate that no Windows kernel trusts: test-signed, self-signed, or signed for programs only.
    /// </summary>
    TestSigned,

    /// <summary>Signed by the vendor, whose authority has a cross-certificate of Microsoft Code Verification Root.</summary>
    CrossSigned,

    /// <summary>Signed by Microsoft after the vendor's attestation; made for Windows 10 and later.</summary>
    Attestation,

    /// <summary>Signed by Microsoft after its hardware tests (WHQL).</summary>
    Whql,

    /// <summary>Signed by Microsoft as its own.</summary>
    Microsoft,
}
