using OfflinePatch.Ntfs.Layout;

namespace OfflinePatch.Ntfs.Engine.Attributes;

/// <summary>
/// The files that are in use by the current operation, each once, and recent ones. Bounded: trimmed between operations only, so that nobody
/// works on a second copy.
/// </summary>
internal sealed class NodeCache(NodeReader reader)
{
    private const int Capacity = 512;

    private readonly Dictionary<long, FileNode> _nodes = [];

    /// <summary>The file of a base record.</summary>
    public FileNode Get(long number)
    {
        if (!_nodes.TryGetValue(number, out var node))
        {
            node = reader.Read(number);
            _nodes.Add(number, node);
        }

        return node;
    }

    /// <summary>The file of a reference, whose sequence number must be right.</summary>
    public FileNode Get(FileReference reference)
    {
        var node = Get(reference.Record);
        return node.Sequence == reference.Sequence ? node : throw NtfsError.StaleReference(reference, node.Sequence);
    }

    /// <summary>Adds a new file.</summary>
    public void Add(FileNode node) => _nodes[node.Number] = node;

    /// <summary>Forgets a file.</summary>
    public void Remove(long number) => _nodes.Remove(number);

    /// <summary>Forgets all when there are many. Only between operations.</summary>
    public void Trim()
    {
        if (_nodes.Count > Capacity)
        {
            _nodes.Clear();
        }
    }

    /// <summary>Forgets all. Only between operations.</summary>
    public void Clear() => _nodes.Clear();
}
