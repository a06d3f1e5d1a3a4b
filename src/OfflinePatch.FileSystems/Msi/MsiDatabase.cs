using System.Buffers.Binary;
using System.Text;
using OfflinePatch.Core;
using OfflinePatch.FileSystems.Trees;

namespace OfflinePatch.FileSystems.Msi;

/// <summary>
/// The tables of an MSI database. Each is a stream of columns one after the other; strings are numbers into a pool, integers have their
/// highest bit flipped, and 0 is null. Source: as <see cref="MsiNames"/>.
/// </summary>
internal sealed class MsiDatabase
{
    private const int TableLimit = 64 * 1024 * 1024; // bytes of one table
    private const int RowLimit = 1_000_000;
    private const ushort LongReferences = 0x8000; // in the high word of the pool's first entry: strings have numbers of three bytes
    private const ushort TypeIsString = 0x0800;
    private const ushort TypeIsBinary = 0x0900; // a string that is no text but the name of a stream: two bytes
    private const ushort TypeIsNullable = 0x1000;

    private readonly CompoundFile _file;
    private readonly List<string> _strings = [""];
    private readonly int _referenceSize;
    private readonly Dictionary<string, List<Column>> _columns = new(StringComparer.Ordinal);

    public MsiDatabase(CompoundFile file)
    {
        _file = file;
        var pool = ReadStream("_StringPool") ?? throw MsiError.NotAPackage();
        var text = ReadStream("_StringData") ?? throw MsiError.NotAPackage();
        _referenceSize = ReadStrings(pool, text);
        ReadColumns();
    }

    /// <summary>Whether the database has a table.</summary>
    public bool HasTable(string table) => _columns.ContainsKey(table);

    /// <summary>The rows of a table: for each the wanted columns, text or a number in decimal, null as the empty string.</summary>
    /// <exception cref="CorruptImageException">The table or a column is missing, or damaged.</exception>
    public List<string[]> Read(string table, params string[] columns)
    {
        if (!_columns.TryGetValue(table, out var all))
        {
            throw MsiError.NoTable(table);
        }

        var wanted = columns.Select(c => all.FindIndex(a => a.Name == c)).ToArray();
        if (Array.IndexOf(wanted, -1) is >= 0 and var missing)
        {
            throw MsiError.BadTable(table, $"a column {columns[missing]}", "none");
        }

        return ReadRows(table, all, wanted);
    }

    private List<string[]> ReadRows(string table, List<Column> columns, int[] wanted)
    {
        var bytes = ReadStream(MsiNames.TableMark + table) ?? [];
        var rowSize = columns.Sum(SizeOf);
        var count = rowSize == 0 ? 0 : bytes.Length / rowSize;
        if (count > RowLimit || (rowSize > 0 && bytes.Length % rowSize != 0))
        {
            throw MsiError.BadTable(table, $"at most {RowLimit} whole rows of {rowSize} bytes", $"{bytes.Length} bytes");
        }

        var rows = Enumerable.Range(0, count).Select(_ => new string[wanted.Length]).ToList();
        for (var w = 0; w < wanted.Length; w++)
        {
            var column = columns[wanted[w]];
            var size = SizeOf(column);
            var start = columns.Take(wanted[w]).Sum(SizeOf) * count;
            for (var row = 0; row < count; row++)
            {
                rows[row][w] = ReadValue(table, bytes.AsSpan(start + (row * size), size), column);
            }
        }

        return rows;
    }

    private string ReadValue(string table, ReadOnlySpan<byte> bytes, Column column)
    {
        if (!IsText(column))
        {
            return bytes.Length == 2
                ? BinaryPrimitives.ReadUInt16LittleEndian(bytes) is > 0 and var small ? $"{small - 0x8000}" : ""
                : BinaryPrimitives.ReadUInt32LittleEndian(bytes) is > 0 and var large ? $"{large - 0x8000_0000L}" : "";
        }

        var reference = bytes[0] | (bytes[1] << 8) | (bytes.Length > 2 ? bytes[2] << 16 : 0);
        return reference < _strings.Count ? _strings[reference]
            : throw MsiError.BadTable(table, $"one of {_strings.Count} strings", $"{reference}");
    }

    private static bool IsText(Column column) => (column.Type & TypeIsString) != 0;

    private int SizeOf(Column column) =>
        (column.Type & 0x0F00 & ~TypeIsNullable) == TypeIsBinary && (column.Type & 0xFF) == 0 ? 2
        : IsText(column) ? _referenceSize
        : (column.Type & 0xFF) <= 2 ? 2 : 4;

    /// <summary>
    /// The pool: for each string its length and how often it is used; a length of 0 that is used means that the next entry is a length of
    /// 32 bits.
    /// </summary>
    private int ReadStrings(byte[] pool, byte[] text)
    {
        if (pool.Length < 4)
        {
            throw MsiError.BadTable("_StringPool", "a code page", $"{pool.Length} bytes");
        }

        int high = BinaryPrimitives.ReadUInt16LittleEndian(pool.AsSpan(2));
        var codePage = BinaryPrimitives.ReadUInt16LittleEndian(pool) | ((high & ~LongReferences) << 16);
        var encoding = OemText.Get(codePage == 0 ? 1252 : codePage) ?? Encoding.Latin1;
        var position = 0;
        for (var at = 4; at + 4 <= pool.Length; at += 4)
        {
            long length = BinaryPrimitives.ReadUInt16LittleEndian(pool.AsSpan(at));
            if (length == 0 && BinaryPrimitives.ReadUInt16LittleEndian(pool.AsSpan(at + 2)) != 0 && at + 8 <= pool.Length)
            {
                at += 4;
                length = BinaryPrimitives.ReadUInt32LittleEndian(pool.AsSpan(at));
            }

            if (length > text.Length - position)
            {
                throw MsiError.BadTable("_StringData", $"{length} more bytes", $"{text.Length - position}");
            }

            _strings.Add(encoding.GetString(text, position, (int)length));
            position += (int)length;
        }

        return (high & LongReferences) != 0 ? 3 : 2;
    }

    /// <summary>_Columns describes every table, but not itself: table, number, name, type.</summary>
    private void ReadColumns()
    {
        List<Column> self = [new("Table", TypeIsString), new("Number", 2), new("Name", TypeIsString), new("Type", 2)];
        foreach (var group in ReadRows("_Columns", self, [0, 1, 2, 3]).GroupBy(r => r[0], StringComparer.Ordinal))
        {
            _columns[group.Key] = [.. group.Select(r => (Number: Number(r[1]), Column: new Column(r[2], Number(r[3]))))
                .OrderBy(c => c.Number).Select(c => c.Column)];
        }
    }

    private static int Number(string text) => text.Length == 0 ? 0 : int.Parse(text);

    private byte[]? ReadStream(string name)
    {
        var device = _file.OpenStream(name) ?? _file.OpenStream(MsiNames.TableMark + name);
        if (device is null)
        {
            return null;
        }

        if (device.Length > TableLimit)
        {
            throw MsiError.BadTable(name, $"at most {TableLimit} bytes", $"{device.Length}");
        }

        var bytes = new byte[device.Length];
        device.Read(0, bytes);
        return bytes;
    }

    private readonly record struct Column(string Name, int Type);
}
