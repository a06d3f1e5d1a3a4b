using System.Buffers.Binary;
using OfflinePatch.Core;

namespace OfflinePatch.Disks.Zvhd;

/// <summary>
/// Reads the index of a ZVHD2. The bitmap says which blocks are stored (least significant bit first); the index holds their places in that
/// order, or, where the header says so, one entry for every block.
/// </summary>
internal static class Zvhd2Index
{
    /// <summary>
    /// The stored blocks, ascending. Each entry is compared with the bitmap; the records themselves are checked when they are read.
    /// </summary>
    public static List<ZvhdRecord> Read(BlockDevice file, ZvhdHeader footer, long blockCount)
    {
        var stored = footer.Int(ZvhdLayout.StoredBlocks);
        var entries = footer.IndexHasZeroBlocks ? blockCount : stored;
        var index = CheckTable(file, "index", footer.Long(ZvhdLayout.IndexOffset), footer.Int(ZvhdLayout.IndexSize),
            entries * ZvhdLayout.IndexEntryBytes);
        var bitmapBytes = (blockCount + 7) / 8;
        var bitmapOffset = CheckTable(file, "bitmap", footer.Long(ZvhdLayout.BitmapOffset), footer.Int(ZvhdLayout.BitmapSize), bitmapBytes);
        var bitmap = new byte[bitmapBytes];
        file.Read(bitmapOffset, bitmap);

        var records = new List<ZvhdRecord>();
        var buffer = new byte[ZvhdLayout.IndexSegmentBytes];
        var held = (Start: 0L, End: 0L);
        for (long block = 0; block < blockCount; block++)
        {
            if ((bitmap[block / 8] & (1 << (int)(block % 8))) == 0)
            {
                continue;
            }

            var ordinal = footer.IndexHasZeroBlocks ? block : records.Count;
            if (ordinal >= entries)
            {
                throw ZvhdError.Tables(bitmapOffset, "bitmap", $"{stored} stored blocks", "more");
            }

            var at = index + (ordinal * ZvhdLayout.IndexEntryBytes);
            if (at < held.Start || at >= held.End)
            {
                var count = (int)Math.Min(buffer.Length, index + (entries * ZvhdLayout.IndexEntryBytes) - at);
                file.Read(at, buffer.AsSpan(0, count));
                held = (at, at + count);
            }

            records.Add(ReadEntry(file, buffer.AsSpan((int)(at - held.Start), ZvhdLayout.IndexEntryBytes), at, block));
        }

        return records.Count == stored
            ? records
            : throw ZvhdError.Tables(bitmapOffset, "bitmap", $"{stored} stored blocks", $"{records.Count}");
    }

    private static ZvhdRecord ReadEntry(BlockDevice file, ReadOnlySpan<byte> entry, long at, long block)
    {
        var offset = BinaryPrimitives.ReadUInt64LittleEndian(entry);
        var number = BinaryPrimitives.ReadUInt32LittleEndian(entry[8..]);
        var length = BinaryPrimitives.ReadUInt32LittleEndian(entry[12..]);
        if (number != block)
        {
            throw ZvhdError.Tables(at, "index", $"block {block}, as the bitmap says", $"{number}");
        }

        return offset >= ZvhdLayout.Alignment && offset < (ulong)file.Length && length >= ZvhdLayout.RecordPayload
            && length <= file.Length - (long)offset
            ? new ZvhdRecord((uint)block, (long)offset, 0)
            : throw ZvhdError.Tables(at, "index", $"a record inside the file of {file.Length} bytes", $"{length} bytes from {offset}");
    }

    private static long CheckTable(BlockDevice file, string table, ulong offset, uint size, long needed)
    {
        if (needed > size || offset > (ulong)file.Length || needed > file.Length - (long)offset)
        {
            throw ZvhdError.Tables((long)Math.Min(offset, long.MaxValue), table, $"{needed} bytes inside the file of {file.Length}",
                $"{size} from {offset}");
        }

        return (long)offset;
    }
}
