using System.Buffers.Binary;
using System.Numerics;
using OfflinePatch.Ntfs.Engine.Indexes;
using OfflinePatch.Ntfs.Layout;

namespace OfflinePatch.Ntfs.Check;

/// <summary>Compares two index keys.</summary>
internal delegate int KeyOrder(ReadOnlySpan<byte> left, ReadOnlySpan<byte> right);

/// <summary>Receives the entries of an index in order; <paramref name="offset"/> is that in its node.</summary>
internal delegate void EntryVisitor(IndexEntry entry, string node, int offset);

/// <summary>
/// Walks one B-tree in order and judges its nodes. Every block is read at most once. Source: Linux-NTFS documentation, Index Record; what
/// chkdsk reports.
/// </summary>
internal sealed class IndexWalker
{
    private const int MaximumDepth = 32;
    private const int MaximumKey = 65536;

    private readonly CheckContext _context;
    private readonly string _label;
    private readonly KeyOrder? _order;
    private readonly EntryVisitor _visit;
    private readonly FindingList? _findings;
    private readonly PagedBitmap _visited = new();
    private readonly byte[] _previous = new byte[MaximumKey];
    private int _previousLength = -1;
    private CheckedStream? _blocks;
    private CheckedStream? _bitmap;
    private int _blockSize;
    private int _vcnUnit;

    /// <param name="label">Names the index in findings.</param>
    /// <param name="order">Collation; null where it is not known.</param>
    /// <param name="judge">Whether it reports; the visitor is called in any case.</param>
    public IndexWalker(CheckContext context, string label, KeyOrder? order, EntryVisitor visit, bool judge = true)
    {
        _context = context;
        _label = label;
        _order = order;
        _visit = visit;
        _findings = judge ? context.Findings : null;
    }

    /// <summary>Walks the index of this name.</summary>
    public void Walk(List<CheckedAttribute> attributes, string name)
    {
        var root = attributes.Find(a => a.Type == AttributeType.IndexRoot && a.Name == name);
        if (root is null || !root.IsResident || !JudgeRoot(root, name))
        {
            return;
        }

        var allocation = attributes.Where(a => a.Type == AttributeType.IndexAllocation && a.Name == name).ToList();
        var bitmap = attributes.Where(a => a.Type == AttributeType.Bitmap && a.Name == name).ToList();
        _blocks = allocation.Count == 0 ? null : _context.Stream(allocation);
        _bitmap = bitmap.Count == 0 ? null : _context.Stream(bitmap);
        if (_blocks is not null && _bitmap is null)
        {
            _findings?.Error(NtfsFindingCode.IndexBitmap, _label, -1, "a $BITMAP with $INDEX_ALLOCATION", "none");
        }

        if (_blocks is not null && _blocks.Length % _blockSize != 0)
        {
            _findings?.Error(NtfsFindingCode.IndexHeader, _label, -1, $"$INDEX_ALLOCATION of whole blocks of {_blockSize} bytes",
                $"{_blocks.Length} bytes");
        }

        WalkNode(root.Value.Span[IndexRootHeader.Layout.Node..], $"{_label}, root", depth: 0);
        if (_findings is not null)
        {
            JudgeBitmap();
        }
    }

    private bool JudgeRoot(CheckedAttribute root, string name)
    {
        var value = root.Value.Span;
        if (!IndexRootHeader.TryCreate(value, out var header) || header.BlockSize is < 512 or > 65536
            || !BitOperations.IsPow2(header.BlockSize))
        {
            _findings?.Error(NtfsFindingCode.IndexHeader, root.Label, root.Offset, "an index root with a block size of 512 bytes to 64 KiB",
                "another");
            return false;
        }

        _blockSize = (int)header.BlockSize;
        var cluster = _context.Geometry.ClusterSize;
        _vcnUnit = cluster <= _blockSize ? cluster : 512;
        if (header.ClustersPerBlock != (byte)(_blockSize / _vcnUnit))
        {
            _findings?.Error(NtfsFindingCode.IndexHeader, root.Label, IndexRootHeader.Layout.ClustersPerBlock,
                $"{_blockSize / _vcnUnit} units per block",
                $"{header.ClustersPerBlock}");
        }

        if (name == "$I30" && (header.IndexedType != AttributeType.FileName || header.Collation != CollationRule.FileName))
        {
            _findings?.Error(NtfsFindingCode.IndexHeader, root.Label, IndexRootHeader.Layout.IndexedType,
                "an index of $FILE_NAME, ordered by name",
                $"type 0x{(uint)header.IndexedType:X}, collation {(uint)header.Collation}");
        }

        return true;
    }

