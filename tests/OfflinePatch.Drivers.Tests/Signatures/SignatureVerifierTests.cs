using System.Security.Cryptography;
using OfflinePatch.Drivers.Pe;
using OfflinePatch.Drivers.Signatures;
using OfflinePatch.Fixtures.Drivers;
using OfflinePatch.Testing;

namespace OfflinePatch.Drivers.Tests.Signatures;

[Trait("tier", "unit")]
public sealed class SignatureVerifierTests
{
    private static readonly DateTimeOffset Year2018 = new(2018, 6, 1, 0, 0, 0, TimeSpan.Zero);

    private static byte[] Unsigned => SamplePe.Build(SamplePe.X64, "driver"u8);

    private static byte[] Sign(string digest = SampleSignature.Sha256, SampleSigner signer = SampleSigner.Whql,
        SampleSigning? make = null) =>
        SamplePe.Build(SamplePe.X64, "driver"u8, Signature(digest, signer, make));

    private static byte[] Signature(string digest, SampleSigner signer, SampleSigning? make = null) =>
        SampleSignature.Embedded(PeImage.TryParse(Unsigned,
            out _)!.Hash(digest == SampleSignature.Sha1 ? HashAlgorithmName.SHA1 : HashAlgorithmName.SHA256), digest, signer, make);

    private static SignatureVerdict Verify(byte[] file, SignatureOptions? options = null) =>
        SignatureVerifier.Verify(PeImage.TryParse(file, out _)!, options ?? SampleTrust.Options);

    [Theory]
    [InlineData(SampleSigner.Whql, SignatureKind.Whql)]
    [InlineData(SampleSigner.Attestation, SignatureKind.Attestation)]
    [InlineData(SampleSigner.CrossSigned, SignatureKind.CrossSigned)]
    [InlineData(SampleSigner.TestSigned, SignatureKind.TestSigned)]
    public void The_kind_is_that_of_the_root_and_the_usage(SampleSigner signer, SignatureKind kind)
    {
        foreach (var digest in (string[])[SampleSignature.Sha1, SampleSignature.Sha256])
        {
            var verdict = Verify(Sign(digest, signer));
            Assert.Equal((kind, SampleSignature.Publisher), (verdict.Kind, verdict.SignerName));
            Assert.Empty(verdict.Problems);
            Assert.Equal(digest != SampleSignature.Sha1, verdict.Best!.NeedsSha2);
            Assert.Equal(signer != SampleSigner.TestSigned, verdict.Best.IsTrustedByOption);
        }
    }

    [Theory]
    [InlineData(SampleSigner.Whql)]
    [InlineData(SampleSigner.CrossSigned)]
    public void Nothing_trusts_the_sample_roots_by_default(SampleSigner signer) =>
        Assert.Equal(SignatureKind.TestSigned, Verify(Sign(signer: signer), SignatureOptions.Default).Kind);

    [Fact]
    public void An_unsigned_file_has_no_kind() => Assert.Equal(SignatureKind.None, Verify(Unsigned).Kind);

    [Fact]
    public void Every_alteration_is_found()
    {
        var altered = Sign();
        altered[0x2A0] ^= 1; // a byte of the file
        Assert.Equal(SignatureProblemKind.FileAltered, Assert.Single(Verify(altered).Problems).Kind);

        var good = Signature(SampleSignature.Sha256, SampleSigner.Whql);
        var value = good.ToArray();
        value[^10] ^= 1; // the signature value is last
        Assert.Equal(SignatureProblemKind.BadValue, Assert.Single(Verify(SamplePe.Build(SamplePe.X64, "driver"u8, value)).Problems).Kind);

        var zero = good.ToArray();
        zero.AsSpan(zero.Length - 256).Clear(); // what sample drivers once had
        Assert.Equal(SignatureKind.Invalid, Verify(SamplePe.Build(SamplePe.X64, "driver"u8, zero)).Kind);
    }

    [Fact]
    public void No_single_bit_of_a_signature_may_change_unseen()
    {
        var good = Signature(SampleSignature.Sha256, SampleSigner.Whql);
        var harmless = 0;
        for (var offset = 0; offset < good.Length; offset += 3)
        {
            var bad = good.ToArray();
            bad[offset] ^= 0x04;
            var verdict = Verify(SamplePe.Build(SamplePe.X64, "driver"u8, bad));
            // versions, the set of digests, NULL parameters: nothing that is signed or decides
            harmless += verdict.Kind >= SignatureKind.CrossSigned ? 1 : 0;
        }

        Assert.True(harmless < good.Length / 3 / 20, $"{harmless} of {good.Length / 3}");
    }

    [Fact]
    public void An_expired_certificate_is_good_with_a_timestamp()
    {
        var make = new SampleSigning { NotAfter = new DateTimeOffset(2019, 1, 1, 0, 0, 0, TimeSpan.Zero) };
        Assert.Equal(SignatureProblemKind.Expired, Assert.Single(Verify(Sign(make: make)).Problems).Kind);

        var stamped = Verify(Sign(make: make with { Timestamp = Year2018 }));
        Assert.Equal((SignatureKind.Whql, Year2018), (stamped.Kind, stamped.Best!.Timestamp));
        Assert.Equal(SignatureProblemKind.Expired,
            Assert.Single(Verify(Sign(make: make with { Timestamp = Year2018.AddYears(2) })).Problems).Kind);

        var forged = Signature(SampleSignature.Sha256, SampleSigner.Whql, make with { Timestamp = Year2018 });
        forged[^10] ^= 1; // the value of the countersignature is last
        Assert.Contains(Verify(SamplePe.Build(SamplePe.X64, "driver"u8, forged)).Problems,
            p => p.Kind == SignatureProblemKind.BadTimestamp);
    }

