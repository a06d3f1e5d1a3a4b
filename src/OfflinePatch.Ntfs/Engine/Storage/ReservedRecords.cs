using OfflinePatch.Ntfs.Engine.Allocation;
using OfflinePatch.Ntfs.Engine.Attributes;
using OfflinePatch.Ntfs.Engine.Records;
using OfflinePatch.Ntfs.Layout;

namespace OfflinePatch.Ntfs.Engine.Storage;

/// <summary>
/// The records 16 to 23, for $MFT itself: a record that describes $MFT must lie in a part of $MFT that is described before it, near its
/// start.
/// </summary>
internal sealed class ReservedRecords(RecordBitmap bitmap, RecordStore records, NodeCache nodes) : RecordSource(bitmap, records, nodes)
{
    /// <summary>First of the records that Windows keeps for $MFT itself.</summary>
    private const long First = 16;

    private readonly RecordBitmap _bitmap = bitmap;
    private readonly RecordStore _records = records;

    /// <summary>Whether one is left.</summary>
    public bool HasFree => Find() >= 0;

    /// <inheritdoc/>
    /// <remarks>Their bits are set already on most volumes, and they hold nothing.</remarks>
    public override long Allocate(out ushort sequence)
    {
        var number = Find();
        if (number < 0)
        {
            throw NtfsError.MftFull("its own records have no room for more runs",
                "Defragment the volume in the source machine.");
        }

        sequence = FileRecordHeader.TryCreate(_records.Read(number), out var header)
            && header.SequenceNumber != 0 ? header.SequenceNumber : (ushort)number;
        if (!_bitmap.IsAllocated(number))
        {
            _bitmap.Set(number, value: true);
        }

        return number;
    }

    private long Find()
    {
        for (var number = First; number < FileReference.FirstUserRecord; number++)
        {
            if (!FileRecordHeader.TryCreate(_records.Read(number), out var header) || (header.Flags & FileRecordFlags.InUse) == 0)
            {
                return number;
            }
        }

        return -1;
    }
}
