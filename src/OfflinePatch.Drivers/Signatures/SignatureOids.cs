using System.Security.Cryptography;

namespace OfflinePatch.Drivers.Signatures;

/// <summary>Object identifiers in signatures of drivers. Source: RFC 5652, RFC 3161, RFC 8017, wintrust.h, mscat.h, wincrypt.h.</summary>
internal static class SignatureOids
{
    /// <summary>PKCS#7 / CMS SignedData.</summary>
    public const string SignedData = "1.2.840.113549.1.7.2";

    /// <summary>Certificate trust list: the content of a catalogue (szOID_CTL).</summary>
    public const string TrustList = "1.3.6.1.4.1.311.10.1";

    /// <summary>SPC_INDIRECT_DATA_OBJID: the hash of a file, and what an Authenticode signature signs.</summary>
    public const string IndirectData = "1.3.6.1.4.1.311.2.1.4";

    /// <summary>szOID_NESTED_SIGNATURE: a second signature inside the first.</summary>
    public const string NestedSignature = "1.3.6.1.4.1.311.2.4.1";

    /// <summary>contentType attribute.</summary>
    public const string ContentType = "1.2.840.113549.1.9.3";

    /// <summary>messageDigest attribute.</summary>
    public const string MessageDigest = "1.2.840.113549.1.9.4";

    /// <summary>signingTime attribute.</summary>
    public const string SigningTime = "1.2.840.113549.1.9.5";

    /// <summary>counterSignature attribute: a timestamp of the older kind.</summary>
    public const string CounterSignature = "1.2.840.113549.1.9.6";

    /// <summary>szOID_RFC3161_counterSign: a timestamp token of RFC 3161.</summary>
    public const string TimestampToken = "1.3.6.1.4.1.311.3.3.1";

    /// <summary>id-ct-TSTInfo: the content of a timestamp token.</summary>
    public const string TimestampInfo = "1.2.840.113549.1.9.16.1.4";

    /// <summary>Extended key usage: code signing.</summary>
    public const string CodeSigning = "1.3.6.1.5.5.7.3.3";

    /// <summary>Extended key usage: timestamps.</summary>
    public const string TimeStamping = "1.3.6.1.5.5.7.3.8";

    /// <summary>Extended key usage szOID_WHQL_CRYPTO: Windows Hardware Driver Verification.</summary>
    public const string HardwareVerification = "1.3.6.1.4.1.311.10.3.5";

    /// <summary>Extended key usage szOID_ATTEST_WHQL_CRYPTO: Windows Hardware Driver Attested Verification.</summary>
    public const string AttestedVerification = "1.3.6.1.4.1.311.10.3.5.1";

    /// <summary>Extended key usage szOID_NT5_CRYPTO: Windows System Component Verification.</summary>
    public const string SystemComponent = "1.3.6.1.4.1.311.10.3.6";

    /// <summary>Certificate extension basicConstraints.</summary>
    public const string BasicConstraints = "2.5.29.19";

    /// <summary>Certificate extension extKeyUsage.</summary>
    public const string ExtendedKeyUsage = "2.5.29.37";

    /// <summary>Certificate extension subjectKeyIdentifier.</summary>
    public const string SubjectKeyIdentifier = "2.5.29.14";

    /// <summary>rsaEncryption: a key, and PKCS#1 v1.5 with the digest that is named elsewhere.</summary>
    public const string Rsa = "1.2.840.113549.1.1.1";

    /// <summary>id-RSASSA-PSS.</summary>
    public const string RsaPss = "1.2.840.113549.1.1.10";

    /// <summary>id-ecPublicKey: a key, and ECDSA with the digest that is named elsewhere.</summary>
    public const string EllipticCurve = "1.2.840.10045.2.1";

    /// <summary>MD5, which no Windows accepts for a driver.</summary>
    public const string Md5 = "1.2.840.113549.2.5";

    /// <summary>SHA-1.</summary>
    public const string Sha1 = "1.3.14.3.2.26";

    /// <summary>SHA-256.</summary>
    public const string Sha256 = "2.16.840.1.101.3.4.2.1";

    /// <summary>SHA-384.</summary>
    public const string Sha384 = "2.16.840.1.101.3.4.2.2";

    /// <summary>SHA-512.</summary>
    public const string Sha512 = "2.16.840.1.101.3.4.2.3";

    /// <summary>The algorithm of a digest identifier; null for one that is unknown or, as MD5, too weak.</summary>
    public static HashAlgorithmName? Algorithm(string oid) => oid switch
    {
        Sha1 => HashAlgorithmName.SHA1,
        Sha256 => HashAlgorithmName.SHA256,
        Sha384 => HashAlgorithmName.SHA384,
        Sha512 => HashAlgorithmName.SHA512,
        _ => null,
    };

    /// <summary>A name for people: <c>SHA-256</c>, or the identifier.</summary>
    public static string Name(string oid) => oid switch
    {
        Md5 => "MD5",
        Sha1 => "SHA-1",
        Sha256 => "SHA-256",
        Sha384 => "SHA-384",
        Sha512 => "SHA-512",
        _ => oid,
    };
}