    [Fact]
    public void A_nested_signature_is_a_signature_of_its_own()
    {
        var nested = Signature(SampleSignature.Sha256, SampleSigner.Attestation);
        var verdict = Verify(Sign(SampleSignature.Sha1, SampleSigner.CrossSigned, new SampleSigning { Nested = nested }));
        Assert.Equal([(SignatureKind.CrossSigned, false), (SignatureKind.Attestation, true)],
            verdict.Signatures.Select(s => (s.Kind, s.IsNested)));
        Assert.Equal(["SHA-1", "SHA-256"], verdict.DigestAlgorithms);
    }

    [Fact]
    public void Pss_and_elliptic_curves_verify()
    {
        var hash = SHA256.HashData("content"u8);
        using var rsa = RSA.Create(2048);
        var key = PublicKey.Read(rsa.ExportSubjectPublicKeyInfo());
        Assert.True(key.Verify(SignatureScheme.RsaPss, SignatureOids.Sha256, hash,
            rsa.SignHash(hash, HashAlgorithmName.SHA256, RSASignaturePadding.Pss)));
        Assert.True(key.Verify(SignatureScheme.RsaPkcs1, SignatureOids.Sha256, hash,
            rsa.SignHash(hash, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1)));
        Assert.False(key.Verify(SignatureScheme.RsaPkcs1, SignatureOids.Sha256, hash, new byte[256]));

        // a hash without its algorithm, as some timestamps have it: only where it is allowed
        var bare = BareSignature(rsa, hash);
        Assert.Equal((false, true), (key.Verify(SignatureScheme.RsaPkcs1, SignatureOids.Sha256, hash, bare),
            key.Verify(SignatureScheme.RsaPkcs1, SignatureOids.Sha256, hash, bare, allowBareHash: true)));
        Assert.False(key.Verify(SignatureScheme.RsaPkcs1, SignatureOids.Md5, hash,
            rsa.SignHash(hash, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1)));

        using var curve = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var point = PublicKey.Read(curve.ExportSubjectPublicKeyInfo());
        var signature = curve.SignHash(hash, DSASignatureFormat.Rfc3279DerSequence);
        Assert.True(point.Verify(SignatureScheme.Ecdsa, SignatureOids.Sha256, hash, signature));
        signature[^1] ^= 1;
        Assert.False(point.Verify(SignatureScheme.Ecdsa, SignatureOids.Sha256, hash, signature));
    }

    private static byte[] BareSignature(RSA rsa, byte[] hash)
    {
        var parameters = rsa.ExportParameters(includePrivateParameters: true);
        System.Numerics.BigInteger Number(byte[] bytes) => new(bytes, isUnsigned: true, isBigEndian: true);
        byte[] message = [0, 1, .. Enumerable.Repeat((byte)0xFF, 256 - 3 - hash.Length), 0, .. hash];
        var value = System.Numerics.BigInteger.ModPow(Number(message), Number(parameters.D!), Number(parameters.Modulus!))
            .ToByteArray(isUnsigned: true, isBigEndian: true);
        return [.. new byte[256 - value.Length], .. value];
    }

    [Theory]
    [InlineData(64)]
    [InlineData(2000)]
    public void Many_certificates_of_one_name_cost_little(int count)
    {
        // each certificate claims to be issued by every other: the search must not try every order
        var chain = SampleAuthority.Chain(SampleSigner.Whql, "A", sha1: false);
        var pool = Enumerable.Range(0, count).Select(i => Certificate.TryRead(Rename(chain[1], i))!).ToList();
        var built = CertificateChain.Build(Certificate.TryRead(chain[0])!, pool, TrustAnchor.Microsoft);
        Assert.Equal((null, true), (built.Anchor, built.Verifications <= CertificateChain.MaxVerifications));

        static byte[] Rename(byte[] certificate, int serial)
        {
            var copy = certificate.ToArray();
            copy[20] = (byte)(serial & 0xFF);
            return copy;
        }
    }

    [SkippableFact]
    [Trait("tier", "oracle")]
    public void Osslsigncode_verifies_what_we_call_good()
    {
        Oracle.Require("osslsigncode");
        using var scratch = new ScratchFolder();
        File.WriteAllText(scratch["root.pem"], PemEncoding.WriteString("CERTIFICATE", SampleAuthority.RootCertificate));
        File.WriteAllBytes(scratch["good.sys"], Sign());
        var bad = Sign();
        bad[0x2A0] ^= 1;
        File.WriteAllBytes(scratch["bad.sys"], bad);
        Assert.Equal(0, Oracle.Run("osslsigncode", "verify", "-CAfile", scratch["root.pem"], "-in", scratch["good.sys"]).ExitCode);
        Assert.NotEqual(0, Oracle.Run("osslsigncode", "verify", "-CAfile", scratch["root.pem"], "-in", scratch["bad.sys"]).ExitCode);
    }
}
