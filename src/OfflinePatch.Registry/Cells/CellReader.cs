using System.Buffers.Binary;
using OfflinePatch.Registry.Errors;
using OfflinePatch.Registry.Layout;

namespace OfflinePatch.Registry.Cells;

/// <summary>
/// Reads structures by the cell that holds them; what does not fit its format is a <see cref="CorruptImageException"/>.
/// </summary>
internal static class CellReader
{
    /// <summary>Levels of keys that Windows allows below a root.</summary>
    public const int MaxDepth = 512;

    public static KeyNode Key(this HiveImage image, CellOffset cell) =>
        KeyNode.TryRead(image.Cell(cell, "key node"), out var node) ? node : throw RegistryError.BadKeyNode(cell);

    public static KeyValue Value(this HiveImage image, CellOffset cell) =>
        KeyValue.TryRead(image.Cell(cell, "key value"), out var value) ? value : throw RegistryError.BadValue(cell);

    public static KeySecurity Security(this HiveImage image, CellOffset cell) =>
        KeySecurity.TryRead(image.Cell(cell, "key security"), out var security) ? security : throw RegistryError.BadSecurity(cell);

    /// <summary>The value offsets of a key: 4 bytes each.</summary>
    public static ReadOnlySpan<byte> ValueList(this HiveImage image, KeyNode key)
    {
        var count = key.ValueCount;
        if (count == 0)
        {
            return default;
        }

        var list = image.Cell(key.ValueList, "value list");
        return count <= (uint)list.Length / 4 ? list[..((int)count * 4)] : throw RegistryError.BadValueList(key.ValueList, count);
    }

    /// <summary>One entry of a list of offsets.</summary>
    public static CellOffset OffsetAt(ReadOnlySpan<byte> list, int index) =>
        new(BinaryPrimitives.ReadUInt32LittleEndian(list[(index * 4)..]));

    /// <summary>Whether data of this length is cut in segments in a hive of this version.</summary>
    public static bool IsBigData(uint length, uint minorVersion) => length > BigData.SegmentLength
        && minorVersion >= BigData.FirstMinorVersion;

    /// <summary>
    /// The data of a value where it is in one piece; false when it is split into segments (<see cref="CopyBigData"/>).
    /// Inline lengths above 4 are read as 4, as Windows does.
    /// </summary>
    public static bool TryGetData(this HiveImage image, KeyValue value, uint minorVersion, out ReadOnlySpan<byte> content)
    {
        if (value.IsInline)
        {
            content = value.InlineBytes[..(int)Math.Min(4, value.DataLength)];
            return true;
        }

        content = default;
        var length = value.DataLength;
        if (length == 0)
        {
            return true;
        }

        if (IsBigData(length, minorVersion))
        {
            return false;
        }

        var cell = image.Cell(value.Data, "value data");
        content = length <= (uint)cell.Length ? cell[..(int)length] : throw RegistryError.BadDataLength(value.Data, length);
        return true;
    }

    /// <summary>One segment of big data.</summary>
    public static ReadOnlySpan<byte> BigDataSegment(this HiveImage image, KeyValue value, ReadOnlySpan<byte> segments, int index)
    {
        var start = index * (long)BigData.SegmentLength;
        var length = (int)Math.Min(BigData.SegmentLength, value.DataLength - start);
        var offset = OffsetAt(segments, index);
        var cell = image.Cell(offset, "big data segment");
        return cell.Length >= length ? cell[..length] : throw RegistryError.BadBigData(offset, $"a segment of {cell.Length} bytes");
    }

    /// <summary>The segment offsets of big data, exactly as many as its length needs.</summary>
    public static ReadOnlySpan<byte> BigDataSegments(this HiveImage image, KeyValue value)
    {
        if (!BigData.TryRead(image.Cell(value.Data, "big data"), out var head))
        {
            throw RegistryError.BadBigData(value.Data, "no 'db'");
        }

        var count = BigData.SegmentsFor(value.DataLength);
        if (head.SegmentCount != count)
        {
            throw RegistryError.BadBigData(value.Data, $"{head.SegmentCount} segments for {value.DataLength} bytes");
        }

        var list = image.Cell(head.SegmentList, "big data list");
        return list.Length / 4 >= count ? list[..(count * 4)]
            : throw RegistryError.BadBigData(head.SegmentList, "a list that is too short");
    }

    /// <summary>Puts the segments of big data together.</summary>
    public static byte[] CopyBigData(this HiveImage image, KeyValue value)
    {
        var segments = image.BigDataSegments(value);
        if (value.DataLength > (uint)image.BinsSize)
        {
            throw RegistryError.BadBigData(value.Data, $"{value.DataLength} bytes, more than the hive");
        }

        var content = new byte[value.DataLength];
        for (var i = 0; i < segments.Length / 4; i++)
        {
            image.BigDataSegment(value, segments, i).CopyTo(content.AsSpan(i * BigData.SegmentLength));
        }

        return content;
    }
}
