using System.Buffers.Binary;
using OfflinePatch.Core;
using OfflinePatch.Ntfs.Engine;
using OfflinePatch.Ntfs.Engine.Attributes;
using OfflinePatch.Ntfs.Engine.Indexes;
using OfflinePatch.Ntfs.Engine.Records;
using OfflinePatch.Ntfs.Engine.Storage;
using OfflinePatch.Ntfs.Layout;
using OfflinePatch.Ntfs.Runs;

namespace OfflinePatch.Ntfs.Volume;

/// <summary>
/// Names of files: $FILE_NAME attributes and the entries in their directories, with the copies of sizes and times in both.
/// </summary>
internal sealed class LinkEditor(NodeCache nodes, RecordStore records, IndexEditor indexes)
{
    private const uint ReparseBit = 0x400;

    /// <summary>A $FILE_NAME value.</summary>
    public static byte[] NewName(FileReference parent, string name, FileNameSpace nameSpace)
    {
        var value = new byte[FileNameWriter.Measure(name)];
        new FileNameWriter(value).Initialise(parent, name, nameSpace);
        return value;
    }

    /// <summary>Copies times, sizes and attributes of the file into one $FILE_NAME value. Returns whether it changed.</summary>
    public bool Refresh(FileNode node, byte[] value)
    {
        var before = value.AsSpan(0, FileNameAttribute.Layout.NameLength).ToArray();
        if (!StandardInformation.TryCreate(node.StandardInformation, out var standard))
        {
            throw NtfsError.MissingAttribute(node.Number, "$STANDARD_INFORMATION");
        }

        var writer = new FileNameWriter(value);
        writer.SetTimes(standard.Created, standard.Modified, standard.RecordChanged, standard.Accessed);
        var data = node.IsDirectory ? null : node.Find(AttributeType.Data, "");
        writer.SetSizes(data?.DuplicatedAllocation(records.Geometry.ClusterSize) ?? 0, data?.DataSize ?? 0);

        // the bits that only $FILE_NAME has stay: directory, view index
        var former = BinaryPrimitives.ReadUInt32LittleEndian(before.AsSpan(FileNameAttribute.Layout.Attributes));
        writer.SetAttributes((former & 0xF000_0000) | (standard.Attributes & 0x0FFF_FFFF)
            | (node.IsDirectory ? FileNameAttribute.DirectoryBit : 0));
        if ((standard.Attributes & ReparseBit) == 0 && (former & ReparseBit) != 0)
        {
            writer.SetReparseTag(0);
        }

        return !value.AsSpan(0, FileNameAttribute.Layout.NameLength).SequenceEqual(before);
    }

    /// <summary>
    /// Brings every copy of the file's sizes and times up to date: in its own names, and in the directory of each of them.
    /// </summary>
    public void RefreshAll(FileNode node)
    {
        foreach (var name in node.Names.ToList())
        {
            if (!FileNameAttribute.TryCreate(name.Value, out var view))
            {
                throw NtfsError.BadAttribute(node.Number, 0, "a short $FILE_NAME");
            }

            Refresh(node, name.Value);
            var parent = nodes.Get(view.Parent);
            if (!indexes.UpdateName(parent, node.Reference, name.Value))
            {
                throw NtfsError.BadIndex(parent.Number, $"no entry for the name {view.Name} of record {node.Number}");
            }
        }
    }

    /// <summary>Adds a name: to the file (stored by the caller) and to the directory.</summary>
    public void Add(FileNode node, FileNode parent, string name)
    {
        var attribute = new NodeAttribute(AttributeType.FileName, "");
        var value = NewName(parent.Reference, name, NameRules.NameSpaceOf(name));
        Refresh(node, value);
        attribute.SetResident(value);
        node.Attributes.Add(attribute);
    }

    /// <summary>Adds the directory's entry for a name of the file.</summary>
    public void Index(FileNode node, FileNode parent, ReadOnlySpan<byte> name) =>
        indexes.Insert(parent, IndexTrees.Directory, IndexEntries.Name(node.Reference, name));

    /// <summary>
    /// Removes a name, and its 8.3 partner in the same directory, from the file (stored by the caller) and from the directory.
    /// </summary>
    /// <param name="node">The file.</param>
    /// <param name="parent">The directory.</param>
    /// <param name="key">The name, as the directory's entry has it.</param>
    public void Remove(FileNode node, FileNode parent, byte[] key)
    {
        foreach (var attribute in Linked(node, parent, key))
        {
            if (!indexes.Delete(parent, IndexTrees.Directory, attribute.Value))
            {
                throw NtfsError.BadIndex(parent.Number, $"no entry for a name of record {node.Number}");
            }

            node.Attributes.Remove(attribute);
        }
    }

    /// <summary>The attributes of a name: itself, and its 8.3 partner.</summary>
    public static List<NodeAttribute> Linked(FileNode node, FileNode parent, byte[] key)
    {
        if (!FileNameAttribute.TryCreate(key, out var wanted))
        {
            throw NtfsError.BadIndex(parent.Number, "a key that is no $FILE_NAME");
        }

        var result = new List<NodeAttribute>();
        foreach (var attribute in node.Names)
        {
            if (!FileNameAttribute.TryCreate(attribute.Value, out var name) || name.Parent != parent.Reference)
            {
                continue;
            }

            var same = name.NameSpace == wanted.NameSpace && name.NameBytes.SequenceEqual(wanted.NameBytes);
            var partner = name.NameSpace is FileNameSpace.Win32 or FileNameSpace.Dos
                && wanted.NameSpace is FileNameSpace.Win32 or FileNameSpace.Dos;
            if (same || partner)
            {
                result.Add(attribute);
            }
        }

        return result.Count > 0 ? result
            : throw NtfsError.BadIndex(parent.Number, $"an entry for record {node.Number}, which has no such name");
    }

    /// <summary>Whether two $FILE_NAME values are the same link: directory, namespace and name.</summary>
    public static bool IsSameName(ReadOnlySpan<byte> left, ReadOnlySpan<byte> right) =>
        FileNameAttribute.TryCreate(left, out var a) && FileNameAttribute.TryCreate(right, out var b)
        && a.Parent == b.Parent && a.NameSpace == b.NameSpace && a.NameBytes.SequenceEqual(b.NameBytes);

    /// <summary>Sets the times of a file in memory. The caller stores it.</summary>
    public static void Touch(FileNode node, long now, bool content)
    {
        var standard = new StandardInformationWriter(node.StandardInformation);
        if (content)
        {
            standard.SetModified(now);
        }

        standard.SetRecordChanged(now);
    }

    /// <summary>Sets the times of a directory whose entries changed, in its base record at once.</summary>
    public void TouchDirectory(FileNode directory, long now)
    {
        var standard = directory.StandardInformation;
        if (BinaryPrimitives.ReadInt64LittleEndian(standard.AsSpan(StandardInformation.Layout.RecordChanged)) == now)
        {
            return;
        }

        Touch(directory, now, content: true);
        var bytes = records.Edit(directory.Number);
        var attributes = FileRecord.Create(bytes, directory.Number).GetEnumerator();
        while (attributes.MoveNext())
        {
            if (attributes.Current.Type == AttributeType.StandardInformation && attributes.Current.IsResident)
            {
                standard.CopyTo(bytes.AsSpan(attributes.Offset + attributes.Current.ValueOffset));
                return;
            }
        }
    }
}
