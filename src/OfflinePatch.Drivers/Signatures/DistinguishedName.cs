using System.Formats.Asn1;

namespace OfflinePatch.Drivers.Signatures;

/// <summary>The parts of an X.500 name that people know a signer by.</summary>
internal static class DistinguishedName
{
    private const string CommonName = "2.5.4.3";
    private const string Organization = "2.5.4.10";
    private const string Unit = "2.5.4.11";

    /// <summary>The common name, else the organisational unit, else the organisation; empty when there is none.</summary>
    public static string Short(ReadOnlyMemory<byte> name) => Find(name, CommonName) ?? Find(name, Unit) ?? Find(name, Organization) ?? "";

    /// <summary>The organisation, or empty.</summary>
    public static string OrganizationOf(ReadOnlyMemory<byte> name) => Find(name, Organization) ?? "";

    private static string? Find(ReadOnlyMemory<byte> name, string attribute)
    {
        try
        {
            var parts = new AsnReader(name, AsnEncodingRules.BER).ReadSequence();
            while (parts.HasData)
            {
                for (var set = parts.ReadSetOf(skipSortOrderValidation: true); set.HasData;)
                {
                    var pair = set.ReadSequence();
                    if (pair.ReadObjectIdentifier() == attribute && pair.PeekTag() is { TagClass: TagClass.Universal } tag)
                    {
                        return pair.ReadCharacterString((UniversalTagNumber)tag.TagValue);
                    }
                }
            }
        }
        catch (Exception e) when (e is AsnContentException or ArgumentException)
        {
            return null; // a name in an encoding of its own
        }

        return null;
    }
}
