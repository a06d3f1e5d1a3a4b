using OfflinePatch.Ntfs.Engine.Storage;
using OfflinePatch.Ntfs.Layout;
using OfflinePatch.Ntfs.Runs;

namespace OfflinePatch.Ntfs.Engine.Attributes;

/// <summary>Encodes one attribute, or one extent of it. The id is filled in by <see cref="NodeWriter"/>.</summary>
internal static class AttributeEncoder
{
    /// <summary>Bytes of a resident attribute.</summary>
    public static int MeasureResident(int nameLength, int valueLength) =>
        Round8(Round8(AttributeHeader.Layout.ResidentSize + (2 * nameLength)) + valueLength);

    /// <summary>Bytes of the header and name of a non-resident extent.</summary>
    public static int MeasureHeader(NodeAttribute attribute, long lowestVcn) =>
        Round8(HeaderSize(attribute, lowestVcn) + (2 * attribute.Name.Length));

    /// <summary>Bytes of the whole attribute in one piece.</summary>
    public static int Measure(NodeAttribute attribute) => attribute.IsResident
        ? MeasureResident(attribute.Name.Length, attribute.Value.Length)
        : MeasureHeader(attribute, 0) + Round8(MappingPairs.Measure(attribute.Runs));

    /// <summary>A resident attribute.</summary>
    public static byte[] EncodeResident(NodeAttribute attribute)
    {
        var bytes = new byte[MeasureResident(attribute.Name.Length, attribute.Value.Length)];
        attribute.Header.AsSpan(0, attribute.Header is null ? 0 : AttributeHeader.Layout.ResidentSize).CopyTo(bytes);
        var valueOffset = Round8(AttributeHeader.Layout.ResidentSize + (2 * attribute.Name.Length));
        var writer = new AttributeWriter(bytes);
        writer.Initialise(attribute.Type, isResident: true, attribute.Flags, attribute.Name, AttributeHeader.Layout.ResidentSize);
        writer.SetValue(valueOffset, attribute.Value.Length);
        if (attribute.Type == AttributeType.FileName)
        {
            writer.SetIndexed();
        }

        attribute.Value.CopyTo(bytes.AsSpan(valueOffset));
        return bytes;
    }

    /// <summary>
    /// A non-resident extent from <paramref name="lowestVcn"/> up to <paramref name="endVcn"/> at most, in at most
    /// <paramref name="capacity"/> bytes. Null when not even one run fits.
    /// </summary>
    public static byte[]? EncodeExtent(NodeAttribute attribute, long lowestVcn, long endVcn, int capacity, int clusterSize,
        out long nextVcn)
    {
        var header = MeasureHeader(attribute, lowestVcn);
        nextVcn = lowestVcn;
        if (header + 8 > capacity)
        {
            return null;
        }

        var buffer = new byte[capacity & ~7];
        var pairs = MappingPairs.Encode(attribute.Runs, lowestVcn, buffer.AsSpan(header), out nextVcn, endVcn);
        if (nextVcn == lowestVcn && lowestVcn < Math.Min(endVcn, attribute.Runs.ClusterCount))
        {
            return null;
        }

        var bytes = buffer.AsSpan(0, Round8(header + pairs)).ToArray();
        if (lowestVcn == 0 && attribute.Header is { Length: >= AttributeHeader.Layout.NonResidentSize } known)
        {
            known.AsSpan(0, Math.Min(known.Length, HeaderSize(attribute, 0))).CopyTo(bytes);
        }

        var size = HeaderSize(attribute, lowestVcn);
        var writer = new AttributeWriter(bytes);
        writer.Initialise(attribute.Type, isResident: false, attribute.Flags, attribute.Name, size);
        writer.SetExtent(lowestVcn, nextVcn - 1, header);
        writer.SetCompressionUnit(lowestVcn == 0 ? attribute.CompressionUnit : 0);
        if (lowestVcn == 0)
        {
            writer.SetSizes(attribute.AllocatedSize(clusterSize), attribute.DataSize, attribute.InitializedSize);
            if (size == AttributeHeader.Layout.NonResidentCompressedSize)
            {
                writer.SetCompressedSize(attribute.Runs.AllocatedClusters * clusterSize);
            }
        }

        return bytes;
    }

    /// <summary>Rounds up to 8.</summary>
    public static int Round8(int value) => (value + 7) & ~7;

    private static int HeaderSize(NodeAttribute attribute, long lowestVcn) => attribute.IsCompressedOrSparse && lowestVcn == 0
        ? AttributeHeader.Layout.NonResidentCompressedSize
        : AttributeHeader.Layout.NonResidentSize;
}
