using System.Formats.Asn1;
using System.Numerics;
using System.Security.Cryptography;

namespace OfflinePatch.Drivers.Signatures;

/// <summary>
/// A public key that verifies signatures. RSA with PKCS#1 v1.5 is computed here, because hosts with a strict crypto policy refuse SHA-1
/// there, which drivers of Windows 7 are signed with; it is a public operation on public values. PSS and ECDSA are the runtime's.
/// </summary>
internal sealed class PublicKey
{
    /// <summary>The longest modulus; Microsoft's roots have 4096 bits.</summary>
    private const int MaxModulusBytes = 1024;

    /// <summary>The longest public exponent: 65537 needs 3 bytes; a longer one only costs time.</summary>
    private const int MaxExponentBytes = 8;

    private readonly ReadOnlyMemory<byte> _info;
    private readonly byte[] _modulus;
    private readonly BigInteger _exponent;

    private PublicKey(ReadOnlyMemory<byte> info, byte[] modulus, BigInteger exponent)
    {
        _info = info;
        _modulus = modulus;
        _exponent = exponent;
    }

    /// <summary>An RSA key by its modulus, most significant byte first, with the exponent 65537.</summary>
    public static PublicKey FromModulus(byte[] modulus)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            using (writer.PushSequence())
            {
                writer.WriteObjectIdentifier(SignatureOids.Rsa);
                writer.WriteNull();
            }

            var key = new AsnWriter(AsnEncodingRules.DER);
            using (key.PushSequence())
            {
                key.WriteInteger(new BigInteger(modulus, isUnsigned: true, isBigEndian: true));
                key.WriteInteger(65537);
            }

            writer.WriteBitString(key.Encode());
        }

        return new PublicKey(writer.Encode(), modulus, 65537);
    }

    /// <summary>Reads a SubjectPublicKeyInfo. A key that is too long, or of an unknown kind, verifies nothing.</summary>
    /// <exception cref="AsnContentException">It is not DER.</exception>
    public static PublicKey Read(ReadOnlyMemory<byte> info)
    {
        var reader = new AsnReader(info, AsnEncodingRules.BER).ReadSequence();
        var algorithm = reader.ReadSequence().ReadObjectIdentifier();
        if (algorithm is not (SignatureOids.Rsa or SignatureOids.RsaPss))
        {
            return new PublicKey(info, [], 0);
        }

        var key = new AsnReader(reader.ReadBitString(out _), AsnEncodingRules.BER).ReadSequence();
        var modulus = key.ReadIntegerBytes().Span.TrimStart((byte)0);
        var exponent = key.ReadIntegerBytes().Span.TrimStart((byte)0);
        return modulus.Length > MaxModulusBytes || exponent.Length > MaxExponentBytes
            ? new PublicKey(info, [], 0)
            : new PublicKey(info, modulus.ToArray(), new BigInteger(exponent, isUnsigned: true, isBigEndian: true));
    }

    /// <summary>Whether this is the same key.</summary>
    public bool IsSame(PublicKey other) => _modulus.Length > 0
        ? _modulus.AsSpan().SequenceEqual(other._modulus) && _exponent == other._exponent
        : _info.Span.SequenceEqual(other._info.Span);

    /// <summary>Whether <paramref name="signature"/> is this key's signature of <paramref name="hash"/>.</summary>
    /// <param name="scheme">How the value was computed.</param>
    /// <param name="digestOid">The digest that made <paramref name="hash"/>.</param>
    /// <param name="hash">The hash.</param>
    /// <param name="signature">The value.</param>
    /// <param name="allowBareHash">Whether a hash without its algorithm may be signed, as timestamps of VeriSign and Symantec do.</param>
    public bool Verify(SignatureScheme scheme, string digestOid, ReadOnlySpan<byte> hash, ReadOnlySpan<byte> signature,
        bool allowBareHash = false)
    {
        if (SignatureOids.Algorithm(digestOid) is not { } algorithm)
        {
            return false;
        }

        try
        {
            switch (scheme)
            {
                case SignatureScheme.RsaPkcs1:
                    return VerifyPkcs1(digestOid, hash, signature, allowBareHash);
                case SignatureScheme.RsaPss when _modulus.Length > 0:
                    using (var rsa = RSA.Create())
                    {
                        rsa.ImportSubjectPublicKeyInfo(_info.Span, out _);
                        return rsa.VerifyHash(hash, signature, algorithm, RSASignaturePadding.Pss);
                    }

                case SignatureScheme.Ecdsa when _modulus.Length == 0:
                    using (var curve = ECDsa.Create())
                    {
                        curve.ImportSubjectPublicKeyInfo(_info.Span, out _);
                        return curve.VerifyHash(hash, signature, DSASignatureFormat.Rfc3279DerSequence);
                    }

                default:
                    return false;
            }
        }
        catch (Exception e) when (e is CryptographicException or PlatformNotSupportedException)
        {
            return false; // a curve that the host does not know, or a value that is no signature
        }
    }

    // RSASSA-PKCS1-v1_5 (RFC 8017 8.2.2): the encoded message is built and compared as a whole, so that no lax padding passes.
    private bool VerifyPkcs1(string digestOid, ReadOnlySpan<byte> hash, ReadOnlySpan<byte> signature, bool allowBareHash)
    {
        if (_modulus.Length < 64 || signature.Length != _modulus.Length || _exponent < 3)
        {
            return false;
        }

        var modulus = new BigInteger(_modulus, isUnsigned: true, isBigEndian: true);
        var value = new BigInteger(signature, isUnsigned: true, isBigEndian: true);
        if (value >= modulus)
        {
            return false;
        }

        Span<byte> message = new byte[_modulus.Length];
        var opened = BigInteger.ModPow(value, _exponent, modulus);
        if (!opened.TryWriteBytes(message[^opened.GetByteCount(isUnsigned: true)..], out _, isUnsigned: true, isBigEndian: true))
        {
            return false;
        }

        return message.SequenceEqual(Pad(DigestInfo(digestOid, hash, withNull: true), message.Length))
            || message.SequenceEqual(Pad(DigestInfo(digestOid, hash, withNull: false), message.Length))
            || (allowBareHash && message.SequenceEqual(Pad(hash, message.Length)));
    }

    private static byte[] DigestInfo(string digestOid, ReadOnlySpan<byte> hash, bool withNull)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            using (writer.PushSequence())
            {
                writer.WriteObjectIdentifier(digestOid);
                if (withNull)
                {
                    writer.WriteNull();
                }
            }

            writer.WriteOctetString(hash);
        }

        return writer.Encode();
    }

    private static byte[] Pad(ReadOnlySpan<byte> info, int length)
    {
        if (length < info.Length + 11)
        {
            return [];
        }

        var message = new byte[length];
        message.AsSpan().Fill(0xFF);
        message[0] = 0;
        message[1] = 1;
        message[length - info.Length - 1] = 0;
        info.CopyTo(message.AsSpan(length - info.Length));
        return message;
    }
}
