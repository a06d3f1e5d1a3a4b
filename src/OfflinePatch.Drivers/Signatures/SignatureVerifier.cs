using System.Formats.Asn1;
using System.Security.Cryptography;
using OfflinePatch.Drivers.Pe;

namespace OfflinePatch.Drivers.Signatures;

/// <summary>
/// Verifies signatures of executables and catalogues: the digest of the content, the signature value over the signed attributes, the chain
/// of certificates in the file up to a root that Windows kernels trust, the timestamp. No store of the host is asked. Source: RFC 5652,
/// "Windows Authenticode Portable Executable Signature Format", learn.microsoft.com
/// windows-hardware/drivers/install/kernel-mode-code-signing-policy--windows-vista-and-later-.
/// </summary>
public static class SignatureVerifier
{
    /// <summary>The signatures inside an executable.</summary>
    public static SignatureVerdict Verify(PeImage image, SignatureOptions options)
    {
        var signatures = new List<FileSignature>();
        foreach (var der in image.Signatures())
        {
            if (SignedContent.TryParse(der, out var reason) is { } content)
            {
                AddAll(signatures, content, c => HashProblem(c, image), options);
            }
            else
            {
                signatures.Add(new FileSignature(SignatureKind.Invalid, "", "",
                    [new(SignatureProblemKind.Unreadable, $"the signature cannot be read ({reason})")]));
            }
        }

        return new SignatureVerdict(signatures);
    }

    /// <summary>The signatures of a catalogue, for the files that it lists.</summary>
    public static SignatureVerdict Verify(Catalog catalog, SignatureOptions options)
    {
        var signatures = new List<FileSignature>();
        AddAll(signatures, catalog.Signature, _ => null, options);
        return new SignatureVerdict(signatures);
    }

    /// <summary>Whether a signer's value, and the digest in its attributes, are those of a content.</summary>
    /// <param name="signer">The signer.</param>
    /// <param name="certificate">Its certificate.</param>
    /// <param name="content">The content.</param>
    /// <param name="allowBareHash">See <see cref="PublicKey.Verify"/>.</param>
    internal static bool IsSignedBy(Signer signer, Certificate certificate, ReadOnlyMemory<byte> content, bool allowBareHash) =>
        IsDigestOf(signer, content) && IsValueOf(signer, certificate, content, allowBareHash);

    private static void AddAll(List<FileSignature> signatures, SignedContent content, Func<SignedContent, SignatureProblem?> hashProblem,
        SignatureOptions options)
    {
        signatures.Add(VerifyFirst(content, hashProblem(content), options, isNested: false));
        foreach (var nested in content.Nested)
        {
            signatures.Add(VerifyFirst(nested, hashProblem(nested), options, isNested: true));
        }
    }

    private static FileSignature VerifyFirst(SignedContent content, SignatureProblem? hashProblem, SignatureOptions options, bool isNested)
    {
        if (content.Signers.Count == 0)
        {
            return new FileSignature(SignatureKind.Invalid, "", "", [new(SignatureProblemKind.NoCertificate, "nobody signed it")]);
        }

        var signer = content.Signers[0];
        var problems = new List<SignatureProblem>();
        if (SignatureOids.Algorithm(signer.DigestOid) is null)
        {
            problems.Add(new(SignatureProblemKind.WeakDigest,
                $"its digest is {SignatureOids.Name(signer.DigestOid)}, which no Windows accepts"));
        }
        else if (!IsDigestOf(signer, content.DigestedContent)
            || (signer.ContentType.Length > 0 && signer.ContentType != content.ContentType))
        {
            problems.Add(new(SignatureProblemKind.ContentAltered, "it was altered after it was signed"));
        }

        if (hashProblem is not null)
        {
            problems.Add(hashProblem);
        }

        if (signer.FindCertificate(content.Certificates) is not { } certificate)
        {
            problems.Add(new(SignatureProblemKind.NoCertificate, "the signer's certificate is not in it"));
            return new FileSignature(SignatureKind.Invalid, "", SignatureOids.Name(signer.DigestOid), problems) { IsNested = isNested };
        }

        if (problems.TrueForAll(p => p.Kind != SignatureProblemKind.WeakDigest) && !IsValueOf(signer, certificate, content.DigestedContent))
        {
            problems.Add(new(SignatureProblemKind.BadValue, $"the signature value is not that of {certificate.Name}"));
        }

        var chain = CertificateChain.Build(certificate, content.Certificates, TrustAnchor.Microsoft.Concat(options.TrustedRoots));
        var time = SignatureTimestamp.Read(content, signer, out var badTimestamp);
        if (badTimestamp is not null)
        {
            problems.Add(badTimestamp);
        }

        if (!certificate.IsValidAt(time ?? options.Clock.GetUtcNow()))
        {
            problems.Add(new(SignatureProblemKind.Expired, time is null
                ? $"the certificate of {certificate.Name} was valid until {certificate.NotAfter:yyyy-MM-dd} only, and there is no timestamp"
                : $"the certificate of {certificate.Name} was not valid at {time:yyyy-MM-dd}, when it was used"));
        }

        if (certificate.KeyUsages.Count > 0 && !certificate.KeyUsages.Contains(SignatureOids.CodeSigning))
        {
            problems.Add(new(SignatureProblemKind.WrongUsage, $"the certificate of {certificate.Name} may not sign code"));
        }

        return new FileSignature(problems.Count > 0 ? SignatureKind.Invalid : KindOf(chain), certificate.Name,
            SignatureOids.Name(signer.DigestOid), problems)
        {
            RootName = chain.RootName,
            NeedsSha2 = signer.DigestOid != SignatureOids.Sha1 || chain.NeedsSha2,
            IsNested = isNested,
            IsTrustedByOption = chain.Anchor?.IsOption == true,
            SignerIssued = certificate.NotBefore,
            Timestamp = time,
            SignerCertificate = certificate.Raw,
            SignerThumbprint = certificate.Thumbprint,
        };
    }

