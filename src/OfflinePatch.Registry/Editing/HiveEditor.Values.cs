using System.Buffers.Binary;
using OfflinePatch.Registry.Cells;
using OfflinePatch.Registry.Errors;
using OfflinePatch.Registry.Layout;

namespace OfflinePatch.Registry.Editing;

internal sealed partial class HiveEditor
{
    /// <summary>Creates or changes a value.</summary>
    public void SetValue(CellOffset key, string name, uint type, ReadOnlySpan<byte> data)
    {
        RegistryNames.RequireValueName(name);
        var node = _image.Key(key);
        if ((node.Flags & KeyNodeFlags.PredefinedHandle) != 0)
        {
            throw RegistryError.PredefinedHandle(_hive.PathOf(key));
        }

        RequireRoom(data.Length + (4L * node.ValueCount));
        var content = data.Overlaps(_image.File) ? data.ToArray() : data;
        var compressed = StoredName.CanCompress(name);
        MarkEdited(key);
        if (!_hive.TryFindValue(node, name, out var cell, out _))
        {
            cell = _cells.Allocate(KeyValue.HeaderSize + StoredName.EncodedLength(name, compressed));
            new KeyValueWriter(_image.WritableCell(cell)).Initialise(name, compressed);
            _values.Write(cell, content);
            AppendToValueList(key, cell);
        }
        else
        {
            _values.Replace(cell, content);
        }

        new KeyValueWriter(_image.WritableCell(cell)).SetType(type);
        node = _image.Key(key);
        var writer = new KeyNodeWriter(_image.WritableCell(key));
        writer.SetMaximumValueName(Math.Max(node.MaximumValueName, (uint)name.Length * 2));
        writer.SetMaximumValueData(Math.Max(node.MaximumValueData, (uint)content.Length));
        writer.SetLastWriteTime(Now());
    }

    /// <summary>Deletes an existing value.</summary>
    public void DeleteValue(CellOffset key, string name)
    {
        var node = _image.Key(key);
        if (!_hive.TryFindValue(node, name, out var cell, out var index))
        {
            return;
        }

        MarkEdited(key);
        var count = node.ValueCount;
        var list = node.ValueList;
        _values.Release(cell);
        _cells.Free(cell);
        if (count == 1)
        {
            _cells.Free(list);
            list = CellOffset.Nil;
        }
        else
        {
            var entries = _image.WritableCell(list)[..((int)count * 4)];
            entries[((index + 1) * 4)..].CopyTo(entries[(index * 4)..]);
        }

        var writer = new KeyNodeWriter(_image.WritableCell(key));
        writer.SetValues(count - 1, list);
        writer.SetLastWriteTime(Now());
    }

    private void AppendToValueList(CellOffset key, CellOffset value)
    {
        var node = _image.Key(key);
        var count = (int)node.ValueCount;
        var list = node.ValueList;
        if (count == 0)
        {
            list = _cells.Allocate(4);
        }
        else if (_image.Cell(list, "value list").Length < (count + 1) * 4)
        {
            var longer = _cells.Allocate((count + 1) * 4);
            _image.Cell(list, "value list")[..(count * 4)].CopyTo(_image.WritableCell(longer));
            _cells.Free(list);
            list = longer;
        }

        BinaryPrimitives.WriteUInt32LittleEndian(_image.WritableCell(list)[(count * 4)..], value.Value);
        new KeyNodeWriter(_image.WritableCell(key)).SetValues((uint)count + 1, list);
    }
}
