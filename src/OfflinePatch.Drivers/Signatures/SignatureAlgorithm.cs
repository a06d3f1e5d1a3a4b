using System.Formats.Asn1;

namespace OfflinePatch.Drivers.Signatures;

/// <summary>How a signature value is computed from a digest.</summary>
internal enum SignatureScheme
{
    /// <summary>One that is not known here.</summary>
    Unknown,

    /// <summary>RSA with PKCS#1 v1.5 padding.</summary>
    RsaPkcs1,

    /// <summary>RSA with PSS padding.</summary>
    RsaPss,

    /// <summary>ECDSA.</summary>
    Ecdsa,
}

/// <summary>An AlgorithmIdentifier of a signature. Source: RFC 8017 A.2, RFC 5758, RFC 4055.</summary>
/// <param name="Scheme">The padding or curve arithmetic.</param>
/// <param name="DigestOid">The digest that the identifier names, or empty when it is named elsewhere.</param>
internal readonly record struct SignatureAlgorithm(SignatureScheme Scheme, string DigestOid)
{
    /// <summary>Reads an AlgorithmIdentifier.</summary>
    public static SignatureAlgorithm Read(AsnReader identifier)
    {
        var oid = identifier.ReadObjectIdentifier();
        return oid switch
        {
            SignatureOids.Rsa => new(SignatureScheme.RsaPkcs1, ""),
            "1.2.840.113549.1.1.4" or "1.3.14.3.2.3" => new(SignatureScheme.RsaPkcs1, SignatureOids.Md5),
            "1.2.840.113549.1.1.5" or "1.3.14.3.2.29" => new(SignatureScheme.RsaPkcs1, SignatureOids.Sha1),
            "1.2.840.113549.1.1.11" => new(SignatureScheme.RsaPkcs1, SignatureOids.Sha256),
            "1.2.840.113549.1.1.12" => new(SignatureScheme.RsaPkcs1, SignatureOids.Sha384),
            "1.2.840.113549.1.1.13" => new(SignatureScheme.RsaPkcs1, SignatureOids.Sha512),
            SignatureOids.RsaPss => new(SignatureScheme.RsaPss, PssDigest(identifier)),
            SignatureOids.EllipticCurve => new(SignatureScheme.Ecdsa, ""),
            "1.2.840.10045.4.1" => new(SignatureScheme.Ecdsa, SignatureOids.Sha1),
            "1.2.840.10045.4.3.2" => new(SignatureScheme.Ecdsa, SignatureOids.Sha256),
            "1.2.840.10045.4.3.3" => new(SignatureScheme.Ecdsa, SignatureOids.Sha384),
            "1.2.840.10045.4.3.4" => new(SignatureScheme.Ecdsa, SignatureOids.Sha512),
            _ => new(SignatureScheme.Unknown, oid),
        };
    }

    // RSASSA-PSS-params: hashAlgorithm [0], SHA-1 when it is absent.
    private static string PssDigest(AsnReader identifier)
    {
        var tag = new Asn1Tag(TagClass.ContextSpecific, 0, isConstructed: true);
        if (!identifier.HasData || !identifier.PeekTag().HasSameClassAndValue(Asn1Tag.Sequence))
        {
            return SignatureOids.Sha1;
        }

        var parameters = identifier.ReadSequence();
        return parameters.HasData && parameters.PeekTag().HasSameClassAndValue(tag)
            ? parameters.ReadSequence(tag).ReadSequence().ReadObjectIdentifier()
            : SignatureOids.Sha1;
    }
}
