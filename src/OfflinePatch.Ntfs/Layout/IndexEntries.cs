namespace OfflinePatch.Ntfs.Layout;

/// <summary>New entries of a B-tree node, without a sub-node unless said. Their length is a multiple of 8.</summary>
internal static class IndexEntries
{
    /// <summary>An entry of a directory.</summary>
    /// <param name="reference">The file.</param>
    /// <param name="key">Its $FILE_NAME.</param>
    public static byte[] Name(FileReference reference, ReadOnlySpan<byte> key)
    {
        var bytes = Create(IndexEntry.Layout.Key + key.Length, out var entry);
        entry.SetReference(reference);
        entry.SetKey(key);
        return bytes;
    }

    /// <summary>An entry of a view index: the data follow the key.</summary>
    public static byte[] View(ReadOnlySpan<byte> key, ReadOnlySpan<byte> data)
    {
        var offset = IndexEntry.Layout.Key + key.Length;
        var bytes = Create(offset + data.Length, out var entry);
        entry.SetKey(key);
        entry.SetData(data, offset);
        return bytes;
    }

    /// <summary>An entry of $Secure:$SII: by id.</summary>
    /// <param name="header">That of the descriptor in $SDS.</param>
    public static byte[] SecurityId(ReadOnlySpan<byte> header) =>
        View(header.Slice(SecurityEntry.Layout.Id, sizeof(uint)), header);

    /// <summary>An entry of $Secure:$SDH: by hash and id; what Windows writes there stands after its data.</summary>
    /// <param name="header">That of the descriptor in $SDS.</param>
    public static byte[] SecurityHash(ReadOnlySpan<byte> header)
    {
        var bytes = View(header[..SecurityEntry.Layout.Offset], header);
        SecurityEntry.HashEntryTail.CopyTo(bytes.AsSpan(IndexEntry.Layout.Key + SecurityEntry.Layout.Offset + header.Length));
        return bytes;
    }

    /// <summary>The end entry of a node.</summary>
    /// <param name="subNode">VCN of its sub-node; negative: none.</param>
    public static byte[] Last(long subNode = -1)
    {
        var hasSubNode = subNode >= 0;
        var bytes = Create(IndexEntry.Layout.Size + (hasSubNode ? IndexEntryWriter.SubNodeSize : 0), out var entry);
        entry.SetFlags(IndexEntryFlags.Last | (hasSubNode ? IndexEntryFlags.SubNode : IndexEntryFlags.None));
        if (hasSubNode)
        {
            entry.SetSubNode(subNode);
        }

        return bytes;
    }

    private static byte[] Create(int length, out IndexEntryWriter entry)
    {
        var bytes = new byte[(length + 7) & ~7];
        entry = new IndexEntryWriter(bytes);
        entry.SetLength();
        return bytes;
    }
}
