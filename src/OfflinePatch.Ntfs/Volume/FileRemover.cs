using System.Buffers.Binary;
using OfflinePatch.Core;
using OfflinePatch.Ntfs.Compression;
using OfflinePatch.Ntfs.Engine;
using OfflinePatch.Ntfs.Engine.Attributes;
using OfflinePatch.Ntfs.Engine.Indexes;
using OfflinePatch.Ntfs.Engine.Storage;
using OfflinePatch.Ntfs.Engine.Volumes;
using OfflinePatch.Ntfs.Layout;
using OfflinePatch.Ntfs.Runs;

namespace OfflinePatch.Ntfs.Volume;

/// <summary>Removes files, and what they are registered in: $Extend\$Reparse, $Extend\$ObjId.</summary>
internal sealed class FileRemover(VolumeCore core)
{
    private const uint SparseBit = 0x200;
    private const uint ReparseBit = 0x400;
    private const uint CompressedBit = 0x800;

    /// <summary>Frees a file that has no name left: clusters, extension records, base record.</summary>
    public void Remove(FileNode node)
    {
        RemoveFromView(node, AttributeType.ReparsePoint, "$Reparse", "$R");
        RemoveFromView(node, AttributeType.ObjectId, "$ObjId", "$O");
        foreach (var attribute in node.Attributes.Where(a => !a.IsResident))
        {
            core.Clusters.Free(attribute.Runs);
        }

        core.Clusters.Free(node.ListRuns);
        if (node.Find(AttributeType.IndexAllocation, IndexTrees.Directory) is not null)
        {
            core.Blocks.RemoveAll(node.Number);
        }

        foreach (var extension in node.Extensions)
        {
            core.RecordAllocator.Free(extension.Number);
        }

        core.RecordAllocator.Free(node.Number);
    }

    /// <summary>Turns a CompactOS file into a plain, empty one: its reparse point and packed stream go.</summary>
    public void RemoveCompactOs(FileNode node)
    {
        if (StreamContent.TagOf(node) != ReparsePoint.Wof)
        {
            return;
        }

        RemoveFromView(node, AttributeType.ReparsePoint, "$Reparse", "$R");
        foreach (var attribute in new[] { node.Find(AttributeType.ReparsePoint, ""),
            node.Find(AttributeType.Data, WofReparsePoint.StreamName) })
        {
            if (attribute is not null)
            {
                core.Streams.Clear(attribute);
                node.Attributes.Remove(attribute);
            }
        }

        new StandardInformationWriter(node.StandardInformation).ClearAttributes(ReparseBit);
    }

    /// <summary>Clears the sparse and compressed bits of a file none of whose streams is.</summary>
    public static void ClearPackedBits(FileNode node)
    {
        if (node.IsDirectory)
        {
            return;
        }

        var flags = AttributeFlags.None;
        foreach (var attribute in node.Attributes)
        {
            flags |= attribute.Flags;
        }

        new StandardInformationWriter(node.StandardInformation).ClearAttributes(
            ((flags & AttributeFlags.Sparse) == 0 ? SparseBit : 0) | ((flags & AttributeFlags.Compressed) == 0 ? CompressedBit : 0));
    }

    /// <summary>Removes the entry that names this file from a view index of $Extend.</summary>
    private void RemoveFromView(FileNode node, AttributeType type, string file, string index)
    {
        if (node.Find(type, "") is not { } attribute)
        {
            return;
        }

        var value = attribute.ReadAll(core.Runs, node.Number, 64 * 1024, "a reparse point or object id");
        byte[] key;
        if (type == AttributeType.ReparsePoint)
        {
            key = new byte[12];
            value.AsSpan(0, Math.Min(4, value.Length)).CopyTo(key);
            BinaryPrimitives.WriteUInt64LittleEndian(key.AsSpan(4), node.Reference.Value);
        }
        else
        {
            key = value.AsSpan(0, Math.Min(16, value.Length)).ToArray();
        }

        var extend = core.Nodes.Get(FileReference.ExtendRecord);
        if (extend.IsDirectory && core.Trees.Open(extend).TryFindName(file, out var reference, out _))
        {
            core.Indexes.Delete(core.Nodes.Get(reference), index, key);
        }
    }
}
