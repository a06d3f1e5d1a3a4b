using OfflinePatch.Registry.Cells;
using OfflinePatch.Registry.Errors;
using OfflinePatch.Registry.Layout;
using OfflinePatch.Registry.RegText;

namespace OfflinePatch.Registry.RegText;

/// <summary>
/// Writes keys as .reg text, version 5, as regedit does. It streams: no object is made per key or value. Class names and security
/// descriptors have no place in the format and are left out.
/// </summary>
public sealed class RegTextWriter
{
    private readonly RegTextOutput _output;
    private readonly RegTextFormatter _formatter;
    private char[] _path = new char[1024];
    private char[] _name = new char[256];

    private RegTextWriter(Stream stream, RegTextEncoding encoding, bool withHeader = true)
    {
        _output = new RegTextOutput(stream, encoding, withMark: withHeader);
        _formatter = new RegTextFormatter(_output);
        if (withHeader)
        {
            _formatter.Header();
        }
    }

    /// <summary>Writes a key with all below it.</summary>
    /// <param name="key">The key.</param>
    /// <param name="path">Its full path as it is written to the text, for example <c>HKEY_LOCAL_MACHINE\SYSTEM\Select</c>.</param>
    /// <param name="stream">Where to; left open.</param>
    /// <param name="encoding">How.</param>
    /// <exception cref="CorruptImageException">A structure is damaged; what was written before it stays written.</exception>
    /// <exception cref="IOException">The stream failed.</exception>
    public static void Export(HiveKey key, string path, Stream stream, RegTextEncoding encoding = RegTextEncoding.Utf16)
    {
        var writer = new RegTextWriter(stream, encoding);
        _ = key.Node;
        writer.WriteTree(key.Hive, key.Cell, writer.SetPath(path));
        writer._output.Complete();
    }

    /// <summary>Writes the changes that turn one key, with all below it, into another: applied to the first they give the second.</summary>
    /// <param name="before">The first key; null when it does not exist.</param>
    /// <param name="after">The second key; null when it does not exist.</param>
    /// <param name="path">Their full path as it is written to the text.</param>
    /// <param name="stream">Where to; left open.</param>
    /// <param name="encoding">How.</param>
    /// <param name="withHeader">Whether the text starts here; false where it continues what was written to the stream before.</param>
    /// <returns>The number of keys and values that differ; a key that exists on one side only counts as one.</returns>
    /// <exception cref="CorruptImageException">A structure is damaged.</exception>
    /// <exception cref="IOException">The stream failed.</exception>
    public static int Diff(HiveKey? before, HiveKey? after, string path, Stream stream, RegTextEncoding encoding = RegTextEncoding.Utf16,
        bool withHeader = true)
    {
        var writer = new RegTextWriter(stream, encoding, withHeader);
        var length = writer.SetPath(path);
        var changes = 0;
        if (before is not null && after is not null)
        {
            changes = new RegTextDiff(writer, before.Hive, after.Hive).Compare(before.Cell, after.Cell, length);
        }
        else if (before is not null)
        {
            writer.WriteDeletedKey(length);
            changes = 1;
        }
        else if (after is not null)
        {
            writer.WriteTree(after.Hive, after.Cell, length);
            changes = 1;
        }

        writer._output.Complete();
        return changes;
    }

    internal RegTextFormatter Formatter => _formatter;

    internal ReadOnlySpan<char> PathOf(int length) => _path.AsSpan(0, length);

    /// <summary>Appends a name to the path; returns the new length.</summary>
    internal int Push(int length, StoredName name)
    {
        var needed = length + 1 + name.Length;
        if (needed > _path.Length)
        {
            Array.Resize(ref _path, Math.Max(needed, _path.Length * 2));
        }

        _path[length] = '\\';
        name.CopyTo(_path.AsSpan(length + 1));
        return needed;
    }

    internal void WriteDeletedKey(int length)
    {
        _formatter.Key(PathOf(length), delete: true);
        _formatter.EndKey();
    }

    internal void WriteValue(Hive hive, CellOffset cell)
    {
        var value = hive.Bytes.Value(cell);
        var data = hive.Bytes.TryGetData(value, (uint)hive.MinorVersion, out var content) ? content : hive.Bytes.CopyBigData(value);
        _formatter.Value(Name(value.Name), value.Type, data);
    }

    /// <summary>The characters of a name, in a buffer that the next call reuses.</summary>
    internal ReadOnlySpan<char> Name(StoredName name)
    {
        if (name.Length > _name.Length)
        {
            _name = new char[name.Length];
        }

        return _name.AsSpan(0, name.CopyTo(_name));
    }

    internal void WriteTree(Hive hive, CellOffset cell, int length, int depth = 0)
    {
        RequireDepth(cell, depth);
        _formatter.Key(PathOf(length));
        var node = hive.Bytes.Key(cell);
        if (hive.Salvage is not null)
        {
            foreach (var value in hive.ValueCells(node))
            {
                WriteValue(hive, value);
            }
        }
        else
        {
            var values = hive.Bytes.ValueList(node);
            for (var i = 0; i < values.Length / 4; i++)
            {
                WriteValue(hive, CellReader.OffsetAt(values, i));
            }
        }

        _formatter.EndKey();
        if (node.SubkeyCount == 0)
        {
            return;
        }

        foreach (var child in hive.SubkeyCells(cell, node))
        {
            WriteTree(hive, child, Push(length, hive.Bytes.Key(child).Name), depth + 1);
        }
    }

    internal static void RequireDepth(CellOffset cell, int depth)
    {
        if (depth > CellReader.MaxDepth)
        {
            throw RegistryError.TooDeep(cell);
        }
    }

    private int SetPath(string path)
    {
        if (path.Length > _path.Length)
        {
            _path = new char[path.Length * 2];
        }

        path.CopyTo(_path);
        return path.Length;
    }
}