    private static bool IsDigestOf(Signer signer, ReadOnlyMemory<byte> content) =>
        signer.SignedAttributes.IsEmpty
        || (SignatureOids.Algorithm(signer.DigestOid) is { } algorithm
            && CryptographicOperations.HashData(algorithm, content.Span).AsSpan().SequenceEqual(signer.MessageDigest.Span));

    private static bool IsValueOf(Signer signer, Certificate certificate, ReadOnlyMemory<byte> content, bool allowBareHash = false) =>
        SignatureOids.Algorithm(signer.SchemeDigestOid) is { } algorithm
        && certificate.Key.Verify(
            signer.Scheme, signer.SchemeDigestOid, CryptographicOperations.HashData(algorithm, signer.SignedBytes(content.Span)),
                signer.Value.Span, allowBareHash);

    // The signed content of an executable is SPC_INDIRECT_DATA_CONTENT: what was hashed, then the hash.
    private static SignatureProblem? HashProblem(SignedContent content, PeImage image)
    {
        try
        {
            if (content.ContentType != SignatureOids.IndirectData)
            {
                return new(SignatureProblemKind.FileAltered, "it signs something else than an executable");
            }

            var indirect = new AsnReader(content.Content, AsnEncodingRules.BER).ReadSequence();
            indirect.ReadSequence();
            var digest = indirect.ReadSequence();
            var oid = digest.ReadSequence().ReadObjectIdentifier();
            var hash = digest.ReadOctetString();
            return SignatureOids.Algorithm(oid) is not { } algorithm
                ? new(SignatureProblemKind.WeakDigest, $"the file's hash is {SignatureOids.Name(oid)}, which no Windows accepts")
                : image.Hash(algorithm).AsSpan().SequenceEqual(hash) || image.Hash(algorithm, padded: false).AsSpan().SequenceEqual(hash)
                    ? null
                    : new(SignatureProblemKind.FileAltered, "the file was altered after it was signed");
        }
        catch (AsnContentException e)
        {
            return new(SignatureProblemKind.Unreadable, $"the signature cannot be read ({e.Message})");
        }
    }

    private static SignatureKind KindOf(CertificateChain chain)
    {
        var signer = chain.Certificates[0];
        return chain.Anchor?.Role switch
        {
            null => SignatureKind.TestSigned,
            TrustRole.CrossCertification => SignatureKind.CrossSigned,
            _ when signer.KeyUsages.Contains(SignatureOids.AttestedVerification) => SignatureKind.Attestation,
            _ when signer.KeyUsages.Contains(SignatureOids.HardwareVerification) => SignatureKind.Whql,

            // Shop programs and others have certificates below the same roots; only Microsoft's own name counts without one of its driver
            // usages.
            _ when signer.KeyUsages.Contains(SignatureOids.SystemComponent)
                || DistinguishedName.OrganizationOf(signer.Subject) == "Microsoft Corporation" => SignatureKind.Microsoft,
            _ => SignatureKind.TestSigned,
        };
    }
}
