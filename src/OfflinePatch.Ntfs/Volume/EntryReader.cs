using OfflinePatch.Core;
using OfflinePatch.Ntfs.Engine;
using OfflinePatch.Ntfs.Engine.Attributes;
using OfflinePatch.Ntfs.Engine.Records;
using OfflinePatch.Ntfs.Layout;
using OfflinePatch.Ntfs.Runs;

namespace OfflinePatch.Ntfs.Volume;

/// <summary>
/// Reads what a directory listing shows from the FILE record itself: the copies in the index may be stale. Allocates nothing but the entry.
/// </summary>
internal sealed class EntryReader(RecordStore records, NodeReader nodes)
{
    /// <summary>The entry of a file.</summary>
    /// <exception cref="CorruptImageException">The record is damaged, free, or was reused.</exception>
    public FileEntry Read(FileReference reference, string name)
    {
        var record = records.Get(reference);
        if (!record.IsBase)
        {
            throw NtfsError.NotInUse(reference.Record, "it is an extension record");
        }

        // taken now: reading a file of many records may reuse this record's buffer
        var isDirectory = record.IsDirectory;
        long length = 0, modified = 0;
        uint attributes = 0;
        var hasList = false;
        var hasData = false;
        foreach (var attribute in record)
        {
            switch (attribute.Type)
            {
                case AttributeType.StandardInformation when attribute.IsResident
                    && StandardInformation.TryCreate(attribute.Value, out var standard):
                    modified = standard.Modified;
                    attributes = standard.Attributes;
                    break;
                case AttributeType.AttributeList:
                    hasList = true;
                    break;
                case AttributeType.Data when attribute.NameLength == 0 && (attribute.IsResident || attribute.LowestVcn == 0):
                    length = Math.Max(0, attribute.DataSize);
                    hasData = true;
                    break;
                default:
                    break;
            }
        }

        if (hasList && !hasData && !isDirectory)
        {
            length = nodes.Read(reference.Record).Find(AttributeType.Data, "")?.DataSize ?? 0;
        }

        return new FileEntry(name, isDirectory, isDirectory ? 0 : length, FileTime.ToDateTime(modified),
            ToAttributes(attributes, isDirectory));
    }

    /// <summary>DOS attributes as .NET names them.</summary>
    public static FileAttributes ToAttributes(uint attributes, bool isDirectory) =>
        (FileAttributes)(attributes & 0x0000_FFFF & ~(uint)FileAttributes.Directory) | (isDirectory ? FileAttributes.Directory : 0);
}
