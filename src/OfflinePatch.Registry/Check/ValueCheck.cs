using OfflinePatch.Registry.Cells;
using OfflinePatch.Registry.Layout;

namespace OfflinePatch.Registry.Check;

/// <summary>The values of a key: the list, each value's cell, and where its data stands.</summary>
internal sealed class ValueCheck(HiveImage image, HiveCensus census, HiveFindings findings, uint minorVersion, bool isLayered)
{
    private const string LinkTarget = "SYMBOLICLINKVALUE";

    public void Run(CellOffset key, KeyNode node)
    {
        var count = node.ValueCount;
        if (count == 0)
        {
            if (!node.ValueList.IsNil && (node.Flags & KeyNodeFlags.PredefinedHandle) == 0)
            {
                findings.Error(HiveFindingCode.NoValuesList, "value list", key,
                    $"there are no values, and a list of them at {node.ValueList}");
            }

            return;
        }

        if (!census.TryTake(node.ValueList, out var list) || count > (uint)list.Length / 4)
        {
            findings.Error(HiveFindingCode.ValueList, "value list", key, $"{node.ValueList} is no list of {count} values");
            return;
        }

        _ = image.Warm(list[..((int)count * 4)], 4);
        var isLink = (node.Flags & KeyNodeFlags.SymbolicLink) != 0;
        for (var i = 0; i < (int)count; i++)
        {
            CheckValue(key, CellReader.OffsetAt(list, i), node.MaximumValueData, isLink);
        }
    }

    private void CheckValue(CellOffset key, CellOffset cell, uint maximum, bool isLink)
    {
        if (!census.TryTake(cell, out var bytes))
        {
            findings.Error(HiveFindingCode.ValueListEntry, "value list", key, $"its entry {cell} is no allocated cell of its own");
            return;
        }

        if (!KeyValue.TryRead(bytes, out var value))
        {
            findings.Error(HiveFindingCode.ValueNode, "value", cell, "it is no 'vk' with a name that fits its cell");
            return;
        }

        if ((value.Flags & KeyValue.CompressedName) == 0 && value.NameLength % 2 != 0)
        {
            findings.Error(HiveFindingCode.ValueNameLength, "value", cell, "its UTF-16 name has an odd length");
        }

        if ((value.Flags & KeyValue.Tombstone) != 0 && !isLayered)
        {
            findings.Error(HiveFindingCode.DeletedValue, "value", cell, "it is deleted in this layer, in a hive without layers");
        }

        if (isLink && value.Name.CompareToUpper(LinkTarget) != 0)
        {
            findings.Error(HiveFindingCode.LinkValue, "value", cell, "it belongs to a symbolic link, and is not SymbolicLinkValue");
        }

        CheckData(cell, value, maximum);
    }

    private void CheckData(CellOffset cell, KeyValue value, uint maximum)
    {
        var length = value.DataLength;
        if (length > maximum)
        {
            findings.Error(HiveFindingCode.LongestValueData, "value", cell,
                $"it has {length} bytes of data; its key says that {maximum} is the most");
        }

        if (value.IsInline)
        {
            if (length > 4)
            {
                findings.Error(HiveFindingCode.InlineData, "value", cell, $"{length} bytes of data do not fit into the value itself");
            }

            return;
        }

        if (length == 0)
        {
            if (!value.Data.IsNil)
            {
                findings.Error(HiveFindingCode.NoDataPlace, "value", cell, "it has no data and a place for it");
            }

            return;
        }

        if (!census.TryTakeUnread(value.Data, out var room))
        {
            findings.Error(HiveFindingCode.ValueDataCell, "value", cell,
                $"its data is at {value.Data}, which is no allocated cell of its own");
        }
        else if (CellReader.IsBigData(length, minorVersion))
        {
            CheckBigData(cell, value);
        }
        else if (length > (uint)room)
        {
            findings.Error(HiveFindingCode.ValueDataLength, "value", cell, $"its {length} bytes of data are in a cell of {room}");
        }
    }

    private void CheckBigData(CellOffset cell, KeyValue value)
    {
        if (!image.TryGetCell(value.Data, out var content) || !BigData.TryRead(content, out var head)
            || !census.TryTake(head.SegmentList, out var list))
        {
            findings.Error(HiveFindingCode.BigDataHead, "big data", cell, $"{value.Data} is no 'db' with a list");
            return;
        }

        var count = BigData.SegmentsFor(value.DataLength);
        if (head.SegmentCount != count || list.Length / 4 < count)
        {
            findings.Error(HiveFindingCode.BigDataCount, "big data", cell, $"{head.SegmentCount} segments for {value.DataLength} bytes");
            return;
        }

        for (var i = 0; i < count; i++)
        {
            var segment = CellReader.OffsetAt(list, i);
            if (!census.TryTakeUnread(segment, out var room) || room < BigData.SegmentLength)
            {
                findings.Error(HiveFindingCode.BigDataSegment, "big data", cell,
                    $"segment {segment} is no cell of its own with {BigData.SegmentLength} bytes; the last has as many");
                return;
            }
        }
    }
}
