using System.Buffers.Binary;
using OfflinePatch.Ntfs.Format;
using OfflinePatch.Ntfs.Layout;

namespace OfflinePatch.Ntfs.Check;

/// <summary>
/// The indexes that are no directories: $Secure:$SII and $SDH, $Reparse:$R, $ObjId:$O, and any other by its structure. Source: Linux-NTFS
/// documentation, $Secure, $Extend.
/// </summary>
internal sealed class ViewIndexChecker(CheckContext context)
{
    private FindingList Findings => context.Findings;

    /// <summary>Walks every view index of a record.</summary>
    public void Check(long number, List<CheckedAttribute> attributes)
    {
        if (number == FileReference.SecureRecord)
        {
            CheckSecure(attributes);
            return;
        }

        foreach (var root in attributes.Where(a => a.Type == AttributeType.IndexRoot && a.Name != "$I30" && a.IsResident).ToList())
        {
            var label = $"FILE record {number}, index {root.Name}";
            var isReparse = root.Name == "$R";
            var isObjectId = root.Name == "$O" && IndexRootHeader.TryCreate(root.Value.Span, out var header)
                && header.Collation == CollationRule.UnsignedLongs;
            var seen = new HashSet<(ulong, uint)>();
            new IndexWalker(context, label, OrderOf(root), (entry, node, offset) =>
            {
                if (isReparse && entry.Key.Length >= 12)
                {
                    seen.Add((BinaryPrimitives.ReadUInt64LittleEndian(entry.Key[4..]), BinaryPrimitives.ReadUInt32LittleEndian(entry.Key)));
                }
                else if (isObjectId && entry.ViewValue.Length >= 8)
                {
                    seen.Add((BinaryPrimitives.ReadUInt64LittleEndian(entry.ViewValue), 0));
                }
            }).Walk(attributes, root.Name);
            if (context.Touched is null && (isReparse || isObjectId))
            {
                Compare(label, seen, isReparse ? context.ReparsePoints : [.. context.ObjectIds.Select(o => (o, 0u))],
                    isReparse ? NtfsFindingCode.ReparseIndex : NtfsFindingCode.ObjectIdIndex);
            }
        }
    }

    private static KeyOrder? OrderOf(CheckedAttribute root) => IndexRootHeader.TryCreate(root.Value.Span, out var header)
        ? KeyOrders.Of(header.Collation) : null;

    private void Compare(string label, HashSet<(ulong Reference, uint Tag)> indexed, HashSet<(ulong Reference, uint Tag)> files,
        string code)
    {
        foreach (var file in files)
        {
            if (!indexed.Contains(file))
            {
                Findings.Error(code, label, -1, $"an entry for file {new FileReference(file.Reference)}", "none");
            }
        }

        foreach (var entry in indexed)
        {
            if (!files.Contains(entry))
            {
                Findings.Error(code, label, -1, $"no entry for file {new FileReference(entry.Reference)}", "an entry");
            }
        }
    }

    private void CheckSecure(List<CheckedAttribute> attributes)
    {
        var streams = attributes.Where(a => a.Type == AttributeType.Data && a.Name == "$SDS").ToList();
        var descriptors = streams.Count == 0 ? null : context.Stream(streams);
        var ids = new HashSet<uint>();
        var byHash = new Dictionary<uint, uint>();
        new IndexWalker(context, "$Secure:$SII", KeyOrders.Words, (entry, node, offset) =>
        {
            var data = entry.ViewValue;
            if (entry.Key.Length != sizeof(uint) || data.Length != SecurityEntry.Layout.Size
                || !SecurityEntry.TryCreate(data, out var security))
            {
                Findings.Error(NtfsFindingCode.SecurityEntry, node, offset, "a key of 4 and data of 20 bytes",
                    $"{entry.Key.Length} and {data.Length}");
                return;
            }

            var id = BinaryPrimitives.ReadUInt32LittleEndian(entry.Key);
            ids.Add(id);
            byHash[id] = security.Hash;
            CheckDescriptor(descriptors, id, security);
        }).Walk(attributes, "$SII");
        var hashed = 0;
        new IndexWalker(context, "$Secure:$SDH", KeyOrders.Words, (entry, node, offset) =>
        {
            hashed++;
            if (entry.Key.Length != SecurityEntry.Layout.Offset || entry.ViewValue.Length < SecurityEntry.Layout.Size
                || !entry.ViewValue[..SecurityEntry.Layout.Offset].SequenceEqual(entry.Key)
                || !byHash.TryGetValue(BinaryPrimitives.ReadUInt32LittleEndian(entry.Key[4..]), out var hash)
                    || hash != BinaryPrimitives.ReadUInt32LittleEndian(entry.Key))
            {
                Findings.Error(NtfsFindingCode.SecurityHashIndex, node, offset, "hash and id of an entry in $SII", "others");
            }
        }).Walk(attributes, "$SDH");
        if (hashed != ids.Count)
        {
            Findings.Error(NtfsFindingCode.SecurityHashIndex, "$Secure:$SDH", -1, $"{ids.Count} entries, as in $SII", $"{hashed}");
        }

        context.SecurityIds = ids;
    }

    private void CheckDescriptor(CheckedStream? descriptors, uint id, SecurityEntry header)
    {
        var label = $"$Secure:$SDS, id 0x{id:X}";
        var (offset, length) = (header.Offset, header.Length);
        if (descriptors is null || offset < 0 || length < SecurityEntry.Layout.Size + SecurityDescriptor.Layout.Size
            || length > SecurityEntry.BlockSize || offset > long.MaxValue - SecurityEntry.BlockSize - length)
        {
            Findings.Error(NtfsFindingCode.SecurityEntry, label, offset, "a descriptor inside $SDS", $"{length} bytes at {offset}");
            return;
        }

        var entry = new byte[length];
        var copy = new byte[length];
        if (!descriptors.TryRead(offset, entry) || !entry.AsSpan(0, SecurityEntry.Layout.Size).SequenceEqual(header.Bytes)
            || header.Id != id)
        {
            Findings.Error(NtfsFindingCode.SecurityEntry, label, offset, "the header that $SII has", "another");
            return;
        }

        var hash = SecurityEntry.HashOf(entry.AsSpan(SecurityEntry.Layout.Size));
        if (hash != header.Hash)
        {
            Findings.Error(NtfsFindingCode.SecurityHash, label, offset, $"the hash 0x{hash:X8}", $"0x{header.Hash:X8}");
        }

        if (!descriptors.TryRead(offset + SecurityEntry.BlockSize, copy) || !copy.AsSpan().SequenceEqual(entry))
        {
            Findings.Error(NtfsFindingCode.SecurityCopy, label, offset + SecurityEntry.BlockSize, "an equal second copy", "another");
        }
    }
}
