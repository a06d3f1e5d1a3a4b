using OfflinePatch.Registry.Cells;
using OfflinePatch.Registry.Layout;

namespace OfflinePatch.Registry.Check;

/// <summary>The values of a key: the list, each value's cell, and where its data stands.</summary>
internal sealed class ValueCheck(HiveImage image, HiveCensus census, HiveFindings findings, uint minorVersion)
{
    public void Run(CellOffset key, KeyNode node)
    {
        var count = node.ValueCount;
        if (count == 0)
        {
            return;
        }

        if (!image.TryGetCell(node.ValueList, out var list) || count > (uint)list.Length / 4)
        {
            findings.Error("REG-C501", "value list", key, $"{node.ValueList} is no list of {count} values");
            return;
        }

        census.Claim(node.ValueList);
        for (var i = 0; i < (int)count; i++)
        {
            CheckValue(key, CellReader.OffsetAt(list, i));
        }
    }

    private void CheckValue(CellOffset key, CellOffset cell)
    {
        if (!image.TryGetCell(cell, out var bytes))
        {
            findings.Error("REG-C502", "value list", key, $"its entry {cell} is no allocated cell");
            return;
        }

        if (!KeyValue.TryRead(bytes, out var value))
        {
            findings.Error("REG-C503", "value", cell, "it is no 'vk' with a name that fits its cell");
            return;
        }

        census.Claim(cell);
        if (value.IsInline)
        {
            return;
        }

        var length = value.DataLength;
        if (length == 0)
        {
            if (!value.Data.IsNil)
            {
                findings.Error("REG-C504", "value", cell, "it has no data and a place for it");
            }

            return;
        }

        if (!image.TryGetCell(value.Data, out var content))
        {
            findings.Error("REG-C505", "value", cell, $"its data is at {value.Data}, which is no allocated cell");
            return;
        }

        census.Claim(value.Data);
        if (CellReader.IsBigData(length, minorVersion))
        {
            CheckBigData(cell, value, content);
        }
        else if (length > (uint)content.Length)
        {
            findings.Error("REG-C506", "value", cell, $"its {length} bytes of data stand in a cell of {content.Length}");
        }
    }

    private void CheckBigData(CellOffset cell, KeyValue value, ReadOnlySpan<byte> content)
    {
        if (!BigData.TryRead(content, out var head) || !image.TryGetCell(head.SegmentList, out var list))
        {
            findings.Error("REG-C507", "big data", cell, $"{value.Data} is no 'db' with a list");
            return;
        }

        census.Claim(head.SegmentList);
        var count = BigData.SegmentsFor(value.DataLength);
        if (head.SegmentCount != count || list.Length / 4 < count)
        {
            findings.Error("REG-C508", "big data", cell, $"{head.SegmentCount} segments for {value.DataLength} bytes");
            return;
        }

        for (var i = 0; i < count; i++)
        {
            var segment = CellReader.OffsetAt(list, i);
            var needed = Math.Min(BigData.SegmentLength, value.DataLength - (i * (long)BigData.SegmentLength));
            if (!image.TryGetCell(segment, out var part) || part.Length < needed)
            {
                findings.Error("REG-C509", "big data", cell, $"segment {segment} is no cell of {needed} bytes");
                return;
            }

            census.Claim(segment);
        }
    }
}
