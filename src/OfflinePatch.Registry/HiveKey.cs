using System.Text;
using OfflinePatch.Core;
using OfflinePatch.Registry.Cells;
using OfflinePatch.Registry.Errors;
using OfflinePatch.Registry.Layout;
using OfflinePatch.Registry.Names;

namespace OfflinePatch.Registry;

/// <summary>
/// A key of a hive. A handle: it reads from the hive at every call, and sees edits made through other handles. After its key was deleted it
/// fails with <c>REG-0405</c>. Every member may throw <see cref="CorruptImageException"/> where the hive is damaged.
/// </summary>
/// <remarks>As safe for use by several threads as the hive that it belongs to.</remarks>
public sealed partial class HiveKey
{
    private readonly int _stamp;

    internal HiveKey(Hive hive, CellOffset cell)
    {
        Hive = hive;
        Cell = cell;
        _stamp = hive.DeletionStamp;
    }

    /// <summary>The hive that the key is in.</summary>
    public Hive Hive { get; }

    internal CellOffset Cell { get; }

    internal KeyNode Node => Hive.IsDeletedSince(Cell, _stamp) ? throw RegistryError.DeletedKey() : Hive.Bytes.Key(Cell);

    /// <summary>The name. The root's own name is what its creator gave it, and not part of any path.</summary>
    public string Name => Node.Name.ToString();

    /// <summary>Whether this is the root of the hive.</summary>
    public bool IsRoot => Cell == Hive.RootCell;

    /// <summary>The names from the root to this key, separated by <c>\</c>; empty for the root.</summary>
    public string Path
    {
        get
        {
            var names = new List<string>();
            for (var key = this; !key.IsRoot; key = key.ParentKey())
            {
                names.Add(key.Name);
                if (names.Count > CellReader.MaxDepth)
                {
                    throw RegistryError.TooDeep(Cell);
                }
            }

            names.Reverse();
            return string.Join('\\', names);
        }
    }

    /// <summary>The key above; null for the root.</summary>
    public HiveKey? Parent => IsRoot ? null : ParentKey();

    /// <summary>Last change, UTC; <see cref="DateTime.MinValue"/> where the hive holds no possible time.</summary>
    public DateTime LastWriteTimeUtc => FileTime.ToDateTime(unchecked((long)Node.LastWriteTime));

    /// <summary>The class name, which few keys have (<c>Control\Lsa\JD</c> and its neighbours); null without one.</summary>
    public string? ClassName
    {
        get
        {
            var node = Node;
            if (node.ClassLength == 0 || node.ClassName.IsNil)
            {
                return null;
            }

            var cell = Hive.Bytes.Cell(node.ClassName, "class name");
            return node.ClassLength <= cell.Length
                ? new StoredName(cell[..node.ClassLength], compressed: false).ToString()
                : throw RegistryError.BadClassName(node.ClassName);
        }
    }

    /// <summary>Subkeys, as the key counts them.</summary>
    public int SubKeyCount => (int)Math.Min(int.MaxValue, Node.SubkeyCount);

    /// <summary>Values, as the key counts them.</summary>
    public int ValueCount => (int)Math.Min(int.MaxValue, Node.ValueCount);

    /// <summary>The self-relative security descriptor, which other keys may share.</summary>
    public byte[] SecurityDescriptor => Hive.Bytes.Security(Node.Security).Descriptor.ToArray();

    /// <summary>The subkeys, in ascending order. They are those of the moment of the call: editing while enumerating is allowed.</summary>
    /// <exception cref="CorruptImageException">The list is damaged, not in order, or names a key that belongs elsewhere.</exception>
    public IEnumerable<HiveKey> SubKeys
    {
        get
        {
            var cells = Hive.SubkeyCells(Cell, Node);
            var keys = new HiveKey[cells.Count];
            for (var i = 0; i < keys.Length; i++)
            {
                keys[i] = new HiveKey(Hive, cells[i]);
            }

            return keys;
        }
    }

    /// <summary>The values, in their stored order, which is none in particular. They are those of the moment of the call.</summary>
    public IEnumerable<HiveValue> Values
    {
        get
        {
            var values = new List<HiveValue>();
            foreach (var cell in Hive.ValueCells(Node))
            {
                values.Add(new HiveValue(Hive, cell));
            }

            return values;
        }
    }

    /// <summary>
    /// The key at a path from this one, names separated by <c>\</c>, without regard to case; this key for an empty path; null when there is
    /// none.
    /// </summary>
    public HiveKey? Find(string relativePath)
    {
        var cell = Cell;
        _ = Node;
        foreach (var name in KeyPath.Split(relativePath))
        {
            if (!Hive.TryFindSubkey(cell, relativePath.AsSpan(name), out cell))
            {
                return null;
            }
        }

        return new HiveKey(Hive, cell);
    }

    /// <summary>The value of a name, without regard to case; the empty name is the default value; null when there is none.</summary>
    public HiveValue? FindValue(string name) => Hive.TryFindValue(Node, name, out var cell, out _) ? new HiveValue(Hive, cell) : null;

    /// <summary>The text of a value; null when there is none, or it is no text.</summary>
    public string? GetString(string name) => FindValue(name)?.AsString();

    /// <summary>The number in a REG_DWORD; null when there is none of that kind.</summary>
    public uint? GetDword(string name) => FindValue(name)?.AsDword();

    /// <summary>The texts of a MULTI_SZ value, or the one text of a SZ or EXPAND_SZ; null when there is none of these.</summary>
    public string[]? GetMultiString(string name) => FindValue(name)?.AsMultiString();

    /// <summary>The bytes of a value of any type; null when there is none.</summary>
    public byte[]? GetBinary(string name) => FindValue(name)?.ReadData();

    /// <inheritdoc/>
    public override string ToString() => Path;

    private HiveKey ParentKey() => new(Hive, Node.Parent);
}
