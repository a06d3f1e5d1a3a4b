using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Text;
using OfflinePatch.Core;
using OfflinePatch.Drivers.Pe;

namespace OfflinePatch.Drivers.Signatures;

/// <summary>
/// A security catalogue (.cat): a signed certificate trust list whose members are the hashes of a package's files. An INF is hashed flat,
/// an executable by its Authenticode hash; page hashes and other attributes are ignored. Source: mscat.h, wintrust.h (CTL_INFO,
/// SPC_INDIRECT_DATA_CONTENT).
/// </summary>
public sealed class Catalog
{
    private const int MaxMembers = 100_000;

    private readonly HashSet<string> _hashes = new(StringComparer.Ordinal);

    private Catalog(SignedContent signature) => Signature = signature;

    /// <summary>The signature as it is in the file; <see cref="SignatureVerifier"/> verifies it.</summary>
    public SignedContent Signature { get; }

    /// <summary>How many hashes it lists.</summary>
    public int MemberCount => _hashes.Count;

    /// <summary>Parses a catalogue.</summary>
    /// <param name="content">The whole file.</param>
    /// <param name="name">Its name, for messages.</param>
    /// <exception cref="CorruptImageException"><c>DRV-0010</c>: it is no catalogue.</exception>
    public static Catalog Parse(ReadOnlyMemory<byte> content, string name)
    {
        var signature = SignedContent.TryParse(content, out var reason) ?? throw DriverError.BadCatalog(name, reason);
        if (signature.ContentType != SignatureOids.TrustList)
        {
            throw DriverError.BadCatalog(name, $"content of type {signature.ContentType}");
        }

        try
        {
            var catalog = new Catalog(signature);
            catalog.ReadList(new AsnReader(signature.Content, AsnEncodingRules.BER).ReadSequence(), name);
            return catalog;
        }
        catch (AsnContentException e)
        {
            throw DriverError.BadCatalog(name, e.Message);
        }
    }

    /// <summary>
    /// Whether the catalogue lists a file of this content, by its flat hash or, for an executable, its Authenticode hash.
    /// </summary>
    public bool Lists(ReadOnlyMemory<byte> file)
    {
        HashAlgorithmName[] algorithms = [HashAlgorithmName.SHA256, HashAlgorithmName.SHA1];
        var image = PeImage.TryParse(file, out _);
        foreach (var algorithm in algorithms)
        {
            if (_hashes.Contains(Convert.ToHexString(CryptographicOperations.HashData(algorithm, file.Span)))
                || (image is not null && _hashes.Contains(Convert.ToHexString(image.Hash(algorithm))))
                || (image is not null && _hashes.Contains(Convert.ToHexString(image.Hash(algorithm, padded: false)))))
            {
                return true;
            }
        }

        return false;
    }

    private void ReadList(AsnReader list, string name)
    {
        if (list.PeekTag().HasSameClassAndValue(Asn1Tag.Integer))
        {
            list.ReadIntegerBytes(); // version
        }

        list.ReadSequence(); // subjectUsage
        if (list.PeekTag().HasSameClassAndValue(Asn1Tag.PrimitiveOctetString))
        {
            list.ReadOctetString(); // listIdentifier
        }

        if (list.PeekTag().HasSameClassAndValue(Asn1Tag.Integer))
        {
            list.ReadIntegerBytes(); // sequenceNumber
        }

        list.ReadEncodedValue(); // thisUpdate
        if (list.PeekTag() is
            {
                TagClass: TagClass.Universal,
                TagValue: (int)UniversalTagNumber.UtcTime or (int)UniversalTagNumber.GeneralizedTime
            })
        {
            list.ReadEncodedValue(); // nextUpdate
        }

        list.ReadSequence(); // subjectAlgorithm
        if (!list.HasData || !list.PeekTag().HasSameClassAndValue(Asn1Tag.Sequence))
        {
            return; // an empty list
        }

        var members = list.ReadSequence();
        for (var count = 0; members.HasData; count++)
        {
            if (count == MaxMembers)
            {
                throw DriverError.TooManyMembers(name, MaxMembers);
            }

            ReadMember(members.ReadSequence());
        }
    }

    private void ReadMember(AsnReader member)
    {
        var tag = member.ReadOctetString();
        string? hash = null;
        if (member.HasData)
        {
            var attributes = member.ReadSetOf(skipSortOrderValidation: true);
            while (attributes.HasData)
            {
                var attribute = attributes.ReadSequence();
                switch (attribute.ReadObjectIdentifier())
                {
                    case SignatureOids.IndirectData:
                        hash = ReadDigest(attribute.ReadSetOf(skipSortOrderValidation: true));
                        break;
                    default:
                        break;
                }
            }
        }

        // The tag is the hash itself, or its hexadecimal digits as UTF-16.
        var tagHash = tag.Length is 20 or 32 ? Convert.ToHexString(tag) : Encoding.Unicode.GetString(tag).TrimEnd('\0').ToUpperInvariant();
        foreach (var one in (string?[])[hash, tagHash.Length is 40 or 64 ? tagHash : null])
        {
            if (one is not null)
            {
                _hashes.Add(one);
            }
        }
    }

    private static string? ReadDigest(AsnReader values)
    {
        if (!values.HasData)
        {
            return null;
        }

        var indirect = values.ReadSequence();
        indirect.ReadSequence(); // what was hashed: SPC_PE_IMAGE_DATA, SPC_CAB_DATA, SPC_LINK, ...
        var digest = indirect.ReadSequence();
        digest.ReadSequence();
        return Convert.ToHexString(digest.ReadOctetString());
    }
}
