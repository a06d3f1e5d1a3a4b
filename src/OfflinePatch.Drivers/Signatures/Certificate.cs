using System.Formats.Asn1;
using System.Security.Cryptography;

namespace OfflinePatch.Drivers.Signatures;

/// <summary>
/// An X.509 certificate, as far as a chain needs it. Read here and not by the host's library, so that the answer is the same on every host
/// and does not depend on its stores or policies. Source: RFC 5280.
/// </summary>
internal sealed class Certificate
{
    private static readonly Asn1Tag Context0 = new(TagClass.ContextSpecific, 0, isConstructed: true);
    private static readonly Asn1Tag Context3 = new(TagClass.ContextSpecific, 3, isConstructed: true);

    private readonly ReadOnlyMemory<byte> _tbs;
    private readonly SignatureAlgorithm _algorithm;
    private readonly ReadOnlyMemory<byte> _signature;

    /// <summary>Reads a certificate.</summary>
    /// <exception cref="AsnContentException">It is no certificate.</exception>
    private Certificate(ReadOnlyMemory<byte> raw)
    {
        Raw = raw;
        var outer = new AsnReader(raw, AsnEncodingRules.BER).ReadSequence();
        _tbs = outer.PeekEncodedValue();
        var tbs = outer.ReadSequence();
        _algorithm = SignatureAlgorithm.Read(outer.ReadSequence());
        _signature = outer.ReadBitString(out _);

        if (tbs.PeekTag().HasSameClassAndValue(Context0))
        {
            tbs.ReadEncodedValue(); // version
        }

        Serial = tbs.ReadIntegerBytes();
        tbs.ReadSequence(); // the signature algorithm again
        Issuer = tbs.ReadEncodedValue();
        var validity = tbs.ReadSequence();
        NotBefore = ReadTime(validity);
        NotAfter = ReadTime(validity);
        Subject = tbs.ReadEncodedValue();
        Key = PublicKey.Read(tbs.ReadEncodedValue());
        while (tbs.HasData)
        {
            if (tbs.PeekTag().HasSameClassAndValue(Context3))
            {
                ReadExtensions(tbs.ReadSequence(Context3).ReadSequence());
            }
            else
            {
                tbs.ReadEncodedValue();
            }
        }
    }

    /// <summary>The whole certificate.</summary>
    public ReadOnlyMemory<byte> Raw { get; }

    /// <summary>The serial number, most significant byte first.</summary>
    public ReadOnlyMemory<byte> Serial { get; }

    /// <summary>The issuer's name as DER.</summary>
    public ReadOnlyMemory<byte> Issuer { get; }

    /// <summary>The subject's name as DER.</summary>
    public ReadOnlyMemory<byte> Subject { get; }

    /// <summary>The subject's common name, or its organisational unit or organisation.</summary>
    public string Name => DistinguishedName.Short(Subject);

    /// <summary>From when on it is valid, UTC.</summary>
    public DateTimeOffset NotBefore { get; }

    /// <summary>Until when it is valid, UTC.</summary>
    public DateTimeOffset NotAfter { get; }

    /// <summary>The subject's key.</summary>
    public PublicKey Key { get; }

    /// <summary>The digest of the issuer's signature.</summary>
    public string DigestOid => _algorithm.DigestOid;

    /// <summary>Whether it may issue certificates; version 1 roots, which say nothing, may.</summary>
    public bool IsAuthority { get; private set; } = true;

    /// <summary>What the key may be used for; empty means anything.</summary>
    public IReadOnlyList<string> KeyUsages { get; private set; } = [];

    /// <summary>The subject key identifier, or empty.</summary>
    public ReadOnlyMemory<byte> KeyIdentifier { get; private set; }

    /// <summary>The SHA-1 hash that Windows lists certificates by, as upper-case hexadecimal digits.</summary>
    public string Thumbprint => Convert.ToHexString(CryptographicOperations.HashData(HashAlgorithmName.SHA1, Raw.Span));

    /// <summary>Whether subject and issuer are the same name.</summary>
    public bool IsSelfIssued => Subject.Span.SequenceEqual(Issuer.Span);

    /// <summary>Reads a certificate, or null when it is none.</summary>
    public static Certificate? TryRead(ReadOnlyMemory<byte> raw)
    {
        try
        {
            return new Certificate(raw);
        }
        catch (Exception e) when (e is AsnContentException or CryptographicException or OverflowException)
        {
            return null;
        }
    }

    /// <summary>Whether a key signed this certificate.</summary>
    public bool IsSignedBy(PublicKey key) => SignatureOids.Algorithm(_algorithm.DigestOid) is { } digest
        && key.Verify(_algorithm.Scheme, _algorithm.DigestOid, CryptographicOperations.HashData(digest, _tbs.Span), _signature.Span);

    /// <summary>Whether the certificate was valid at a time.</summary>
    public bool IsValidAt(DateTimeOffset time) => time >= NotBefore && time <= NotAfter;

    private static DateTimeOffset ReadTime(AsnReader reader) =>
        reader.PeekTag().HasSameClassAndValue(Asn1Tag.UtcTime) ? reader.ReadUtcTime() : reader.ReadGeneralizedTime();

    private void ReadExtensions(AsnReader extensions)
    {
        IsAuthority = false; // with extensions, only basicConstraints makes an authority
        while (extensions.HasData)
        {
            var extension = extensions.ReadSequence();
            var oid = extension.ReadObjectIdentifier();
            if (extension.PeekTag().HasSameClassAndValue(Asn1Tag.Boolean))
            {
                extension.ReadBoolean(); // critical
            }

            var value = new AsnReader(extension.ReadOctetString(), AsnEncodingRules.BER);
            switch (oid)
            {
                case SignatureOids.BasicConstraints:
                    var constraints = value.ReadSequence();
                    IsAuthority = constraints.HasData && constraints.PeekTag().HasSameClassAndValue(Asn1Tag.Boolean)
                        && constraints.ReadBoolean();
                    break;
                case SignatureOids.ExtendedKeyUsage:
                    var usages = new List<string>();
                    for (var list = value.ReadSequence(); list.HasData && usages.Count < 64;)
                    {
                        usages.Add(list.ReadObjectIdentifier());
                    }

                    KeyUsages = usages;
                    break;
                case SignatureOids.SubjectKeyIdentifier:
                    KeyIdentifier = value.ReadOctetString();
                    break;
                default:
                    break;
            }
        }
    }
}
