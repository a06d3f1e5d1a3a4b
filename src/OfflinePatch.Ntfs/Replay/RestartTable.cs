using System.Buffers.Binary;
using OfflinePatch.Ntfs.Layout;

namespace OfflinePatch.Ntfs.Replay;

/// <summary>
/// A table as a checkpoint dumps it: 24 bytes of header (u16 entry size, u16 entries), then entries; one whose first u32 is FFFFFFFF is in
/// use.
/// Source: Linux-NTFS documentation, $LogFile; layout from ntfs3's fslog.c (facts).
/// </summary>
internal static class RestartTable
{
    private const int HeaderSize = 0x18;
    private const uint InUse = 0xFFFFFFFF;

    /// <summary>The entries in use and their offsets in the table, by which log records name them.</summary>
    public static List<(int Offset, byte[] Entry)> Read(LogRecord record)
    {
        // the length field has 16 bits: a larger table goes to the end of the data
        var start = BinaryPrimitives.ReadUInt16LittleEndian(record.Data[LogRecord.DataLayout.RedoOffset..]);
        if (start > record.Data.Length - HeaderSize)
        {
            throw LogError.Record(record.Lsn, "a table that is cut off");
        }

        var table = record.Data[start..];
        int size = BinaryPrimitives.ReadUInt16LittleEndian(table);
        int count = BinaryPrimitives.ReadUInt16LittleEndian(table[2..]);
        if (size < 0x20 || HeaderSize + (size * count) > table.Length)
        {
            throw LogError.Record(record.Lsn, $"a table of {count} entries of {size} bytes in {table.Length}");
        }

        var entries = new List<(int, byte[])>();
        for (var i = 0; i < count; i++)
        {
            var entry = table.Slice(HeaderSize + (i * size), size);
            if (BinaryPrimitives.ReadUInt32LittleEndian(entry) == InUse)
            {
                entries.Add((HeaderSize + (i * size), entry.ToArray()));
            }
        }

        return entries;
    }
}

/// <summary>What replay needs of an open attribute.</summary>
/// <param name="Type">Attribute type.</param>
/// <param name="IndexBlockSize">Bytes of an index block; 0 where it is no $INDEX_ALLOCATION.</param>
/// <param name="File">The file that the attribute belongs to.</param>
internal readonly record struct OpenAttribute(Layout.AttributeType Type, int IndexBlockSize, FileReference File)
{
    private const int OldEntrySize = 0x2C;
    private const int NewEntrySize = 0x28;

    /// <summary>
    /// An entry of the table, or the redo bytes of OpenNonresidentAttribute. Version 0 (a client restart area of Windows up to 7) has
    /// another order.
    /// </summary>
    public static OpenAttribute? Parse(ReadOnlySpan<byte> entry, uint version)
    {
        if (entry.Length < (version == 0 ? OldEntrySize : NewEntrySize))
        {
            return null;
        }

        var type = (Layout.AttributeType)BinaryPrimitives.ReadUInt32LittleEndian(entry[(version == 0 ? 0x1C : 0x08)..]);
        var size = BinaryPrimitives.ReadUInt32LittleEndian(entry[(version == 0 ? 0x28 : 0x04)..]);
        var file = new FileReference(BinaryPrimitives.ReadUInt64LittleEndian(entry[(version == 0 ? 0x08 : 0x10)..]));
        if (type != Layout.AttributeType.IndexAllocation)
        {
            return new OpenAttribute(type, 0, file);
        }

        return size is >= 512 and <= 65536 && System.Numerics.BitOperations.IsPow2(size) ? new OpenAttribute(type, (int)size, file) : null;
    }
}

/// <summary>A page that was dirty when the machine stopped.</summary>
internal sealed class DirtyPage(int attribute, long vcn, ulong oldestLsn, long[] lcns)
{
    public int Attribute { get; } = attribute;

    public long Vcn { get; } = vcn;

    /// <summary>Changes before it are on disk.</summary>
    public ulong OldestLsn { get; set; } = oldestLsn;

    /// <summary>LCN of each of its clusters; 0 where it was freed.</summary>
    public long[] Lcns { get; } = lcns;
}

/// <summary>A transaction that was under way.</summary>
internal sealed class OpenTransaction(ulong firstLsn)
{
    public ulong FirstLsn { get; } = firstLsn;

    public ulong UndoNextLsn { get; set; }

    /// <summary>Active transactions are undone; prepared and committed ones are not.</summary>
    public bool IsActive { get; set; } = true;
}
