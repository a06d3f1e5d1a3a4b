using OfflinePatch.Core;
using OfflinePatch.Ntfs.Layout;
using OfflinePatch.Ntfs.Runs;

namespace OfflinePatch.Ntfs.Engine.Records;

/// <summary>One decoded entry of an attribute list.</summary>
internal readonly record struct ListedAttribute(AttributeType Type, string Name, long LowestVcn, FileReference Reference, ushort Id,
    int NameOffset);

/// <summary>Reads $ATTRIBUTE_LIST, resident or not.</summary>
internal sealed class AttributeListReader(RunDevice device)
{
    /// <summary>Largest list that NTFS itself handles.</summary>
    public const int MaxSize = 256 * 1024;

    /// <summary>The entries of the list in record <paramref name="number"/>.</summary>
    /// <exception cref="CorruptImageException"><c>NTFS-0117</c>, <c>NTFS-0120</c>.</exception>
    public List<ListedAttribute> Read(AttributeHeader list, long number) => Parse(ReadContent(list, number), number);

    private byte[] ReadContent(AttributeHeader list, long number)
    {
        if (list.IsResident)
        {
            return list.Value.ToArray();
        }

        var size = list.DataSize;
        if (size is <= 0 or > MaxSize || list.LowestVcn != 0 || list.InitializedSize < 0)
        {
            throw NtfsError.BadAttributeList(number, $"{size} bytes");
        }

        var runs = new RunList();
        MappingPairs.Decode(list.MappingPairs, runs, device.Geometry.ClusterCount, device.Geometry.MaxVcn, number);
        if (device.Geometry.ClustersFor(size) > runs.ClusterCount)
        {
            throw NtfsError.BadAttributeList(number, $"{size} bytes in {runs.ClusterCount} clusters");
        }

        var content = new byte[size];
        device.Read(runs, list.InitializedSize, 0, content, number);
        return content;
    }

    private static List<ListedAttribute> Parse(ReadOnlySpan<byte> content, long number)
    {
        var entries = new List<ListedAttribute>();
        while (content.Length >= AttributeListEntry.Layout.Name)
        {
            if (!AttributeListEntry.TryCreate(content, out var entry))
            {
                throw NtfsError.BadAttributeList(number, "an entry does not fit");
            }

            entries.Add(new ListedAttribute(entry.Type, Utf16.ToText(entry.NameBytes), entry.LowestVcn, entry.Reference, entry.Id,
                entry.NameOffset));
            content = content[entry.Length..];
        }

        return entries;
    }
}
