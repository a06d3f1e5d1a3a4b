using OfflinePatch.Core;
using OfflinePatch.Ntfs.Layout;

namespace OfflinePatch.Ntfs.Engine.Indexes;

/// <summary>
/// Walks the entries of an index in order, one node at a time, so that a directory of any size takes the memory of its depth.
/// A change of the volume during the walk is detected: the walk continues after the last key that it returned.
/// </summary>
internal sealed class IndexCursor
{
    private readonly IndexTrees _trees;
    private readonly List<Step> _stack = [];
    private readonly HashSet<long> _visited = [];
    private IndexTree _tree;
    private byte[] _lastKey = [];
    private int _lastKeyLength = -1;
    private int _changes;

    public IndexCursor(IndexTrees trees, IndexTree tree)
        : this(tree, trees)
    {
        Descend(tree.Root);
    }

    private IndexCursor(IndexTree tree, IndexTrees trees)
    {
        _trees = trees;
        _tree = tree;
        _changes = trees.Changes.Count;
    }

    /// <summary>A walk that starts at the first key that is not smaller than <paramref name="key"/>.</summary>
    public static IndexCursor StartAt(IndexTrees trees, IndexTree tree, ReadOnlySpan<byte> key)
    {
        var cursor = new IndexCursor(tree, trees);
        var path = new List<IndexStep>();
        tree.TryFind(key, exact: true, out _, out _, path);
        foreach (var step in path)
        {
            cursor._stack.Add(new Step(step.Node, step.At));
        }

        return cursor;
    }

    /// <summary>The node that holds the current entry.</summary>
    private IndexNode _node;
    private int _at;

    /// <summary>The current entry; valid until the next move or change.</summary>
    public IndexEntry Entry => _node.Entry(_at, _tree.File.Node.Number);

    /// <summary>Moves to the next entry.</summary>
    /// <exception cref="CorruptImageException">The index is damaged, or loops.</exception>
    public bool MoveNext()
    {
        if (_changes != _trees.Changes.Count)
        {
            Restart();
        }

        while (_stack.Count > 0)
        {
            var top = _stack[^1];
            var entry = top.Node.Entry(top.At, _tree.File.Node.Number);
            if (entry.IsLast)
            {
                _stack.RemoveAt(_stack.Count - 1);
                continue;
            }

            _node = top.Node;
            _at = top.At;
            _stack[^1] = top with { At = top.At + entry.Length };
            if (_stack[^1].Node.Entry(top.At + entry.Length, _tree.File.Node.Number) is { HasSubNode: true } next)
            {
                Descend(next.SubNode);
            }

            var key = entry.Key;
            if (_lastKey.Length < key.Length)
            {
                _lastKey = new byte[Math.Max(key.Length, 600)];
            }

            key.CopyTo(_lastKey);
            _lastKeyLength = key.Length;
            return true;
        }

        return false;
    }

    private void Descend(long vcn)
    {
        if (_stack.Count >= IndexTree.MaxDepth || !_visited.Add(vcn))
        {
            throw NtfsError.IndexLoop(_tree.File.Node.Number, vcn);
        }

        Descend(_tree.GetNode(vcn));
    }

    private void Descend(IndexNode node)
    {
        while (true)
        {
            var first = node.Entry(node.First, _tree.File.Node.Number);
            _stack.Add(new Step(node, node.First));
            if (!first.HasSubNode)
            {
                return;
            }

            if (_stack.Count >= IndexTree.MaxDepth || !_visited.Add(first.SubNode))
            {
                throw NtfsError.IndexLoop(_tree.File.Node.Number, first.SubNode);
            }

            node = _tree.GetNode(first.SubNode);
        }
    }

    /// <summary>Rebuilds the stack for the place after the last key.</summary>
    private void Restart()
    {
        _changes = _trees.Changes.Count;
        _tree = _trees.Reopen(_tree);
        _stack.Clear();
        _visited.Clear();
        if (_lastKeyLength < 0)
        {
            Descend(_tree.Root);
            return;
        }

        var path = new List<IndexStep>();
        var found = _tree.TryFind(_lastKey.AsSpan(0, _lastKeyLength), exact: true, out _, out _, path);
        foreach (var step in path)
        {
            _stack.Add(new Step(step.Node, step.At));
        }

        if (found)
        {
            var top = _stack[^1];
            var entry = top.Node.Entry(top.At, _tree.File.Node.Number);
            _stack[^1] = top with { At = top.At + entry.Length };
            if (_stack[^1].Node.Entry(top.At + entry.Length, _tree.File.Node.Number) is { HasSubNode: true } next)
            {
                Descend(next.SubNode);
            }
        }
    }

    private readonly record struct Step(IndexNode Node, int At);
}
