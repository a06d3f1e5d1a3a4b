using System.Buffers.Binary;
using OfflinePatch.Core;
using OfflinePatch.Ntfs.Engine.Attributes;
using OfflinePatch.Ntfs.Engine.Indexes;
using OfflinePatch.Ntfs.Engine.Storage;
using OfflinePatch.Ntfs.Engine.Streams;
using OfflinePatch.Ntfs.Layout;
using OfflinePatch.Ntfs.Runs;

namespace OfflinePatch.Ntfs.Engine.Security;

/// <summary>
/// $Secure: every security descriptor of the volume once. $SDS holds them (each twice, the copy 256 KiB further on), $SII finds them by id,
/// $SDH by hash. Source: Linux-NTFS documentation, $Secure.
/// </summary>
internal sealed partial class SecurityStore(RunDevice device, NodeCache nodes, IndexTrees trees, IndexEditor indexes,
    StreamEditor streams, NodeWriter writer)
{
    private const int HeaderSize = SecurityEntry.Layout.Size;
    private const int BlockSize = SecurityEntry.BlockSize;

    /// <summary>The descriptor of an id, or null.</summary>
    /// <exception cref="CorruptImageException"><c>NTFS-0140</c>: the indexes and $SDS contradict each other.</exception>
    public byte[]? Read(uint id)
    {
        if (id == 0)
        {
            return null;
        }

        var node = nodes.Get(FileReference.SecureRecord);
        var key = new byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(key, id);
        var tree = trees.Open(node, "$SII");
        if (!tree.TryFind(key, exact: true, out var found, out var at))
        {
            return null;
        }

        return ReadEntry(node, found.Entry(at, node.Number).ViewValue.ToArray(), id);
    }

    /// <summary>The id of a descriptor that $Secure has already, or 0.</summary>
    public uint Find(ReadOnlySpan<byte> descriptor)
    {
        var node = nodes.Get(FileReference.SecureRecord);
        var hash = SecurityEntry.HashOf(descriptor);
        var key = new byte[8];
        BinaryPrimitives.WriteUInt32LittleEndian(key, hash);
        var tree = trees.Open(node, "$SDH");
        foreach (var candidate in tree.From(key))
        {
            if (candidate.Key.Length < 8 || BinaryPrimitives.ReadUInt32LittleEndian(candidate.Key) != hash)
            {
                break;
            }

            var id = BinaryPrimitives.ReadUInt32LittleEndian(candidate.Key.AsSpan(4));
            if (ReadEntry(node, candidate.Value, id).AsSpan().SequenceEqual(descriptor))
            {
                return id;
            }
        }

        return 0;
    }

    private byte[] ReadEntry(FileNode node, byte[] header, uint id)
    {
        var sds = node.Find(AttributeType.Data, "$SDS") ?? throw NtfsError.BadMetafile("$Secure", "no $SDS");
        if (!SecurityEntry.TryCreate(header, out var entry))
        {
            throw NtfsError.BadMetafile("$Secure", $"a short entry for id 0x{id:X}");
        }

        var (offset, length) = (entry.Offset, entry.Length);
        if (entry.Id != id || offset < 0 || length is < HeaderSize or > BlockSize
            || offset > sds.DataSize - length)
        {
            throw NtfsError.BadMetafile("$Secure", $"an entry for id 0x{id:X} at 0x{offset:X} of 0x{length:X} bytes");
        }

        var bytes = new byte[length];
        sds.Read(device, node.Number, offset, bytes);
        return bytes.AsSpan(0, HeaderSize).SequenceEqual(header.AsSpan(0, HeaderSize))
            ? bytes[HeaderSize..]
            : throw NtfsError.BadMetafile("$Secure", $"$SDS at 0x{offset:X} is not the entry of id 0x{id:X}");
    }
}
