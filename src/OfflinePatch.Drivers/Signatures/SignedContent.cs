using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace OfflinePatch.Drivers.Signatures;

/// <summary>
/// A PKCS#7 SignedData, as catalogues and executables carry it. The structure is read, the signer is named, and the signed digest is compared with the content;
/// the chain up to a root is not judged (that is the guest's own business, with its own roots). Source: RFC 5652.
/// </summary>
public sealed class SignedContent
{
    private const int MaximumCertificates = 64;
    private const int MaximumSigners = 8;

    private static readonly Asn1Tag Context0 = new(TagClass.ContextSpecific, 0, isConstructed: true);
    private static readonly Asn1Tag Context1 = new(TagClass.ContextSpecific, 1, isConstructed: true);

    private SignedContent(string contentType, ReadOnlyMemory<byte> content)
    {
        ContentType = contentType;
        Content = content;
    }

    /// <summary>Identifier of the content's type.</summary>
    public string ContentType { get; }

    /// <summary>The content: the DER of what was signed, with its own tag; empty when it is detached.</summary>
    public ReadOnlyMemory<byte> Content { get; }

    /// <summary>Digest algorithms that the signers used, as <c>SHA-1</c> or <c>SHA-256</c>; with those of nested signatures.</summary>
    public IReadOnlyList<string> DigestAlgorithms { get; private init; } = [];

    /// <summary>The common name of the first signer, or empty.</summary>
    public string SignerName { get; private init; } = "";

    /// <summary>Whether the first signer's digest is that of the content; null when it carries none.</summary>
    public bool? DigestMatches { get; private init; }

    /// <summary>Parses a SignedData; null when the DER is none, with the reason.</summary>
    public static SignedContent? TryParse(ReadOnlyMemory<byte> der, out string reason) => TryParse(der, 0, out reason);

    private static SignedContent? TryParse(ReadOnlyMemory<byte> der, int depth, out string reason)
    {
        try
        {
            reason = "";
            return Parse(der, depth) ?? throw new AsnContentException("it is no PKCS#7 SignedData");
        }
        catch (AsnContentException e)
        {
            reason = e.Message;
            return null;
        }
        catch (CryptographicException e)
        {
            reason = e.Message;
            return null;
        }
    }

    private static SignedContent? Parse(ReadOnlyMemory<byte> der, int depth)
    {
        var outer = new AsnReader(der, AsnEncodingRules.BER).ReadSequence();
        if (outer.ReadObjectIdentifier() != SignatureOids.SignedData)
        {
            return null;
        }

        var signed = outer.ReadSequence(Context0).ReadSequence();
        signed.ReadIntegerBytes();
        signed.ReadSetOf(skipSortOrderValidation: true);
        var encapsulated = signed.ReadSequence();
        var type = encapsulated.ReadObjectIdentifier();
        var content = encapsulated.HasData ? encapsulated.ReadSequence(Context0).PeekEncodedValue() : default;

        var certificates = new List<X509Certificate2>();
        try
        {
            if (signed.HasData && signed.PeekTag().HasSameClassAndValue(Context0))
            {
                ReadCertificates(signed.ReadSetOf(skipSortOrderValidation: true, Context0), certificates);
            }

            if (signed.HasData && signed.PeekTag().HasSameClassAndValue(Context1))
            {
                signed.ReadEncodedValue();
            }

            return ReadSigners(signed, new SignedContent(type, content), certificates, depth);
        }
        finally
        {
            certificates.ForEach(c => c.Dispose());
        }
    }

    private static void ReadCertificates(AsnReader set, List<X509Certificate2> certificates)
    {
        while (set.HasData && certificates.Count < MaximumCertificates)
        {
            var value = set.ReadEncodedValue();
            try
            {
                certificates.Add(X509CertificateLoader.LoadCertificate(value.Span));
            }
            catch (CryptographicException)
            {
                // an attribute certificate, or one with odd contents: it cannot be named, no more
            }
        }
    }

