using OfflinePatch.Ntfs.Engine.Attributes;
using OfflinePatch.Ntfs.Engine.Indexes;
using OfflinePatch.Ntfs.Layout;

namespace OfflinePatch.Ntfs.Engine.Storage;

/// <summary>Changes indexes, and stores the file of an index where its attributes changed.</summary>
internal sealed class IndexEditor(IndexTrees trees, NodeWriter writer)
{
    /// <summary>Inserts an entry.</summary>
    /// <exception cref="CorruptImageException"><c>NTFS-0130</c>: the key is there already.</exception>
    public void Insert(FileNode node, string index, byte[] entry)
    {
        var tree = trees.Open(node, index);
        tree.Insert(entry);
        StoreNode(tree);
    }

    /// <summary>Removes a key; false when it is not there.</summary>
    public bool Delete(FileNode node, string index, ReadOnlySpan<byte> key)
    {
        var tree = trees.Open(node, index);
        var found = tree.Delete(key);
        StoreNode(tree);
        return found;
    }

    /// <summary>
    /// Brings the copies of times, sizes, attributes and tag in a name's entry up to date. False when the directory has no such entry.
    /// </summary>
    /// <param name="directory">The directory.</param>
    /// <param name="reference">The file.</param>
    /// <param name="name">Its $FILE_NAME with the new fields.</param>
    public bool UpdateName(FileNode directory, FileReference reference, ReadOnlySpan<byte> name)
    {
        var tree = trees.Open(directory);
        var found = tree.UpdateName(reference, name);
        StoreNode(tree);
        return found;
    }

    private void StoreNode(IndexTree tree)
    {
        if (tree.IsNodeChanged)
        {
            writer.Store(tree.File.Node);
        }
    }
}
