using System.Buffers.Binary;
using OfflinePatch.Core;
using OfflinePatch.Ntfs.Engine.Attributes;
using OfflinePatch.Ntfs.Engine.Indexes;
using OfflinePatch.Ntfs.Layout;
using OfflinePatch.Ntfs.Runs;

namespace OfflinePatch.Ntfs.Engine.Security;

/// <content>Adding a descriptor.</content>
internal sealed partial class SecurityStore
{
    /// <summary>The first id that Windows assigns.</summary>
    private const uint FirstId = 0x100;

    /// <summary>Adds a descriptor to $SDS (both copies), $SII and $SDH, and returns its id.</summary>
    public uint Append(ReadOnlySpan<byte> descriptor)
    {
        var node = nodes.Get(FileReference.SecureRecord);
        if (node.WriteProblem is { } problem)
        {
            throw NtfsError.NotSound("$Secure", problem);
        }

        var sds = node.Find(AttributeType.Data, "$SDS") ?? throw NtfsError.BadMetafile("$Secure", "no $SDS");
        var (id, offset) = NextPlace(node, descriptor.Length + HeaderSize);
        var entry = new byte[AttributeEncoder.Round8(HeaderSize + descriptor.Length)];
        var header = entry.AsSpan(0, HeaderSize);
        SecurityEntry.Write(header, SecurityEntry.HashOf(descriptor), id, offset, HeaderSize + descriptor.Length);
        descriptor.CopyTo(entry.AsSpan(HeaderSize));
        var bytes = entry.AsSpan(0, HeaderSize + descriptor.Length);
        streams.Write(node, sds, offset, bytes);
        streams.Write(node, sds, offset + BlockSize, bytes);
        writer.Store(node);

        indexes.Insert(node, "$SII", IndexEntries.SecurityId(header));
        indexes.Insert(node, "$SDH", IndexEntries.SecurityHash(header));
        return id;
    }

    /// <summary>The id after the largest, and where the entry goes: 16-byte aligned after the last, never across 256 KiB.</summary>
    private (uint Id, long Offset) NextPlace(FileNode node, int size)
    {
        uint id = FirstId;
        long end = 0;
        foreach (var (key, value) in trees.Open(node, "$SII").From([0, 0, 0, 0]))
        {
            if (key.Length < sizeof(uint) || !SecurityEntry.TryCreate(value, out var entry))
            {
                throw NtfsError.BadMetafile("$Secure", "a short entry in $SII");
            }

            var known = BinaryPrimitives.ReadUInt32LittleEndian(key);
            var (offset, length) = (entry.Offset, entry.Length);
            if (known == uint.MaxValue || offset < 0 || offset > 1L << 40 || length > BlockSize)
            {
                throw NtfsError.BadMetafile("$Secure", $"id 0x{known:X} at 0x{offset:X}");
            }

            id = Math.Max(id, known + 1);
            end = Math.Max(end, offset + length);
        }

        if (size > BlockSize)
        {
            throw NtfsError.TooLarge("a security descriptor", size, BlockSize);
        }

        end = (end + 15) & ~15L;
        if ((end % BlockSize) + size > BlockSize || end / BlockSize % 2 != 0)
        {
            // the next pair of blocks: this block's copy lies between
            end = ((end / (2 * BlockSize)) + 1) * 2 * BlockSize;
        }

        RefuseUnindexedEntry(node, end);
        return (id, end);
    }

    /// <summary>$SII does not name every descriptor: one that only $SDS has would be overwritten, and its id given to another.</summary>
    private void RefuseUnindexedEntry(FileNode node, long offset)
    {
        var sds = node.Find(AttributeType.Data, "$SDS")!;
        if (offset > sds.InitializedSize - HeaderSize)
        {
            return;
        }

        Span<byte> header = stackalloc byte[HeaderSize];
        sds.Read(device, node.Number, offset, header);
        var length = SecurityEntry.TryCreate(header, out var entry) && entry.Offset == offset ? entry.Length : 0;
        if (length is <= HeaderSize or > BlockSize
            || offset > sds.DataSize - length)
        {
            return;
        }

        var descriptor = new byte[length - HeaderSize];
        sds.Read(device, node.Number, offset + HeaderSize, descriptor);
        if (SecurityEntry.HashOf(descriptor) == entry.Hash)
        {
            throw NtfsError.BadMetafile("$Secure", $"$SDS has a descriptor at 0x{offset:X} that $SII does not name");
        }
    }
}