    private static SignedContent ReadSigners(AsnReader signed, SignedContent content, List<X509Certificate2> certificates, int depth)
    {
        var algorithms = new List<string>();
        var name = "";
        bool? matches = null;
        var signers = signed.ReadSetOf(skipSortOrderValidation: true);
        for (var n = 0; signers.HasData && n < MaximumSigners; n++)
        {
            var signer = signers.ReadSequence();
            signer.ReadIntegerBytes();
            string signerName = "";
            if (signer.PeekTag().HasSameClassAndValue(Asn1Tag.Sequence))
            {
                var id = signer.ReadSequence();
                var issuer = id.ReadEncodedValue();
                var serial = id.ReadIntegerBytes();
                var certificate = certificates.Find(c => c.IssuerName.RawData.AsSpan().SequenceEqual(issuer.Span) && SameSerial(c, serial.Span));
                signerName = certificate?.GetNameInfo(X509NameType.SimpleName, forIssuer: false) ?? "";
            }
            else
            {
                signer.ReadEncodedValue(); // subjectKeyIdentifier
            }

            var digest = signer.ReadSequence().ReadObjectIdentifier();
            algorithms.Add(SignatureOids.Name(digest));
            byte[]? messageDigest = null;
            if (signer.HasData && signer.PeekTag().HasSameClassAndValue(Context0))
            {
                messageDigest = FindMessageDigest(signer.ReadSetOf(skipSortOrderValidation: true, Context0));
            }

            signer.ReadSequence(); // signature algorithm
            signer.ReadOctetString();
            if (signer.HasData && depth == 0)
            {
                AddNested(signer.ReadSetOf(skipSortOrderValidation: true, Context1), algorithms);
            }

            if (n == 0)
            {
                name = signerName;
                matches = CompareDigest(content, digest, messageDigest);
            }
        }

        return new SignedContent(content.ContentType, content.Content)
        {
            DigestAlgorithms = [.. algorithms.Distinct()],
            SignerName = name,
            DigestMatches = matches,
        };
    }

    private static bool SameSerial(X509Certificate2 certificate, ReadOnlySpan<byte> serial)
    {
        var own = certificate.SerialNumberBytes.Span;
        return own.TrimStart((byte)0).SequenceEqual(serial.TrimStart((byte)0));
    }

    private static byte[]? FindMessageDigest(AsnReader attributes)
    {
        while (attributes.HasData)
        {
            var attribute = attributes.ReadSequence();
            if (attribute.ReadObjectIdentifier() == SignatureOids.MessageDigest)
            {
                return attribute.ReadSetOf(skipSortOrderValidation: true).ReadOctetString();
            }
        }

        return null;
    }

    private static void AddNested(AsnReader attributes, List<string> algorithms)
    {
        while (attributes.HasData)
        {
            var attribute = attributes.ReadSequence();
            if (attribute.ReadObjectIdentifier() != SignatureOids.NestedSignature)
            {
                continue;
            }

            var values = attribute.ReadSetOf(skipSortOrderValidation: true);
            for (var n = 0; values.HasData && n < MaximumSigners; n++)
            {
                if (TryParse(values.ReadEncodedValue(), 1, out _) is { } nested)
                {
                    algorithms.AddRange(nested.DigestAlgorithms);
                }
            }
        }
    }

    // The digest is over the content without its outer tag and length (RFC 5652 5.4; PKCS#7 does the same for a SEQUENCE).
    private static bool? CompareDigest(SignedContent content, string digest, byte[]? messageDigest)
    {
        if (messageDigest is null || content.Content.IsEmpty || SignatureOids.Algorithm(digest) is not { } algorithm)
        {
            return null;
        }

        AsnDecoder.ReadEncodedValue(content.Content.Span, AsnEncodingRules.BER, out var offset, out var length, out _);
        return CryptographicOperations.HashData(algorithm, content.Content.Span.Slice(offset, length)).AsSpan().SequenceEqual(messageDigest);
    }
}
