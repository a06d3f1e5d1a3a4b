using OfflinePatch.Ntfs.Engine.Allocation;
using OfflinePatch.Ntfs.Engine.Attributes;
using OfflinePatch.Ntfs.Engine.Records;
using OfflinePatch.Ntfs.Layout;

namespace OfflinePatch.Ntfs.Engine.Storage;

/// <summary>Where a file allocates further FILE records, and frees them.</summary>
internal abstract class RecordSource(RecordBitmap bitmap, RecordStore records, NodeCache nodes)
{
    /// <summary>Takes a free record and returns its number and its sequence number. The caller formats it.</summary>
    /// <exception cref="RefusedException"><c>NTFS-0310</c>, <c>NTFS-0401</c>: there is none.</exception>
    public abstract long Allocate(out ushort sequence);

    /// <summary>Frees a record: not in use, sequence number raised, bit cleared.</summary>
    public void Free(long number)
    {
        new FileRecordWriter(records.Edit(number)).Release();
        bitmap.Set(number, value: false);
        nodes.Remove(number);
        bitmap.Cursor = Math.Clamp(number, FileReference.FirstUserRecord, bitmap.Cursor); // never at those that are kept for $MFT itself
    }
}
