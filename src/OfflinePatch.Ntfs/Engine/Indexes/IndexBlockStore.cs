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
internal sealed class IndexBlockStore(RunDevice device, NodeCache nodes, ChangeCounter changes)
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
    public IndexBlock Get(IndexFile index, long vcn)
    {
        var key = new IndexBlockKey(index.Node.Number, index.Name, vcn);
        if (_dirty.TryGetValue(key, out var block) || _clean.TryGetValue(key, out block))
        {
            return block;
        }

        block = new IndexBlock(Read(index, vcn));
        if (_clean.Count >= MaxClean)
        {
            _clean.Clear();
        }

        _clean.Add(key, block);
        return block;
    }

    /// <summary>Marks a block as changed.</summary>
    public void MarkDirty(IndexFile index, long vcn, IndexBlock block)
    {
        changes.Count++;
        if (block.IsDirty)
        {
            return;
        }

        block.IsDirty = true;
        var key = new IndexBlockKey(index.Node.Number, index.Name, vcn);
        _clean.Remove(key);
        _dirty[key] = block;
    }

    /// <summary>Adds a new block.</summary>
    public void Add(IndexFile index, long vcn, IndexBlock block)
    {
        block.IsDirty = true;
        var key = new IndexBlockKey(index.Node.Number, index.Name, vcn);
        _clean.Remove(key);
        _dirty[key] = block;
        changes.Count++;
    }

    /// <summary>Forgets a block that is free now.</summary>
    public void Remove(IndexFile index, long vcn)
    {
        var key = new IndexBlockKey(index.Node.Number, index.Name, vcn);
        _clean.Remove(key);
        _dirty.Remove(key);
        changes.Count++;
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
            var node = nodes.Get(file.Key.Record);
            var index = new IndexFile(node, file.Key.Name, device.Geometry);
            foreach (var (key, block) in file.OrderBy(p => p.Key.Vcn))
            {
                var raw = (byte[])block.Bytes.Clone();
                if (!UpdateSequence.TryEncode(raw))
                {
                    throw NtfsError.BadIndex(key.Record, $"the block at VCN {key.Vcn} has no room for its update sequence");
                }

                // the next write continues from this number
                int offset = BinaryPrimitives.ReadUInt16LittleEndian(raw.AsSpan(IndexBlockLayout.UpdateSequenceOffset));
                raw.AsSpan(offset, 2).CopyTo(block.Bytes.AsSpan(offset));
                device.WriteThrough(index.Allocation!.Runs, key.Vcn * index.VcnUnit, raw, key.Record);
                block.IsDirty = false;
                if (_clean.Count < MaxClean)
                {
                    _clean[key] = block;
                }
            }
        }

        _dirty.Clear();
    }

    private byte[] Read(IndexFile index, long vcn)
    {
        var allocation = index.Allocation;
        var size = index.BlockSize;
        if (allocation is null || vcn < 0 || vcn > long.MaxValue / index.VcnUnit || vcn * index.VcnUnit > allocation.DataSize - size)
        {
            throw NtfsError.BadIndex(index.Node.Number, $"a sub-node at VCN {vcn}, outside the index");
        }

        var bytes = new byte[size];
        device.Read(allocation.Runs, allocation.InitializedSize, vcn * index.VcnUnit, bytes, index.Node.Number);
        if (!bytes.AsSpan(0, 4).SequenceEqual(IndexBlockLayout.IndexMagic))
        {
            throw NtfsError.BadIndex(index.Node.Number, $"no INDX signature at VCN {vcn}");
        }

        if (!UpdateSequence.TryDecode(bytes))
        {
            throw NtfsError.TornRecord($"index block VCN {vcn} of record {index.Node.Number}");
        }

        if (BinaryPrimitives.ReadInt64LittleEndian(bytes.AsSpan(IndexBlockLayout.Vcn)) != vcn
            || !IndexNodeHeader.TryCreate(bytes.AsSpan(IndexBlockLayout.Node), out var header)
            || header.Allocated > size - IndexBlockLayout.Node || header.Used > header.Allocated)
        {
            throw NtfsError.BadIndex(index.Node.Number, $"the header of the block at VCN {vcn}");
        }

        return bytes;
    }
}
