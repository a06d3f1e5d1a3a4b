using System.Formats.Asn1;
using System.Security.Cryptography;

namespace OfflinePatch.Drivers.Signatures;

/// <summary>
/// A PKCS#7 SignedData, as catalogues and executables carry it: its structure only. <see cref="SignatureVerifier"/> verifies it and says
/// who vouches for it. Source: RFC 5652.
/// </summary>
public sealed class SignedContent
{
    /// <summary>Certificates that are read; a chain with a timestamp has about 8.</summary>
    private const int MaxCertificates = 64;

    /// <summary>Signers that are read; Windows looks at the first one.</summary>
    private const int MaxSigners = 8;

    /// <summary>Nested signatures that are read; two digests of one file need one.</summary>
    private const int MaxNested = 8;

    private static readonly Asn1Tag Context0 = new(TagClass.ContextSpecific, 0, isConstructed: true);
    private static readonly Asn1Tag Context1 = new(TagClass.ContextSpecific, 1, isConstructed: true);

    private SignedContent(string contentType, ReadOnlyMemory<byte> content, List<Certificate> certificates, List<Signer> signers)
    {
        ContentType = contentType;
        Content = content;
        Certificates = certificates;
        Signers = signers;
    }

    /// <summary>Identifier of the content's type.</summary>
    public string ContentType { get; }

    /// <summary>The content: the DER of what was signed, with its own tag; empty when it is detached.</summary>
    public ReadOnlyMemory<byte> Content { get; }

    /// <summary>Digest algorithms that the signers used, as <c>SHA-1</c> or <c>SHA-256</c>; with those of nested signatures.</summary>
    public IReadOnlyList<string> DigestAlgorithms =>
        [.. Signers.Select(s => SignatureOids.Name(s.DigestOid)).Concat(Nested.SelectMany(n => n.DigestAlgorithms))
            .Distinct(StringComparer.Ordinal)];

    /// <summary>The short name of the first signer, or empty.</summary>
    public string SignerName => Signers.Count > 0 ? Signers[0].FindCertificate(Certificates)?.Name ?? "" : "";

    /// <summary>The certificates that it carries.</summary>
    internal IReadOnlyList<Certificate> Certificates { get; }

    /// <summary>The signers, the first of which is the signature that every Windows looks at.</summary>
    internal IReadOnlyList<Signer> Signers { get; }

    /// <summary>Signatures inside the first signer's attributes, which Windows 8 and later look at too.</summary>
    internal IReadOnlyList<SignedContent> Nested { get; private init; } = [];

    /// <summary>
    /// What the message digest covers: the content without its outer tag and length (RFC 5652 5.4; PKCS#7 does the same for a SEQUENCE);
    /// for an octet string its octets.
    /// </summary>
    internal ReadOnlyMemory<byte> DigestedContent { get; private init; }

    /// <summary>Parses a SignedData; null when the DER is none, with the reason.</summary>
    public static SignedContent? TryParse(ReadOnlyMemory<byte> der, out string reason) => TryParse(der, readNested: true, out reason);

    private static SignedContent? TryParse(ReadOnlyMemory<byte> der, bool readNested, out string reason)
    {
        try
        {
            reason = "";
            return Parse(der, readNested);
        }
        catch (Exception e) when (e is AsnContentException or CryptographicException or OverflowException)
        {
            reason = e.Message;
            return null;
        }
    }

    private static SignedContent Parse(ReadOnlyMemory<byte> der, bool readNested)
    {
        var outer = new AsnReader(der, AsnEncodingRules.BER).ReadSequence();
        if (outer.ReadObjectIdentifier() != SignatureOids.SignedData)
        {
            throw new AsnContentException("it is no PKCS#7 SignedData");
        }

        var signed = outer.ReadSequence(Context0).ReadSequence();
        signed.ReadIntegerBytes();
        signed.ReadSetOf(skipSortOrderValidation: true);
        var encapsulated = signed.ReadSequence();
        var type = encapsulated.ReadObjectIdentifier();
        var content = encapsulated.HasData ? encapsulated.ReadSequence(Context0).PeekEncodedValue() : default;

        var certificates = new List<Certificate>();
        if (signed.HasData && signed.PeekTag().HasSameClassAndValue(Context0))
        {
            for (var set = signed.ReadSetOf(skipSortOrderValidation: true, Context0); set.HasData && certificates.Count < MaxCertificates;)
            {
                if (Certificate.TryRead(set.ReadEncodedValue()) is { } certificate)
                {
                    certificates.Add(certificate);
                }
            }
        }

        if (signed.HasData && signed.PeekTag().HasSameClassAndValue(Context1))
        {
            signed.ReadEncodedValue(); // revocation lists
        }

        var signers = new List<Signer>();
        for (var set = signed.ReadSetOf(skipSortOrderValidation: true); set.HasData && signers.Count < MaxSigners;)
        {
            signers.Add(new Signer(set.ReadSequence()));
        }

        return new SignedContent(type, content, certificates, signers)
        {
            DigestedContent = Digested(content),
            Nested = readNested && signers.Count > 0 ? ReadNested(signers[0]) : [],
        };
    }

    private static ReadOnlyMemory<byte> Digested(ReadOnlyMemory<byte> content)
    {
        if (content.IsEmpty)
        {
            return default;
        }

        var tag = AsnDecoder.ReadEncodedValue(content.Span, AsnEncodingRules.BER, out var offset, out var length, out _);
        return tag.HasSameClassAndValue(Asn1Tag.PrimitiveOctetString) && tag.IsConstructed
            ? new AsnReader(content, AsnEncodingRules.BER).ReadOctetString()
            : content.Slice(offset, length);
    }

    private static List<SignedContent> ReadNested(Signer signer)
    {
        var nested = new List<SignedContent>();
        foreach (var value in signer.UnsignedValues(SignatureOids.NestedSignature).Take(MaxNested))
        {
            if (TryParse(value, readNested: false, out _) is { } one)
            {
                nested.Add(one);
            }
        }

        return nested;
    }
}
