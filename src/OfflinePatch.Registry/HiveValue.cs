using System.Buffers.Binary;
using OfflinePatch.Registry.Cells;
using OfflinePatch.Registry.Errors;
using OfflinePatch.Registry.Layout;

namespace OfflinePatch.Registry;

/// <summary>
/// A value of a key. A handle: it reads from the hive at every call, so read what you need before you delete the value or its key.
/// Every member may throw <see cref="CorruptImageException"/> where the hive is damaged.
/// </summary>
public sealed class HiveValue
{
    private readonly Hive _hive;

    internal HiveValue(Hive hive, CellOffset cell)
    {
        _hive = hive;
        Cell = cell;
    }

    internal CellOffset Cell { get; }

    internal KeyValue Stored => _hive.Bytes.Value(Cell);

    /// <summary>The name; empty for the default value.</summary>
    public string Name => Stored.Name.ToString();

    /// <summary>The type; numbers that have no name here are kept as they are.</summary>
    public RegistryValueType Type => (RegistryValueType)Stored.Type;

    /// <summary>Bytes of data.</summary>
    public int Length
    {
        get
        {
            var value = Stored;
            var length = value.IsInline ? Math.Min(4, value.DataLength) : value.DataLength;
            return length <= (uint)_hive.Bytes.BinsSize ? (int)length : throw RegistryError.BadDataLength(Cell, length);
        }
    }

    /// <summary>A copy of the data.</summary>
    public byte[] ReadData()
    {
        var value = Stored;
        return _hive.Bytes.TryGetData(value, (uint)_hive.MinorVersion, out var content) ? content.ToArray()
            : _hive.Bytes.CopyBigData(value);
    }

    /// <summary>The text of SZ and EXPAND_SZ values (not expanded) up to its terminator; null for other types.</summary>
    public string? AsString() => Type is RegistryValueType.String or RegistryValueType.ExpandString ? ValueText.Decode(ReadData()) : null;

    /// <summary>The texts of a MULTI_SZ value; of SZ and EXPAND_SZ the one text, or none where it is empty; null for other types.</summary>
    public string[]? AsMultiString() => Type switch
    {
        RegistryValueType.MultiString => ValueText.DecodeMulti(ReadData()),
        RegistryValueType.String or RegistryValueType.ExpandString => ValueText.Decode(ReadData()) is { Length: > 0 } text ? [text] : [],
        _ => null,
    };

    /// <summary>The number in a REG_DWORD; null for other types and lengths.</summary>
    public uint? AsDword() =>
        Type == RegistryValueType.Dword && Length == 4
            && ReadData() is { Length: 4 } data ? BinaryPrimitives.ReadUInt32LittleEndian(data) : null;

    /// <summary>The number in a REG_QWORD; null for other types and lengths.</summary>
    public ulong? AsQword() => Type == RegistryValueType.Qword
        && ReadData() is { Length: 8 } data ? BinaryPrimitives.ReadUInt64LittleEndian(data) : null;

    /// <inheritdoc/>
    public override string ToString() => Name;
}
