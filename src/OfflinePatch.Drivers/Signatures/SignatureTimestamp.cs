using System.Formats.Asn1;
using System.Security.Cryptography;

namespace OfflinePatch.Drivers.Signatures;

/// <summary>
/// The timestamp of a signature: a countersignature (PKCS#9) or a token (RFC 3161) over the signature value. Its own signature is verified
/// with a certificate in the file that may sign timestamps; the authority's root is not checked, as the kernel does not check it either.
/// </summary>
internal static class SignatureTimestamp
{
    /// <summary>Timestamps that are tried.</summary>
    private const int MaxTimestamps = 4;

    /// <summary>
    /// The time at which a signer's value existed, or null; <paramref name="problem"/> says what is wrong with a timestamp that does not
    /// hold.
    /// </summary>
    public static DateTimeOffset? Read(SignedContent file, Signer signer, out SignatureProblem? problem)
    {
        problem = null;
        try
        {
            foreach (var value in signer.UnsignedValues(SignatureOids.CounterSignature).Take(MaxTimestamps))
            {
                var counter = new Signer(new AsnReader(value, AsnEncodingRules.BER).ReadSequence());
                if (counter.SigningTime is { } time && Verify(counter, signer.Value, file.Certificates, time))
                {
                    return time;
                }

                problem = Bad();
            }

            foreach (var value in signer.UnsignedValues(SignatureOids.TimestampToken).Take(MaxTimestamps))
            {
                if (ReadToken(value, signer.Value, file.Certificates) is { } time)
                {
                    problem = null;
                    return time;
                }

                problem = Bad();
            }
        }
        catch (Exception e) when (e is AsnContentException or CryptographicException or OverflowException)
        {
            problem = new SignatureProblem(SignatureProblemKind.BadTimestamp, $"the timestamp cannot be read ({e.Message})");
        }

        return null;
    }

    private static SignatureProblem Bad() => new(SignatureProblemKind.BadTimestamp, "the timestamp does not hold");

    private static bool Verify(Signer counter, ReadOnlyMemory<byte> content, IReadOnlyList<Certificate> certificates,
        DateTimeOffset time) =>
        counter.FindCertificate(certificates) is { } certificate
        && certificate.KeyUsages.Contains(SignatureOids.TimeStamping)
        && certificate.IsValidAt(time)
        && SignatureVerifier.IsSignedBy(counter, certificate, content, allowBareHash: true);

    private static DateTimeOffset? ReadToken(ReadOnlyMemory<byte> token, ReadOnlyMemory<byte> stamped, IReadOnlyList<Certificate> outer)
    {
        if (SignedContent.TryParse(token, out _) is not { Signers.Count: > 0 } signed || signed.ContentType != SignatureOids.TimestampInfo)
        {
            return null;
        }

        var info = new AsnReader(new AsnReader(signed.Content, AsnEncodingRules.BER).ReadOctetString(), AsnEncodingRules.BER)
            .ReadSequence();
        info.ReadIntegerBytes(); // version
        info.ReadObjectIdentifier(); // policy
        var imprint = info.ReadSequence();
        var digest = SignatureOids.Algorithm(imprint.ReadSequence().ReadObjectIdentifier());
        var hash = imprint.ReadOctetString();
        info.ReadIntegerBytes(); // serial number
        var time = info.ReadGeneralizedTime();
        return digest is { } algorithm
            && CryptographicOperations.HashData(algorithm, stamped.Span).AsSpan().SequenceEqual(hash)
            && Verify(signed.Signers[0], signed.DigestedContent, [.. signed.Certificates, .. outer], time)
            ? time
            : null;
    }
}
