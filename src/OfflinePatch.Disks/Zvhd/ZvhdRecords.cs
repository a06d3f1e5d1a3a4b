using System.Buffers.Binary;
using OfflinePatch.Core;

namespace OfflinePatch.Disks.Zvhd;

/// <summary>Where a block is: the record's offset, and the bytes of its payload (0 = not known before the record is read).</summary>
internal readonly record struct ZvhdRecord(uint Block, long Offset, int Payload);

/// <summary>The records of a file, by ascending block.</summary>
internal static class ZvhdRecords
{
    /// <summary>
    /// Walks the records from the first one to the closing header. Proves on the way that none is missing: every record must be followed by
    /// another one or by that header.
    /// </summary>
    public static List<ZvhdRecord> Scan(BlockDevice file, ReadOnlySpan<byte> cookie, int blockSize, long blockCount)
    {
        var records = new List<ZvhdRecord>();
        Span<byte> head = stackalloc byte[ZvhdLayout.RecordPayload];
        for (long offset = ZvhdLayout.Alignment; ;)
        {
            if (offset > file.Length - ZvhdLayout.HeaderBytes)
            {
                throw ZvhdError.NoFooter(offset);
            }

            file.Read(offset, head);
            if (head.StartsWith(cookie))
            {
                return records;
            }

            var record = Parse(file, head, offset, blockSize, blockCount);
            if (records.Count > 0 && record.Block <= records[^1].Block)
            {
                throw ZvhdError.Record(offset, $"a block after {records[^1].Block}", $"{record.Block}");
            }

            records.Add(record);
            offset += ZvhdLayout.RecordBytes(record.Payload);
        }
    }

    /// <summary>Reads the head of the record at <paramref name="offset"/> and checks all that frames its payload.</summary>
    public static ZvhdRecord Read(BlockDevice file, long offset, int blockSize, long blockCount)
    {
        if (offset < ZvhdLayout.Alignment || offset > file.Length - ZvhdLayout.Alignment)
        {
            throw ZvhdError.Record(offset, "a record inside the file", $"a file of {file.Length} bytes");
        }

        Span<byte> head = stackalloc byte[ZvhdLayout.RecordPayload];
        file.Read(offset, head);
        return Parse(file, head, offset, blockSize, blockCount);
    }

    private static ZvhdRecord Parse(BlockDevice file, ReadOnlySpan<byte> head, long offset, int blockSize, long blockCount)
    {
        if (!head.StartsWith(ZvhdLayout.RecordPrefix))
        {
            throw ZvhdError.NoFooter(offset);
        }

        var size = BinaryPrimitives.ReadUInt32LittleEndian(head[ZvhdLayout.RecordSize..]);
        var block = BinaryPrimitives.ReadUInt32LittleEndian(head[ZvhdLayout.RecordBlock..]);
        if (size == 0 || size > ZvhdLayout.MaxPayload(blockSize))
        {
            throw ZvhdError.Record(offset, $"a payload of 1 to {ZvhdLayout.MaxPayload(blockSize)} bytes", $"{size}");
        }

        if (block >= blockCount)
        {
            throw ZvhdError.Record(offset, $"a block below {blockCount}", $"{block}");
        }

        var length = ZvhdLayout.RecordBytes(size);
        Span<byte> end = stackalloc byte[4];
        if (length > file.Length - offset)
        {
            throw ZvhdError.Record(offset, $"{length} bytes inside the file", $"a file of {file.Length} bytes");
        }

        file.Read(offset + length - 4, end);
        return end.SequenceEqual(ZvhdLayout.RecordEnd)
            ? new ZvhdRecord(block, offset, (int)size)
            : throw ZvhdError.Record(offset + length - 4, "\"end\"", Convert.ToHexString(end));
    }
}
