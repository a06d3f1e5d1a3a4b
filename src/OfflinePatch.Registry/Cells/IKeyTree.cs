using OfflinePatch.Registry.Layout;

namespace OfflinePatch.Registry.Cells;

/// <summary>The keys and values of a hive, as an edit sees them.</summary>
internal interface IKeyTree
{
    /// <summary>The bytes of the hive.</summary>
    HiveImage Bytes { get; }

    /// <summary>The root key.</summary>
    CellOffset RootCell { get; }

    /// <summary>The minor version, 0 to 6.</summary>
    int MinorVersion { get; }

    /// <summary>Whether the hive is a layer over another one.</summary>
    bool IsDifferencing { get; }

    /// <summary>The subkeys of a key, in the order of its list.</summary>
    List<CellOffset> SubkeyCells(CellOffset parent, KeyNode node);

    /// <summary>The values of a key, in the order of its list.</summary>
    List<CellOffset> ValueCells(KeyNode node);

    /// <summary>The value of a name, and its place in the list.</summary>
    bool TryFindValue(KeyNode node, string name, out CellOffset found, out int index);

    /// <summary>The path of a key from the root.</summary>
    string PathOf(CellOffset key);
}
