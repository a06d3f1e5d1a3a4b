using OfflinePatch.Core;
using OfflinePatch.Registry.Cells;
using OfflinePatch.Registry.Errors;
using OfflinePatch.Registry.Layout;
using OfflinePatch.Registry.Names;

namespace OfflinePatch.Registry.Editing;

internal sealed partial class HiveEditor
{
    /// <summary>Creates a key that does not exist, below an existing one.</summary>
    public CellOffset CreateKey(CellOffset parent, string name)
    {
        RegistryNames.RequireKeyName(name);
        RequireDepth(parent, name);
        var node = _image.Key(parent);
        RequireRoom(12L * node.SubkeyCount);
        var compressed = StoredName.CanCompress(name);
        var security = node.Security;
        var now = Now();
        MarkEdited(parent);

        var child = _cells.Allocate(KeyNode.HeaderSize + StoredName.EncodedLength(name, compressed));
        var writer = new KeyNodeWriter(_image.WritableCell(child));
        writer.Initialise(compressed ? KeyNodeFlags.CompressedName : KeyNodeFlags.None, now, parent, security, CellOffset.Nil, 0);
        writer.SetName(name, compressed);
        _security.AddReference(security);
        _lists.Insert(parent, child, name, NtUpcase.ToUpper(name));

        var above = new KeyNodeWriter(_image.WritableCell(parent));
        above.SetMaximumSubkeyName(Math.Max(_image.Key(parent).MaximumSubkeyName, (ushort)(name.Length * 2)));
        above.SetLastWriteTime(now);
        _touched.Add(child.Value);
        return child;
    }

    /// <summary>Deletes a key that is not the root, with all below it.</summary>
    public void DeleteKey(CellOffset key)
    {
        var parent = _image.Key(key).Parent;
        MarkEdited(parent);
        DeletionStamp++;
        _lists.Remove(parent, key);
        FreeTree(key);
        new KeyNodeWriter(_image.WritableCell(parent)).SetLastWriteTime(Now());
    }

    /// <summary>Gives a key a security descriptor.</summary>
    public void SetSecurity(CellOffset key, ReadOnlySpan<byte> descriptor)
    {
        if (!SecurityDescriptors.IsSound(descriptor))
        {
            throw RegistryError.Descriptor();
        }

        RequireRoom(descriptor.Length);
        MarkEdited(key);
        var old = _image.Key(key).Security;
        var security = _security.FindOrAdd(descriptor, old);
        _security.AddReference(security);
        var writer = new KeyNodeWriter(_image.WritableCell(key));
        writer.SetSecurity(security);
        writer.SetLastWriteTime(Now());
        _security.Release(old);
    }

    private void FreeTree(CellOffset top)
    {
        var pending = new Stack<CellOffset>();
        pending.Push(top);
        while (pending.TryPop(out var key))
        {
            var node = _image.Key(key);
            foreach (var child in _hive.SubkeyCells(key, node))
            {
                pending.Push(child);
            }

            FreeKey(key);
        }
    }

    private void FreeKey(CellOffset key)
    {
        var node = _image.Key(key);
        foreach (var value in _hive.ValueCells(node))
        {
            _values.Release(value);
            _cells.Free(value);
        }

        node = _image.Key(key);
        if (node.ValueCount > 0)
        {
            _cells.Free(node.ValueList);
        }

        if (node.SubkeyCount > 0)
        {
            _lists.FreeLists(node.SubkeyList);
        }

        if (node.ClassLength > 0 && !node.ClassName.IsNil)
        {
            _cells.Free(node.ClassName);
        }

        _security.Release(node.Security);
        _cells.Free(key);
        _deleted[key.Value] = DeletionStamp;
        _touched.Remove(key.Value);
    }

    private void RequireDepth(CellOffset parent, string name)
    {
        var depth = 1;
        for (var key = parent; key != _hive.RootCell; key = _image.Key(key).Parent)
        {
            if (++depth > CellReader.MaxDepth)
            {
                throw RegistryError.DepthLimit(KeyPath.Join(_hive.PathOf(parent), name));
            }
        }
    }
}
