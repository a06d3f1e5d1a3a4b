using System.Formats.Asn1;

namespace OfflinePatch.Drivers.Signatures;

/// <summary>
/// One signer (SignerInfo) of a SignedData: who signed, how, and which attributes were signed with the content. Source: RFC 5652 5.3.
/// </summary>
internal sealed class Signer
{
    private static readonly Asn1Tag Context0 = new(TagClass.ContextSpecific, 0, isConstructed: true);
    private static readonly Asn1Tag Context1 = new(TagClass.ContextSpecific, 1, isConstructed: true);

    private readonly ReadOnlyMemory<byte> _issuer;
    private readonly ReadOnlyMemory<byte> _serial;
    private readonly ReadOnlyMemory<byte> _keyIdentifier;
    private readonly ReadOnlyMemory<byte> _unsignedAttributes;

    /// <summary>Reads a SignerInfo.</summary>
    /// <exception cref="AsnContentException">It is none.</exception>
    public Signer(AsnReader signer)
    {
        signer.ReadIntegerBytes(); // version
        if (signer.PeekTag().HasSameClassAndValue(Asn1Tag.Sequence))
        {
            var id = signer.ReadSequence();
            _issuer = id.ReadEncodedValue();
            _serial = id.ReadIntegerBytes();
        }
        else
        {
            _keyIdentifier = signer.ReadOctetString(new Asn1Tag(TagClass.ContextSpecific, 0));
        }

        DigestOid = signer.ReadSequence().ReadObjectIdentifier();
        if (signer.PeekTag().HasSameClassAndValue(Context0))
        {
            SignedAttributes = signer.ReadEncodedValue();
            ReadSignedAttributes();
        }

        var algorithm = SignatureAlgorithm.Read(signer.ReadSequence());
        Scheme = algorithm.Scheme;
        SchemeDigestOid = algorithm.DigestOid.Length > 0 && Scheme != SignatureScheme.Unknown ? algorithm.DigestOid : DigestOid;
        Value = signer.ReadOctetString();
        if (signer.HasData && signer.PeekTag().HasSameClassAndValue(Context1))
        {
            _unsignedAttributes = signer.ReadEncodedValue();
        }
    }

    /// <summary>The digest of the content.</summary>
    public string DigestOid { get; }

    /// <summary>How the value was computed.</summary>
    public SignatureScheme Scheme { get; }

    /// <summary>The digest that the value was computed from.</summary>
    public string SchemeDigestOid { get; }

    /// <summary>The signature value.</summary>
    public ReadOnlyMemory<byte> Value { get; }

    /// <summary>The signed attributes with their tag <c>[0]</c>; empty when the content is signed directly.</summary>
    public ReadOnlyMemory<byte> SignedAttributes { get; }

    /// <summary>The messageDigest attribute, or empty.</summary>
    public ReadOnlyMemory<byte> MessageDigest { get; private set; }

    /// <summary>The contentType attribute, or empty.</summary>
    public string ContentType { get; private set; } = "";

    /// <summary>The signingTime attribute, which can be trusted only in a countersignature; or null.</summary>
    public DateTimeOffset? SigningTime { get; private set; }

    /// <summary>What the signature value covers: the signed attributes as a SET, or the content.</summary>
    public byte[] SignedBytes(ReadOnlySpan<byte> content)
    {
        var bytes = SignedAttributes.IsEmpty ? content.ToArray() : SignedAttributes.ToArray();
        if (!SignedAttributes.IsEmpty)
        {
            bytes[0] = 0x31; // RFC 5652 5.4: SET OF in place of the implicit tag
        }

        return bytes;
    }

    /// <summary>The signer's certificate among those of the file, or null.</summary>
    public Certificate? FindCertificate(IReadOnlyList<Certificate> certificates)
    {
        foreach (var certificate in certificates)
        {
            if (_issuer.IsEmpty
                ? !_keyIdentifier.IsEmpty && certificate.KeyIdentifier.Span.SequenceEqual(_keyIdentifier.Span)
                : certificate.Issuer.Span.SequenceEqual(_issuer.Span)
                    && certificate.Serial.Span.TrimStart((byte)0).SequenceEqual(_serial.Span.TrimStart((byte)0)))
            {
                return certificate;
            }
        }

        return null;
    }

    /// <summary>The values of an unsigned attribute, each with its tag.</summary>
    /// <exception cref="AsnContentException">The attributes cannot be read.</exception>
    public IEnumerable<ReadOnlyMemory<byte>> UnsignedValues(string oid)
    {
        if (_unsignedAttributes.IsEmpty)
        {
            yield break;
        }

        var attributes = new AsnReader(_unsignedAttributes, AsnEncodingRules.BER).ReadSetOf(skipSortOrderValidation: true, Context1);
        while (attributes.HasData)
        {
            var attribute = attributes.ReadSequence();
            if (attribute.ReadObjectIdentifier() == oid)
            {
                for (var values = attribute.ReadSetOf(skipSortOrderValidation: true); values.HasData;)
                {
                    yield return values.ReadEncodedValue();
                }
            }
        }
    }

    private void ReadSignedAttributes()
    {
        var attributes = new AsnReader(SignedAttributes, AsnEncodingRules.BER).ReadSetOf(skipSortOrderValidation: true, Context0);
        while (attributes.HasData)
        {
            var attribute = attributes.ReadSequence();
            switch (attribute.ReadObjectIdentifier())
            {
                case SignatureOids.MessageDigest:
                    MessageDigest = attribute.ReadSetOf(skipSortOrderValidation: true).ReadOctetString();
                    break;
                case SignatureOids.ContentType:
                    ContentType = attribute.ReadSetOf(skipSortOrderValidation: true).ReadObjectIdentifier();
                    break;
                case SignatureOids.SigningTime:
                    var values = attribute.ReadSetOf(skipSortOrderValidation: true);
                    SigningTime = values.PeekTag().HasSameClassAndValue(Asn1Tag.UtcTime) ? values.ReadUtcTime()
                        : values.ReadGeneralizedTime();
                    break;
                default:
                    break;
            }
        }
    }
}
