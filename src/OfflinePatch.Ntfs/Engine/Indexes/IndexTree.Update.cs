using OfflinePatch.Ntfs.Engine.Attributes;
using OfflinePatch.Ntfs.Layout;
using OfflinePatch.Ntfs.Runs;

namespace OfflinePatch.Ntfs.Engine.Indexes;

/// <content>Changes of an entry in place.</content>
internal sealed partial class IndexTree
{
    /// <summary>
    /// Brings the copies of times, sizes, attributes and tag in a name's entry up to date. False when the directory has no such entry.
    /// </summary>
    /// <param name="reference">The file.</param>
    /// <param name="name">Its $FILE_NAME with the new fields.</param>
    public bool UpdateName(FileReference reference, ReadOnlySpan<byte> name)
    {
        if (!TryFind(name, exact: true, out var node, out var at) || node.Entry(at, Node.Number).Reference != reference)
        {
            return false;
        }

        const int First = FileNameAttribute.Layout.Created;
        const int End = FileNameAttribute.Layout.NameLength;
        var target = node.Bytes.AsSpan(at + IndexEntry.Layout.Key + First, End - First);
        if (target.SequenceEqual(name[First..End]))
        {
            return true;
        }

        name[First..End].CopyTo(target);
        if (node.IsRoot)
        {
            IsNodeChanged = true;
        }
        else
        {
            _trees.Blocks.MarkDirty(File, node.Vcn, node.Block!);
        }

        return true;
    }
}
