using System.Buffers.Binary;
using OfflinePatch.Core;
using OfflinePatch.Ntfs.Engine.Attributes;
using OfflinePatch.Ntfs.Layout;
using OfflinePatch.Ntfs.Runs;

namespace OfflinePatch.Ntfs.Engine.Indexes;

/// <summary>One decoded INDX block.</summary>
internal sealed class IndexBlock(byte[] bytes)
{
    /// <summary>All bytes, update sequence undone.</summary>
    public byte[] Bytes { get; } = bytes;

    /// <summary>Whether it must be written.</summary>
    public bool IsDirty { get; set; }
}

/// <summary>Which block: the file, the index' name, the VCN.</summary>
internal readonly record struct IndexBlockKey(long Record, string Name, long Vcn);

/// <summary>Decoded index blocks: a bounded number of clean ones, and all changed ones until the flush.</summary>
internal sealed class IndexBlockStore(VolumeCore core)
{
    /// <summary>Clean blocks kept: 8 MiB of 4 KiB blocks.</summary>
    private const int MaxClean = 2048;

    private readonly Dictionary<IndexBlockKey, IndexBlock> _clean = [];
    private readonly Dictionary<IndexBlockKey, IndexBlock> _dirty = [];

    private readonly HashSet<(long Record, string Name)> _changed = [];

    /// <summary>True the first time that this index is about to be changed.</summary>
    public bool IsFirstChange(long record, string name) => _changed.Add((record, name));

    /// <summary>Changed blocks.</summary>
    public int DirtyCount => _dirty.Count;

    /// <summary>The block at a VCN of an index.</summary>
    /// <exception cref="CorruptImageException"><c>NTFS-0112</c>, <c>NTFS-0130</c>.</exception>
    public IndexBlock Get(IndexTree tree, long vcn)
    {
        var key = new IndexBlockKey(tree.Node.Number, tree.Name, vcn);
        if (_dirty.TryGetValue(key, out var block) || _clean.TryGetValue(key, out block))
        {
            return block;
        }

        block = new IndexBlock(Read(tree, vcn));
        if (_clean.Count >= MaxClean)
        {
            _clean.Clear();
        }

        _clean.Add(key, block);
        return block;
    }

    /// <summary>Says that a block was changed.</summary>
    public void MarkDirty(IndexTree tree, long vcn, IndexBlock block)
    {
        core.Changes.Count++;
        if (block.IsDirty)
        {
            return;
        }

        block.IsDirty = true;
        var key = new IndexBlockKey(tree.Node.Number, tree.Name, vcn);
        _clean.Remove(key);
        _dirty[key] = block;
    }

    /// <summary>Adds a new block.</summary>
    public void Add(IndexTree tree, long vcn, IndexBlock block)
    {
        block.IsDirty = true;
        var key = new IndexBlockKey(tree.Node.Number, tree.Name, vcn);
        _clean.Remove(key);
        _dirty[key] = block;
        core.Changes.Count++;
    }

    /// <summary>Forgets a block that is free now.</summary>
    public void Remove(IndexTree tree, long vcn)
    {
        var key = new IndexBlockKey(tree.Node.Number, tree.Name, vcn);
        _clean.Remove(key);
        _dirty.Remove(key);
        core.Changes.Count++;
    }

    /// <summary>Forgets all blocks of a file that is deleted, or of an index that has become small.</summary>
    public void RemoveAll(long record, string? name = null)
    {
        foreach (var map in new[] { _clean, _dirty })
        {
            foreach (var key in map.Keys.Where(k => k.Record == record && (name is null || k.Name == name)).ToList())
            {
                map.Remove(key);
            }
        }
    }

    /// <summary>Writes the changed blocks.</summary>
    public void Flush()
    {
        foreach (var file in _dirty.GroupBy(p => (p.Key.Record, p.Key.Name)))
        {
            var node = core.Nodes.Get(file.Key.Record);
            var tree = new IndexTree(core, node, file.Key.Name);
            foreach (var (key, block) in file.OrderBy(p => p.Key.Vcn))
            {
                var raw = (byte[])block.Bytes.Clone();
                if (!UpdateSequence.TryEncode(raw))
                {
                    throw NtfsError.BadIndex(key.Record, $"the block at VCN {key.Vcn} has no room for its update sequence");
                }

                // the next write goes on from this number
                int offset = BinaryPrimitives.ReadUInt16LittleEndian(raw.AsSpan(IndexBlockLayout.UpdateSequenceOffset));
                raw.AsSpan(offset, 2).CopyTo(block.Bytes.AsSpan(offset));
                core.Runs.WriteThrough(tree.Allocation!.Runs, key.Vcn * tree.VcnUnit, raw, key.Record);
                block.IsDirty = false;
                if (_clean.Count < MaxClean)
                {
                    _clean[key] = block;
                }
            }
        }

        _dirty.Clear();
    }

    private byte[] Read(IndexTree tree, long vcn)
    {
        var allocation = tree.Allocation;
        var size = tree.BlockSize;
        if (allocation is null || vcn < 0 || vcn > long.MaxValue / tree.VcnUnit || vcn * tree.VcnUnit > allocation.DataSize - size)
        {
            throw NtfsError.BadIndex(tree.Node.Number, $"a sub-node at VCN {vcn}, outside the index");
        }

        var bytes = new byte[size];
        core.Runs.Read(allocation.Runs, allocation.InitializedSize, vcn * tree.VcnUnit, bytes, tree.Node.Number);
        if (!bytes.AsSpan(0, 4).SequenceEqual(IndexBlockLayout.IndexMagic))
        {
            throw NtfsError.BadIndex(tree.Node.Number, $"no INDX signature at VCN {vcn}");
        }

        if (!UpdateSequence.TryDecode(bytes))
        {
            throw NtfsError.TornRecord($"index block VCN {vcn} of record {tree.Node.Number}");
        }

        if (BinaryPrimitives.ReadInt64LittleEndian(bytes.AsSpan(IndexBlockLayout.Vcn)) != vcn
            || !IndexNodeHeader.TryCreate(bytes.AsSpan(IndexBlockLayout.Node), out var header)
            || header.Allocated > size - IndexBlockLayout.Node || header.Used > header.Allocated)
        {
            throw NtfsError.BadIndex(tree.Node.Number, $"the header of the block at VCN {vcn}");
        }

        return bytes;
    }
}
