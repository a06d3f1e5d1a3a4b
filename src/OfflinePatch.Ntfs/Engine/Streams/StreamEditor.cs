using OfflinePatch.Core;
using OfflinePatch.Ntfs.Engine.Allocation;
using OfflinePatch.Ntfs.Engine.Attributes;
using OfflinePatch.Ntfs.Layout;
using OfflinePatch.Ntfs.Runs;

namespace OfflinePatch.Ntfs.Engine.Streams;

/// <summary>Changes the size and content of streams. The caller stores the file afterwards.</summary>
internal sealed class StreamEditor(RecordSpace space, ClusterAllocator clusters, ContentWriter content, VolumeGeometry geometry)
{
    private const int CopyBuffer = 1024 * 1024;

    private static readonly byte[] Zeros = new byte[64 * 1024];

    /// <summary>Moves a resident value into clusters.</summary>
    public void MakeNonResident(FileNode node, NodeAttribute attribute)
    {
        var value = attribute.Value;
        var runs = new RunList();
        clusters.Allocate(runs, geometry.ClustersFor(value.Length));
        attribute.Value = [];
        attribute.IsResident = false;
        attribute.Header = null;
        attribute.Runs = runs;
        attribute.DataSize = attribute.InitializedSize = value.Length;
        attribute.CompressionUnit = 0;
        content.Write(runs, 0, value, node.Number);
    }

    /// <summary>Frees all clusters and leaves an empty resident value.</summary>
    public void Clear(NodeAttribute attribute)
    {
        if (!attribute.IsResident)
        {
            clusters.Free(attribute.Runs);
        }

        attribute.SetResident([]);
    }

    /// <summary>
    /// Replaces the content. Clusters that the stream has are used again, further ones are added after them; a short content becomes
    /// resident where the record has room.
    /// </summary>
    public void Replace(FileNode node, NodeAttribute attribute, Stream source, long length)
    {
        if (attribute.IsCompressedOrSparse || attribute.CompressionUnit != 0 || attribute.Runs.HasHoles)
        {
            Clear(attribute);
            attribute.Flags &= ~(AttributeFlags.Compressed | AttributeFlags.Sparse);
        }

        if (FitsResident(node, attribute, length))
        {
            var value = new byte[length];
            source.ReadExactly(value);
            Clear(attribute);
            attribute.SetResident(value);
            return;
        }

        if (attribute.IsResident)
        {
            attribute.SetResident([]);
            attribute.IsResident = false;
            attribute.Header = null;
        }

        clusters.Resize(attribute.Runs, geometry.ClustersFor(length));
        attribute.DataSize = attribute.InitializedSize = length;
        var buffer = System.Buffers.ArrayPool<byte>.Shared.Rent((int)Math.Min(length, CopyBuffer));
        try
        {
            for (long offset = 0; offset < length;)
            {
                var part = buffer.AsSpan(0, (int)Math.Min(Math.Min(buffer.Length, CopyBuffer), length - offset));
                source.ReadExactly(part);
                content.Write(attribute.Runs, offset, part, node.Number);
                offset += part.Length;
            }
        }
        finally
        {
            System.Buffers.ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>Sets the length. New bytes read as zeros: they lie beyond the initialised size.</summary>
    public void SetLength(FileNode node, NodeAttribute attribute, long length)
    {
        if (attribute.IsResident)
        {
            if (FitsResident(node, attribute, length))
            {
                var value = attribute.Value;
                Array.Resize(ref value, (int)length);
                attribute.SetResident(value);
                return;
            }

            MakeNonResident(node, attribute);
        }

        clusters.Resize(attribute.Runs, geometry.ClustersFor(length));
        attribute.DataSize = length;
        attribute.InitializedSize = Math.Min(attribute.InitializedSize, length);
    }

    /// <summary>Writes bytes at an offset, and makes the stream longer where needed.</summary>
    public void Write(FileNode node, NodeAttribute attribute, long offset, ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length == 0)
        {
            return;
        }

        if (offset + bytes.Length > attribute.DataSize)
        {
            SetLength(node, attribute, offset + bytes.Length);
        }

        if (attribute.IsResident)
        {
            bytes.CopyTo(attribute.Value.AsSpan((int)offset));
            return;
        }

        ZeroTo(node, attribute, offset);
        content.Write(attribute.Runs, offset, bytes, node.Number);
        attribute.InitializedSize = Math.Max(attribute.InitializedSize, offset + bytes.Length);
    }

    /// <summary>Writes zeros from the initialised size up to <paramref name="end"/>.</summary>
    public void ZeroTo(FileNode node, NodeAttribute attribute, long end)
    {
        while (attribute.InitializedSize < end)
        {
            var part = (int)Math.Min(Zeros.Length, end - attribute.InitializedSize);
            content.Write(attribute.Runs, attribute.InitializedSize, Zeros.AsSpan(0, part), node.Number);
            attribute.InitializedSize += part;
        }
    }

    /// <summary>Whether a value of this length can stay in the base record.</summary>
    private bool FitsResident(FileNode node, NodeAttribute attribute, long length)
    {
        if (length > geometry.RecordSize || attribute.Type is not (AttributeType.Data or AttributeType.Bitmap))
        {
            return false;
        }

        // a stream that already has its own record, or clusters in a file of many records, stays as it is
        if (node.HasList && !(attribute.IsResident && attribute.Places.Count > 0 && attribute.Places[0].Record == node.Number))
        {
            return length == 0 && attribute.IsResident;
        }

        var needed = AttributeEncoder.MeasureResident(attribute.Name.Length, (int)length);
        var has = node.Attributes.Contains(attribute) ? AttributeEncoder.Measure(attribute) : 0;
        return space.HasRoom(node, needed - has);
    }
}
