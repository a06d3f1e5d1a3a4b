namespace OfflinePatch.Drivers.Signatures;

/// <summary>What is wrong with a signature.</summary>
public enum SignatureProblemKind
{
    /// <summary>The structure cannot be read.</summary>
    Unreadable,

    /// <summary>The signer's certificate is not in the file.</summary>
    NoCertificate,

    /// <summary>The digest algorithm is MD5 or unknown.</summary>
    WeakDigest,

    /// <summary>The signed content is not what the signer's digest says.</summary>
    ContentAltered,

    /// <summary>The signature was made for another file: the file's hash differs, or the catalogue does not list it.</summary>
    FileAltered,

    /// <summary>The signature value is not the signer's.</summary>
    BadValue,

    /// <summary>The signer's certificate had expired, or was not yet valid, and no timestamp helps.</summary>
    Expired,

    /// <summary>There is a timestamp that does not hold.</summary>
    BadTimestamp,

    /// <summary>The certificate may not sign code.</summary>
    WrongUsage,
}

/// <summary>One thing that is wrong with a signature.</summary>
/// <param name="Kind">What.</param>
/// <param name="Message">A clause without a full stop, for the middle of a sentence.</param>
public sealed record SignatureProblem(SignatureProblemKind Kind, string Message);
