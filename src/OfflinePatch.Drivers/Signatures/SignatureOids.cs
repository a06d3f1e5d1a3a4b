using System.Security.Cryptography;

namespace OfflinePatch.Drivers.Signatures;

/// <summary>Object identifiers in signatures of drivers. Source: RFC 5652, wintrust.h, mscat.h.</summary>
internal static class SignatureOids
{
    /// <summary>PKCS#7 / CMS SignedData.</summary>
    public const string SignedData = "1.2.840.113549.1.7.2";

    /// <summary>Certificate trust list: the content of a catalogue (szOID_CTL).</summary>
    public const string TrustList = "1.3.6.1.4.1.311.10.1";

    /// <summary>SPC_INDIRECT_DATA_OBJID: the hash of a file, and what an Authenticode signature signs.</summary>
    public const string IndirectData = "1.3.6.1.4.1.311.2.1.4";

    /// <summary>CAT_NAMEVALUE_OBJID: a name and a text of a member.</summary>
    public const string NameValue = "1.3.6.1.4.1.311.12.2.1";

    /// <summary>szOID_NESTED_SIGNATURE: a second signature inside the first.</summary>
    public const string NestedSignature = "1.3.6.1.4.1.311.2.4.1";

    /// <summary>messageDigest attribute.</summary>
    public const string MessageDigest = "1.2.840.113549.1.9.4";

    /// <summary>SHA-1.</summary>
    public const string Sha1 = "1.3.14.3.2.26";

    /// <summary>SHA-256.</summary>
    public const string Sha256 = "2.16.840.1.101.3.4.2.1";

    /// <summary>SHA-384.</summary>
    public const string Sha384 = "2.16.840.1.101.3.4.2.2";

    /// <summary>SHA-512.</summary>
    public const string Sha512 = "2.16.840.1.101.3.4.2.3";

    /// <summary>The algorithm of a digest identifier, or null.</summary>
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
        Sha1 => "SHA-1",
        Sha256 => "SHA-256",
        Sha384 => "SHA-384",
        Sha512 => "SHA-512",
        _ => oid,
    };
}
