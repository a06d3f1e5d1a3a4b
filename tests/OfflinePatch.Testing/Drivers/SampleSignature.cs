using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Text;

namespace OfflinePatch.Testing.Drivers;

/// <summary>
/// PKCS#7 structures as signed drivers and catalogues have them: a true shape, true digests, a certificate that names a publisher, and a signature value of
/// zeros that no Windows would accept. The bytes are the same every time.
/// </summary>
public static class SampleSignature
{
    public const string Publisher = "OfflinePatch Sample Publisher";

    public const string Sha1 = "1.3.14.3.2.26";
    public const string Sha256 = "2.16.840.1.101.3.4.2.1";

    private const string IndirectData = "1.3.6.1.4.1.311.2.1.4";
    private const string TrustList = "1.3.6.1.4.1.311.10.1";
    private static readonly Asn1Tag Context0 = new(TagClass.ContextSpecific, 0, isConstructed: true);

    /// <summary>A signature for the inside of an executable.</summary>
    /// <param name="hash">The executable's Authenticode hash.</param>
    /// <param name="digest">The digest algorithm's identifier.</param>
    public static byte[] Embedded(ReadOnlySpan<byte> hash, string digest = Sha256)
    {
        var content = new AsnWriter(AsnEncodingRules.DER);
        WriteIndirectData(content, hash, digest);
        return SignedData(IndirectData, content.Encode(), digest);
    }

