using OfflinePatch.Core;
using OfflinePatch.Ntfs.Layout;
using OfflinePatch.Ntfs.Runs;

namespace OfflinePatch.Ntfs.Engine.Attributes;

/// <summary>Changes the size and content of streams. The caller stores the file afterwards.</summary>
internal static class StreamEditor
{
    private const int CopyBuffer = 1024 * 1024;

    private static readonly byte[] Zeros = new byte[64 * 1024];

    /// <summary>Moves a resident value into clusters.</summary>
    public static void MakeNonResident(VolumeCore core, FileNode node, NodeAttribute attribute)
    {
        var value = attribute.Value;
        var runs = new RunList();
        core.Clusters.Allocate(runs, core.Geometry.ClustersFor(value.Length));
        attribute.Value = [];
        attribute.IsResident = false;
        attribute.Header = null;
        attribute.Runs = runs;
        attribute.DataSize = attribute.InitializedSize = value.Length;
        attribute.CompressionUnit = 0;
        core.Content.Write(runs, 0, value, node.Number);
    }

    /// <summary>Gives all clusters back and leaves an empty resident value.</summary>
    public static void Clear(VolumeCore core, NodeAttribute attribute)
    {
        if (!attribute.IsResident)
        {
            core.Clusters.Free(attribute.Runs);
        }

        attribute.SetResident([]);
    }

    /// <summary>
    /// Replaces the content. Clusters that the stream has are used again, further ones are added after them; a short content becomes
    /// resident
    /// where the record has room.
    /// </summary>
    public static void Replace(VolumeCore core, FileNode node, NodeAttribute attribute, Stream content, long length)
    {
        if (attribute.IsCompressedOrSparse || attribute.CompressionUnit != 0 || attribute.Runs.HasHoles)
        {
            Clear(core, attribute);
            attribute.Flags &= ~(AttributeFlags.Compressed | AttributeFlags.Sparse);
        }

        if (FitsResident(core, node, attribute, length))
        {
            var value = new byte[length];
            content.ReadExactly(value);
            Clear(core, attribute);
            attribute.SetResident(value);
            return;
        }

        if (attribute.IsResident)
        {
            attribute.SetResident([]);
            attribute.IsResident = false;
            attribute.Header = null;
        }

        core.Clusters.Resize(attribute.Runs, core.Geometry.ClustersFor(length));
        attribute.DataSize = attribute.InitializedSize = length;
        var buffer = System.Buffers.ArrayPool<byte>.Shared.Rent((int)Math.Min(length, CopyBuffer));
        try
        {
            for (long offset = 0; offset < length;)
            {
                var part = buffer.AsSpan(0, (int)Math.Min(Math.Min(buffer.Length, CopyBuffer), length - offset));
                content.ReadExactly(part);
                core.Content.Write(attribute.Runs, offset, part, node.Number);
                offset += part.Length;
            }
        }
        finally
        {
            System.Buffers.ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>Sets the length. New bytes read as zeros: they lie beyond the initialised size.</summary>
    public static void SetLength(VolumeCore core, FileNode node, NodeAttribute attribute, long length)
    {
        if (attribute.IsResident)
        {
            if (FitsResident(core, node, attribute, length))
            {
                var value = attribute.Value;
                Array.Resize(ref value, (int)length);
                attribute.SetResident(value);
                return;
            }

            MakeNonResident(core, node, attribute);
        }

        core.Clusters.Resize(attribute.Runs, core.Geometry.ClustersFor(length));
        attribute.DataSize = length;
        attribute.InitializedSize = Math.Min(attribute.InitializedSize, length);
    }

    /// <summary>Writes bytes at an offset, and makes the stream longer where needed.</summary>
    public static void Write(VolumeCore core, FileNode node, NodeAttribute attribute, long offset, ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length == 0)
        {
            return;
        }

        if (offset + bytes.Length > attribute.DataSize)
        {
            SetLength(core, node, attribute, offset + bytes.Length);
        }

        if (attribute.IsResident)
        {
            bytes.CopyTo(attribute.Value.AsSpan((int)offset));
            return;
        }

        ZeroTo(core, node, attribute, offset);
        core.Content.Write(attribute.Runs, offset, bytes, node.Number);
        attribute.InitializedSize = Math.Max(attribute.InitializedSize, offset + bytes.Length);
    }

    /// <summary>Writes zeros from the initialised size up to <paramref name="end"/>.</summary>
    public static void ZeroTo(VolumeCore core, FileNode node, NodeAttribute attribute, long end)
    {
        while (attribute.InitializedSize < end)
        {
            var part = (int)Math.Min(Zeros.Length, end - attribute.InitializedSize);
            core.Content.Write(attribute.Runs, attribute.InitializedSize, Zeros.AsSpan(0, part), node.Number);
            attribute.InitializedSize += part;
        }
    }

    /// <summary>Whether a value of this length can stay in the base record.</summary>
    private static bool FitsResident(VolumeCore core, FileNode node, NodeAttribute attribute, long length)
    {
        if (length > core.Geometry.RecordSize || attribute.Type is not (AttributeType.Data or AttributeType.Bitmap))
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
        return NodeWriter.HasRoom(core, node, needed - has);
    }
}
