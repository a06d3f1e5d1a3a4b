using OfflinePatch.Registry.Errors;
using OfflinePatch.Registry.Layout;

namespace OfflinePatch.Registry.Cells;

/// <summary>Walks the offsets in a key's subkey list, leaf after leaf. Checks the lists, not the keys.</summary>
internal ref struct SubkeyCursor
{
    private readonly HiveImage _image;
    private readonly SubkeyList _root;
    private readonly bool _hasRoot;
    private int _nextLeaf;
    private SubkeyList _leaf;
    private int _next;
    private int _room; // entries that may still come: each stands for a key of its own

    /// <param name="image">The hive.</param>
    /// <param name="list">The list of a key with at least one subkey.</param>
    public SubkeyCursor(HiveImage image, CellOffset list)
    {
        _image = image;
        _room = MaxEntries(image);
        var first = ReadList(image, list);
        if (first.Kind == SubkeyListKind.IndexRoot)
        {
            _root = first;
            _hasRoot = true;
        }
        else
        {
            _leaf = first;
        }

        Current = CellOffset.Nil;
    }

    public CellOffset Current { get; private set; }

    public bool MoveNext()
    {
        while (_next == (LeafIsOpen ? _leaf.Count : 0))
        {
            if (!_hasRoot || _nextLeaf == _root.Count)
            {
                return false;
            }

            _leaf = ReadLeaf(_image, _root[_nextLeaf++]);
            _next = 0;
        }

        if (--_room < 0)
        {
            throw RegistryError.TooManyEntries(Current);
        }

        Current = _leaf[_next++];
        return true;
    }

    private readonly bool LeafIsOpen => !_hasRoot || _nextLeaf > 0;

    /// <summary>
    /// The most entries that the lists of one key can have: every one is a key with a cell of its own, none shorter than 80 bytes.
    /// </summary>
    public static int MaxEntries(HiveImage image) => image.BinsSize / 80;

    public static SubkeyList ReadList(HiveImage image, CellOffset cell) =>
        SubkeyList.TryRead(image.Cell(cell, "subkey list"), out var list) ? list : throw RegistryError.BadSubkeyList(cell);

    public static SubkeyList ReadLeaf(HiveImage image, CellOffset cell)
    {
        var leaf = ReadList(image, cell);
        return leaf.Kind != SubkeyListKind.IndexRoot ? leaf : throw RegistryError.NestedIndexRoot(cell);
    }
}