    /// <summary>A catalogue that lists files by name and hash; executables by their Authenticode hash.</summary>
    public static byte[] Catalog(IReadOnlyList<(string Name, byte[] Hash)> members, string digest = Sha256, string publisher = Publisher)
    {
        var list = new AsnWriter(AsnEncodingRules.DER);
        using (list.PushSequence())
        {
            using (list.PushSequence())
            {
                list.WriteObjectIdentifier("1.3.6.1.4.1.311.12.1.1"); // CATALOG_LIST
            }

            list.WriteOctetString(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('|', members.Select(m => m.Name)))).AsSpan(0, 16));
            list.WriteUtcTime(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));
            using (list.PushSequence())
            {
                list.WriteObjectIdentifier(digest == Sha1 ? "1.3.6.1.4.1.311.12.1.2" : "1.3.6.1.4.1.311.12.1.3"); // CATALOG_LIST_MEMBER, _MEMBER2
                list.WriteNull();
            }

            using (list.PushSequence())
            {
                foreach (var (name, hash) in members)
                {
                    using (list.PushSequence())
                    {
                        list.WriteOctetString(digest == Sha1 ? Encoding.Unicode.GetBytes(Convert.ToHexString(hash)) : hash);
                        using (list.PushSetOf())
                        {
                            WriteName(list, name);
                            using (list.PushSequence())
                            {
                                list.WriteObjectIdentifier(IndirectData);
                                using (list.PushSetOf())
                                {
                                    WriteIndirectData(list, hash, digest);
                                }
                            }
                        }
                    }
                }
            }
        }

        return SignedData(TrustList, list.Encode(), digest, publisher);
    }

    private static void WriteName(AsnWriter writer, string name)
    {
        using (writer.PushSequence())
        {
            writer.WriteObjectIdentifier("1.3.6.1.4.1.311.12.2.1");
            using (writer.PushSetOf())
            using (writer.PushSequence())
            {
                writer.WriteCharacterString(UniversalTagNumber.BMPString, "File");
                writer.WriteInteger(0x1001_0001);
                writer.WriteOctetString(Encoding.Unicode.GetBytes(name + '\0'));
            }
        }
    }

    private static void WriteIndirectData(AsnWriter writer, ReadOnlySpan<byte> hash, string digest)
    {
        using (writer.PushSequence())
        {
            using (writer.PushSequence())
            {
                writer.WriteObjectIdentifier("1.3.6.1.4.1.311.2.1.15"); // SPC_PE_IMAGE_DATA
            }

            using (writer.PushSequence())
            {
                WriteAlgorithm(writer, digest);
                writer.WriteOctetString(hash);
            }
        }
    }

    private static void WriteAlgorithm(AsnWriter writer, string oid)
    {
        using (writer.PushSequence())
        {
            writer.WriteObjectIdentifier(oid);
            writer.WriteNull();
        }
    }

    private static byte[] SignedData(string type, byte[] content, string digest, string publisher = Publisher)
    {
        var certificate = Certificate(publisher);
        AsnDecoder.ReadEncodedValue(content, AsnEncodingRules.DER, out var offset, out var length, out _);
        var inner = content.AsSpan(offset, length);
        var messageDigest = digest == Sha1 ? SHA1.HashData(inner) : SHA256.HashData(inner);
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            writer.WriteObjectIdentifier("1.2.840.113549.1.7.2");
            using (writer.PushSequence(Context0))
            using (writer.PushSequence())
            {
                writer.WriteInteger(1);
                using (writer.PushSetOf())
                {
                    WriteAlgorithm(writer, digest);
                }

                using (writer.PushSequence())
                {
                    writer.WriteObjectIdentifier(type);
                    using (writer.PushSequence(Context0))
                    {
                        writer.WriteEncodedValue(content);
                    }
                }

                using (writer.PushSetOf(Context0))
                {
                    writer.WriteEncodedValue(certificate);
                }

                using (writer.PushSetOf())
                using (writer.PushSequence())
                {
                    writer.WriteInteger(1);
                    using (writer.PushSequence())
                    {
                        WritePublisher(writer, publisher);
                        writer.WriteInteger(0x0FF1);
                    }

                    WriteAlgorithm(writer, digest);
                    using (writer.PushSetOf(Context0))
                    using (writer.PushSequence())
                    {
                        writer.WriteObjectIdentifier("1.2.840.113549.1.9.4");
                        using (writer.PushSetOf())
                        {
                            writer.WriteOctetString(messageDigest);
                        }
                    }

                    WriteAlgorithm(writer, "1.2.840.113549.1.1.1");
                    writer.WriteOctetString(new byte[256]);
                }
            }
        }

        return writer.Encode();
    }

    private static void WritePublisher(AsnWriter writer, string publisher)
    {
        using (writer.PushSequence())
        using (writer.PushSetOf())
        using (writer.PushSequence())
        {
            writer.WriteObjectIdentifier("2.5.4.3");
            writer.WriteCharacterString(UniversalTagNumber.UTF8String, publisher);
        }
    }

    private static byte[] Certificate(string publisher)
    {
        var modulus = new byte[257];
        for (var i = 0; i < 8; i++)
        {
            SHA256.HashData([(byte)i]).CopyTo(modulus, 1 + (i * 32));
        }

        modulus[1] |= 0x80;
        modulus[^1] |= 1;
        var key = new AsnWriter(AsnEncodingRules.DER);
        using (key.PushSequence())
        {
            key.WriteInteger(modulus);
            key.WriteInteger(65537);
        }

        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            using (writer.PushSequence())
            {
                using (writer.PushSequence(Context0))
                {
                    writer.WriteInteger(2);
                }

                writer.WriteInteger(0x0FF1);
                WriteAlgorithm(writer, "1.2.840.113549.1.1.11");
                WritePublisher(writer, publisher);
                using (writer.PushSequence())
                {
                    writer.WriteUtcTime(new DateTimeOffset(2020, 1, 1, 0, 0, 0, TimeSpan.Zero));
                    writer.WriteUtcTime(new DateTimeOffset(2040, 1, 1, 0, 0, 0, TimeSpan.Zero));
                }

                WritePublisher(writer, publisher);
                using (writer.PushSequence())
                {
                    WriteAlgorithm(writer, "1.2.840.113549.1.1.1");
                    writer.WriteBitString(key.Encode());
                }
            }

            WriteAlgorithm(writer, "1.2.840.113549.1.1.11");
            writer.WriteBitString(new byte[256]);
        }

        return writer.Encode();
    }
}
