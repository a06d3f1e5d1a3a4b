using OfflinePatch.Core;
using OfflinePatch.Ntfs.Engine.Records;
using OfflinePatch.Ntfs.Layout;
using OfflinePatch.Ntfs.Runs;

namespace OfflinePatch.Ntfs.Engine.Attributes;

/// <summary>Names FILE records in messages, also on a damaged volume: by path where the names lead to the root.</summary>
internal sealed class RecordPath(RecordStore records, NodeReader nodes)
{
    /// <summary>Max directories in a path that is shown: more than a Windows path of 32,767 characters occurs only in a cycle.</summary>
    private const int MaxDepth = 256;

    /// <summary><c>Users\a\b.bin (FILE record 64)</c>, or <c>FILE record 64</c> when no name can be read.</summary>
    public string Describe(long record) => Find(record) is { } path ? $"{path} (FILE record {record})" : $"FILE record {record}";

    /// <summary>The path of a base or extension record, without a leading separator; null when it cannot be found.</summary>
    public string? Find(long record)
    {
        try
        {
            var number = records.BaseOf(record);
            var names = new List<string>();
            while (number != FileReference.RootRecord)
            {
                if (names.Count == MaxDepth || NameOf(number) is not { } link)
                {
                    return null;
                }

                names.Insert(0, link.Name);
                number = link.Parent;
            }

            return names.Count == 0 ? "the root directory" : string.Join('\\', names);
        }
        catch (CorruptImageException)
        {
            return null; // the caller reports the record by its number
        }
    }

    private (string Name, long Parent)? NameOf(long number)
    {
        (string Name, long Parent)? found = null;
        foreach (var attribute in nodes.Read(number).Names)
        {
            if (FileNameAttribute.TryCreate(attribute.Value, out var name) && (found is null || name.NameSpace != FileNameSpace.Dos))
            {
                found = (name.Name, name.Parent.Record);
            }
        }

        return found;
    }
}
