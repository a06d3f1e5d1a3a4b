using OfflinePatch.Ntfs.Engine.Allocation;
using OfflinePatch.Ntfs.Engine.Attributes;
using OfflinePatch.Ntfs.Engine.Records;
using OfflinePatch.Ntfs.Layout;

namespace OfflinePatch.Ntfs.Engine.Storage;

/// <summary>Allocates FILE records in $MFT's bitmap, and extends $MFT where all are in use.</summary>
internal sealed class RecordAllocator(RecordBitmap bitmap, RecordStore records, NodeCache nodes, MftGrowth growth)
    : RecordSource(bitmap, records, nodes)
{
    private readonly RecordBitmap _bitmap = bitmap;
    private readonly RecordStore _records = records;

    /// <inheritdoc/>
    public override long Allocate(out ushort sequence)
    {
        var number = _bitmap.FindFree(_bitmap.Cursor);
        if (number < 0)
        {
            number = _bitmap.FindFree(FileReference.FirstUserRecord);
        }

        if (number < 0)
        {
            growth.Grow();
            number = _bitmap.FindFree(FileReference.FirstUserRecord);
        }

        var bytes = _records.Read(number);
        sequence = 1;
        if (FileRecordHeader.TryCreate(bytes, out var header))
        {
            if ((header.Flags & FileRecordFlags.InUse) != 0)
            {
                throw NtfsError.BadMetafile("$MFT", $"record {number} is in use, and free in the bitmap");
            }

            sequence = header.SequenceNumber == 0 ? (ushort)1 : header.SequenceNumber;
        }

        _bitmap.Set(number, value: true);
        _bitmap.Cursor = number + 1;
        return number;
    }
}
