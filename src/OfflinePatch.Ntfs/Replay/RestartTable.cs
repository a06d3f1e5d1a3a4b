using System.Buffers.Binary;

namespace OfflinePatch.Ntfs.Replay;

/// <summary>
/// A table as a checkpoint dumps it: a header, then entries; one whose first u32 is FFFFFFFF is in use. Source: Linux-NTFS documentation,
/// $LogFile; layout from ntfs3's fslog.c (facts).
/// </summary>
internal static class RestartTable
{
    private const uint InUse = 0xFFFFFFFF;
    private const int MinEntrySize = 0x20;
    private const int HeaderSize = Layout.Size;

    /// <summary>Offsets of the header; one line per field: type, name.</summary>
    private static class Layout
    {
        /// <summary>u16, bytes of an entry.</summary>
        public const int EntrySize = 0x00;

        /// <summary>u16, number of entries.</summary>
        public const int Count = 0x02;

        /// <summary>Bytes.</summary>
        public const int Size = 0x18;
    }

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
        int size = BinaryPrimitives.ReadUInt16LittleEndian(table[Layout.EntrySize..]);
        int count = BinaryPrimitives.ReadUInt16LittleEndian(table[Layout.Count..]);
        if (size < MinEntrySize || HeaderSize + (size * count) > table.Length)
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
