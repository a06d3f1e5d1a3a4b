namespace OfflinePatch.Drivers.Signatures;

/// <summary>What a root stands for to the kernel.</summary>
public enum TrustRole
{
    /// <summary>A root of Microsoft's own: its hardware compatibility and component signers are below it.</summary>
    Microsoft,

    /// <summary>The root of the cross-certificates that vendors sign kernel drivers with.</summary>
    CrossCertification,
}

/// <summary>A root key that ends a chain of certificates.</summary>
public sealed class TrustAnchor
{
    private TrustAnchor(string name, TrustRole role, PublicKey key, bool isOption)
    {
        Name = name;
        Role = role;
        Key = key;
        IsOption = isOption;
    }

    /// <summary>The roots that Windows kernels trust.</summary>
    public static IReadOnlyList<TrustAnchor> Microsoft { get; } =
    [
        Root("Microsoft Root Authority", TrustRole.Microsoft, MicrosoftRootKeys.Authority1997),
        Root("Microsoft Root Certificate Authority", TrustRole.Microsoft, MicrosoftRootKeys.Authority2001),
        Root("Microsoft Root Certificate Authority 2010", TrustRole.Microsoft, MicrosoftRootKeys.Authority2010),
        Root("Microsoft Root Certificate Authority 2011", TrustRole.Microsoft, MicrosoftRootKeys.Authority2011),
        Root("Microsoft Code Verification Root", TrustRole.CrossCertification, MicrosoftRootKeys.CodeVerification),
    ];

    /// <summary>The root's short name, which certificates below it name as their issuer.</summary>
    public string Name { get; }

    /// <summary>What it means.</summary>
    public TrustRole Role { get; }

    /// <summary>Whether it is trusted only because the caller named it.</summary>
    public bool IsOption { get; }

    /// <summary>The key.</summary>
    internal PublicKey Key { get; }

    /// <summary>
    /// A root of the caller's own, which the Windows in the image must have been told to trust too; null when the content is no
    /// certificate.
    /// </summary>
    /// <param name="certificate">An X.509 certificate, DER or PEM.</param>
    /// <param name="role">What it means.</param>
    public static TrustAnchor? TryRead(ReadOnlyMemory<byte> certificate, TrustRole role = TrustRole.Microsoft)
    {
        var der = certificate;
        if (certificate.Span.IndexOf("-----BEGIN"u8) >= 0)
        {
            var text = System.Text.Encoding.Latin1.GetString(certificate.Span);
            if (!System.Security.Cryptography.PemEncoding.TryFind(text, out var fields)
                || text[fields.Label] is not ("CERTIFICATE" or "X509 CERTIFICATE"))
            {
                return null;
            }

            der = Convert.FromBase64String(text[fields.Base64Data]);
        }

        return Certificate.TryRead(der) is { } read ? new TrustAnchor(read.Name, role, read.Key, isOption: true) : null;
    }

    private static TrustAnchor Root(string name, TrustRole role, string modulus) =>
        new(name, role, PublicKey.FromModulus(Convert.FromBase64String(modulus)), isOption: false);
}
