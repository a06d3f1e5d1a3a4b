using OfflinePatch.Core;
using OfflinePatch.Ntfs.Engine.Attributes;
using OfflinePatch.Ntfs.Layout;
using OfflinePatch.Ntfs.Runs;

namespace OfflinePatch.Ntfs.Engine.Indexes;

/// <content>Blocks: allocated and released in the index's own bitmap, extended in growing steps.</content>
internal sealed partial class IndexTree
{
    /// <summary>Most blocks that a large index grows by at a time.</summary>
    private const int MaxGrowth = 64;

    /// <summary>Largest bitmap of an index: blocks for 2^32 files.</summary>
    private const int MaxBitmap = 64 * 1024 * 1024;

    private long AllocateBlock()
    {
        var bitmap = Node.Find(AttributeType.Bitmap, Name);
        var allocation = Node.Find(AttributeType.IndexAllocation, Name);
        if (allocation is null)
        {
            allocation = new NodeAttribute(AttributeType.IndexAllocation, Name) { IsResident = false };
            Node.Attributes.Add(allocation);
        }

        if (bitmap is null)
        {
            bitmap = new NodeAttribute(AttributeType.Bitmap, Name);
            bitmap.SetResident(new byte[8]);
            Node.Attributes.Add(bitmap);
        }

        if (allocation.IsResident)
        {
            throw NtfsError.BadIndex(Node.Number, "a resident $INDEX_ALLOCATION");
        }

        var bits = bitmap.ReadAll(_trees.Device, Node.Number, MaxBitmap, "an index bitmap");
        var index = 0;
        while (index < bits.Length * 8 && (bits[index / 8] >> (index % 8) & 1) != 0)
        {
            index += bits[index / 8] == 0xFF && index % 8 == 0 ? 8 : 1;
        }

        if (index >= bits.Length * 8)
        {
            GrowBitmap(bitmap, bits.Length + 8);
        }

        var end = (index + 1L) * BlockSize;
        if (end > allocation.DataSize)
        {
            GrowAllocation(allocation, end);
        }

        allocation.InitializedSize = Math.Max(allocation.InitializedSize, end);
        SetBit(bitmap, index, value: true);
        IsNodeChanged = true;
        return (long)index * BlockSize / VcnUnit;
    }

    /// <summary>
    /// Refuses an index whose bitmap marks a block of the tree as free: the block would be overwritten. Reads all blocks; done once per
    /// index, before it is changed for the first time.
    /// </summary>
    /// <exception cref="CorruptImageException"><c>NTFS-0130</c>, <c>NTFS-0131</c>.</exception>
    private void RequireMarkedBlocks()
    {
        if (!Root.HasSubNodes || !_trees.Blocks.IsFirstChange(Node.Number, Name))
        {
            return;
        }

        var bits = Node.Find(AttributeType.Bitmap, Name)?.ReadAll(_trees.Device, Node.Number, MaxBitmap, "an index bitmap")
            ?? throw NtfsError.MissingAttribute(Node.Number, "the index' $BITMAP");
        var visited = new HashSet<long>();
        var nodes = new Stack<IndexNode>();
        nodes.Push(Root);
        while (nodes.TryPop(out var node))
        {
            for (var at = node.First; node.HasSubNodes;)
            {
                var entry = node.Entry(at, Node.Number);
                var vcn = entry.SubNode;
                if (!visited.Add(vcn))
                {
                    throw NtfsError.IndexLoop(Node.Number, vcn);
                }

                nodes.Push(GetNode(vcn));
                var index = vcn * VcnUnit / BlockSize;
                if (index / 8 >= bits.Length || (bits[index / 8] >> (int)(index % 8) & 1) == 0)
                {
                    throw NtfsError.BadIndex(Node.Number, $"the block at VCN {vcn} is in use, and free in the index' bitmap");
                }

                if (entry.IsLast)
                {
                    break;
                }

                at += entry.Length;
            }
        }
    }

    private void FreeBlock(long vcn)
    {
        var bitmap = Node.Find(AttributeType.Bitmap, Name) ?? throw NtfsError.MissingAttribute(Node.Number, "the index' $BITMAP");
        SetBit(bitmap, vcn * VcnUnit / BlockSize, value: false);
        _trees.Blocks.Remove(File, vcn);
    }

    private void GrowAllocation(NodeAttribute allocation, long end)
    {
        var geometry = _trees.Device.Geometry;
        var allocated = allocation.AllocatedSize(geometry.ClusterSize);
        if (end > allocated)
        {
            var extra = Math.Clamp(allocated / BlockSize / 4, 1, MaxGrowth) * BlockSize;
            var wanted = geometry.ClustersFor(Math.Max(end, allocated + extra)) - allocation.Runs.ClusterCount;
            var least = geometry.ClustersFor(end) - allocation.Runs.ClusterCount;
            _trees.Clusters.Allocate(allocation.Runs, wanted * 4 > _trees.Clusters.FreeClusters ? least : wanted, allocation.Runs.EndLcn);
        }

        allocation.DataSize = end;
    }

    private void GrowBitmap(NodeAttribute bitmap, int size)
    {
        if (bitmap.IsResident)
        {
            var value = bitmap.Value;
            Array.Resize(ref value, size);
            bitmap.SetResident(value);
        }
        else
        {
            _trees.Streams.SetLength(Node, bitmap, size);
            _trees.Streams.ZeroTo(Node, bitmap, size);
        }

        IsNodeChanged = true;
    }

    private void SetBit(NodeAttribute bitmap, long index, bool value)
    {
        var at = index / 8;
        if (at >= bitmap.DataSize)
        {
            throw NtfsError.BadIndex(Node.Number, $"block {index} is beyond the bitmap");
        }

        Span<byte> one = stackalloc byte[1];
        bitmap.Read(_trees.Device, Node.Number, at, one);
        var mask = (byte)(1 << (int)(index % 8));
        if ((one[0] & mask) != 0 == value)
        {
            throw NtfsError.BadIndex(Node.Number, $"block {index} is {(value ? "taken" : "free")} already in the bitmap");
        }

        one[0] ^= mask;
        if (bitmap.IsResident)
        {
            bitmap.Value[at] = one[0];
            IsNodeChanged = true;
        }
        else
        {
            _trees.Content.Write(bitmap.Runs, at, one, Node.Number);
        }
    }
}
