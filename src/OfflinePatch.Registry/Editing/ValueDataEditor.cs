using System.Buffers.Binary;
using OfflinePatch.Registry.Cells;
using OfflinePatch.Registry.Errors;
using OfflinePatch.Registry.Layout;

namespace OfflinePatch.Registry.Editing;

/// <summary>
/// Stores the data of values: in the value itself up to 4 bytes, in one cell, or cut in segments where the hive's version and the length
/// ask for it.
/// </summary>
internal sealed class ValueDataEditor(HiveImage image, CellAllocator cells, uint minorVersion)
{
    /// <summary>Stores the data of a value that has none yet.</summary>
    public void Write(CellOffset value, ReadOnlySpan<byte> content)
    {
        if (content.Length <= 4)
        {
            new KeyValueWriter(image.WritableCell(value)).SetInline(content);
            return;
        }

        var place = CellReader.IsBigData((uint)content.Length, minorVersion) ? WriteSegments(content) : WriteCell(content);
        new KeyValueWriter(image.WritableCell(value)).SetData((uint)content.Length, place);
    }

    /// <summary>Changes the data of a value; in its own cell where that is large enough.</summary>
    public void Replace(CellOffset value, ReadOnlySpan<byte> content)
    {
        var stored = image.Value(value);
        var length = (uint)content.Length;
        if (!stored.IsInline && stored.DataLength > 4 && length > 4 && !CellReader.IsBigData(stored.DataLength, minorVersion)
            && !CellReader.IsBigData(length, minorVersion) && image.Cell(stored.Data, "value data").Length >= content.Length)
        {
            var place = stored.Data;
            content.CopyTo(image.WritableCell(place));
            cells.Shrink(place, content.Length);
            new KeyValueWriter(image.WritableCell(value)).SetData(length, place);
            return;
        }

        Release(value);
        Write(value, content);
    }

    /// <summary>Frees the data of a value.</summary>
    public void Release(CellOffset value)
    {
        var stored = image.Value(value);
        if (stored.IsInline || stored.DataLength == 0)
        {
            return;
        }

        var place = stored.Data;
        if (CellReader.IsBigData(stored.DataLength, minorVersion) && BigData.TryRead(image.Cell(place, "big data"), out var head))
        {
            var list = head.SegmentList;
            foreach (var segment in SegmentsOf(image.BigDataSegments(stored)))
            {
                cells.Free(segment);
            }

            cells.Free(list);
        }

        cells.Free(place);
        new KeyValueWriter(image.WritableCell(value)).SetInline(default);
    }

    private CellOffset WriteCell(ReadOnlySpan<byte> content)
    {
        var cell = cells.Allocate(content.Length);
        content.CopyTo(image.WritableCell(cell));
        return cell;
    }

    private CellOffset WriteSegments(ReadOnlySpan<byte> content)
    {
        var count = BigData.SegmentsFor((uint)content.Length);
        if (count > ushort.MaxValue)
        {
            throw RegistryError.Full();
        }

        var head = cells.Allocate(BigData.HeaderSize);
        var list = cells.Allocate(count * 4);
        for (var i = 0; i < count; i++)
        {
            var start = i * BigData.SegmentLength;
            var part = content.Slice(start, Math.Min(BigData.SegmentLength, content.Length - start));
            // Windows gives every segment, the last too, the size of a full one plus 4 bytes; its validator refuses a smaller cell.
            var segment = cells.Allocate(BigData.SegmentLength + 4);
            part.CopyTo(image.WritableCell(segment));
            BinaryPrimitives.WriteUInt32LittleEndian(image.WritableCell(list)[(i * 4)..], segment.Value);
        }

        BigData.Write(image.WritableCell(head), count, list);
        return head;
    }

    private static CellOffset[] SegmentsOf(ReadOnlySpan<byte> list)
    {
        var segments = new CellOffset[list.Length / 4];
        for (var i = 0; i < segments.Length; i++)
        {
            segments[i] = CellReader.OffsetAt(list, i);
        }

        return segments;
    }
}