    private void WalkNode(ReadOnlySpan<byte> node, string where, int depth)
    {
        if (!IndexNodeHeader.TryCreate(node, out var header) || header.Used > header.Allocated || header.Allocated > node.Length
            || header.Used % 8 != 0)
        {
            _findings?.Error(NtfsFindingCode.IndexNode, where, 0, "entries inside the node", "a header that says otherwise");
            return;
        }

        if (depth == 0 && header.Allocated != node.Length)
        {
            _findings?.Error(NtfsFindingCode.IndexNode, where, IndexNodeHeader.Layout.Allocated,
                $"{node.Length} bytes of room, the rest of the attribute", $"{header.Allocated}");
        }

        var at = (int)header.FirstEntry;
        var end = (int)header.Used;
        while (true)
        {
            if (!IndexEntry.TryCreate(node[at..end], out var entry))
            {
                _findings?.Error(NtfsFindingCode.IndexNode, where, at, "an entry inside the node", "a broken one, or no last entry");
                return;
            }

            if (entry.HasSubNode != header.HasSubNodes)
            {
                _findings?.Error(NtfsFindingCode.SubNodeFlag, where, at + IndexEntry.Layout.Flags,
                    header.HasSubNodes ? "a sub-node, as the node has them" : "no sub-node, as the node is a leaf", "the contrary");
            }

            if (entry.HasSubNode)
            {
                Descend(entry.SubNode, where, at, depth);
            }

            if (entry.IsLast)
            {
                if (at + entry.Length != end)
                {
                    _findings?.Error(NtfsFindingCode.IndexNode, where, IndexNodeHeader.Layout.Used,
                        $"entries that end at 0x{at + entry.Length:X}, after the last one", $"0x{end:X}");
                }

                return;
            }

            JudgeOrder(entry, where, at);
            _visit(entry, where, at);
            at += entry.Length;
            if (_context.Findings.IsFull)
            {
                return;
            }
        }
    }

    private void JudgeOrder(IndexEntry entry, string where, int at)
    {
        if (_order is not null && _previousLength >= 0 && _order(_previous.AsSpan(0, _previousLength), entry.Key) >= 0)
        {
            _findings?.Error(NtfsFindingCode.KeyOrder, where, at, "keys in ascending order", "one that is not above the one before it");
        }

        entry.Key.CopyTo(_previous);
        _previousLength = entry.Key.Length;
    }

    private void Descend(long vcn, string where, int at, int depth)
    {
        if (_blocks is null || vcn < 0 || vcn > _blocks.Length / _vcnUnit || (vcn * _vcnUnit) + _blockSize > _blocks.Length
            || vcn * _vcnUnit % _blockSize != 0)
        {
            _findings?.Error(NtfsFindingCode.SubNode, where, at, "a sub-node inside $INDEX_ALLOCATION", $"VCN {vcn}");
            return;
        }

        var offset = vcn * _vcnUnit;
        if (depth >= MaximumDepth || _visited.SetRange(offset / _blockSize, 1) >= 0)
        {
            _findings?.Error(NtfsFindingCode.SubNode, where, at, "a sub-node that was not visited before", $"VCN {vcn}");
            return;
        }

        _context.ThrowIfCancelled();
        var block = new byte[_blockSize];
        var name = $"{_label}, block {offset / _blockSize}";
        if (!_blocks.TryRead(offset, block) || !block.AsSpan(0, 4).SequenceEqual(IndexBlockLayout.IndexMagic))
        {
            _findings?.Error(NtfsFindingCode.IndexBlock, name, 0, "the magic INDX", "something else");
            return;
        }

        if (!UpdateSequence.TryDecode(block))
        {
            _findings?.Error(NtfsFindingCode.IndexBlock, name, IndexBlockLayout.UpdateSequenceOffset,
                "an update sequence that matches every sector",
                "a torn block");
            return;
        }

        var own = BinaryPrimitives.ReadInt64LittleEndian(block.AsSpan(IndexBlockLayout.Vcn));
        if (own != vcn)
        {
            _findings?.Error(NtfsFindingCode.IndexBlockVcn, name, IndexBlockLayout.Vcn, $"VCN {vcn}", $"{own}");
        }

        WalkNode(block.AsSpan(IndexBlockLayout.Node), name, depth + 1);
    }

    /// <summary>Every block that the tree reaches is marked, and no other.</summary>
    private void JudgeBitmap()
    {
        if (_blocks is null || _bitmap is null)
        {
            return;
        }

        var blocks = _blocks.Length / _blockSize;
        if (_bitmap.Length < blocks / 8)
        {
            _findings!.Error(NtfsFindingCode.IndexBitmap, _label, -1, $"a $BITMAP of at least {blocks} bits", $"{_bitmap.Length} bytes");
            return;
        }

        var buffer = new byte[4096];
        var bytes = Math.Min(_bitmap.Length, (blocks / 8) + 8);
        for (long at = 0; at < bytes; at += buffer.Length)
        {
            var part = buffer.AsSpan(0, (int)Math.Min(buffer.Length, bytes - at));
            _bitmap.TryRead(at, part);
            for (var i = 0; i < part.Length; i++)
            {
                for (var bit = 0; bit < 8; bit++)
                {
                    var index = ((at + i) * 8) + bit;
                    var marked = (part[i] & (1 << bit)) != 0;
                    if (marked != _visited[index])
                    {
                        _findings!.Error(NtfsFindingCode.IndexBitmap, $"{_label}, $BITMAP", at + i,
                            marked ? $"block {index} free, as nothing leads to it" : $"block {index} in use", marked ? "in use" : "free");
                        if (_findings.IsFull)
                        {
                            return;
                        }
                    }
                }
            }
        }
    }
}
