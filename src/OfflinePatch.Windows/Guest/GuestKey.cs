using System.Buffers.Binary;
using OfflinePatch.Registry;
using OfflinePatch.Registry.Layout;

namespace OfflinePatch.Windows.Guest;

/// <summary>
/// A registry key of the guest, as rules see it: typed reads that never throw on odd data, and writes that are recorded in the change log.
/// Writing a value that is already there does nothing.
/// </summary>
public sealed class GuestKey
{
    private readonly GuestHive _hive;

    internal GuestKey(GuestHive hive, HiveKey key, string path)
    {
        _hive = hive;
        Inner = key;
        Path = path;
    }

    /// <summary>The key in the hive. Changes made through it are not recorded.</summary>
    public HiveKey Inner { get; }

    /// <summary>The hive that holds it.</summary>
    public GuestHive Hive => _hive;

    /// <summary>Its name.</summary>
    public string Name => Inner.Name;

    /// <summary>Its path as Windows calls it: <c>HKLM\SYSTEM\ControlSet001\Services</c>.</summary>
    public string Path { get; }

    /// <summary>Its subkeys.</summary>
    public IEnumerable<GuestKey> SubKeys
    {
        get
        {
            foreach (var key in Inner.SubKeys)
            {
                yield return new GuestKey(_hive, key, Path + '\\' + key.Name);
            }
        }
    }

    /// <summary>Its values.</summary>
    public IEnumerable<HiveValue> Values => Inner.Values;

    /// <summary>A key below this one, or null.</summary>
    public GuestKey? Find(string relativePath) =>
        Inner.Find(relativePath) is { } key ? new GuestKey(_hive, key, Path + '\\' + relativePath) : null;

    /// <summary>A key below this one, created where missing.</summary>
    public GuestKey Create(string relativePath) => new(_hive, Inner.CreateSubKey(relativePath), Path + '\\' + relativePath);

    /// <summary>A value, or null. The empty name is the default value.</summary>
    public HiveValue? FindValue(string name) => Inner.FindValue(name);

    /// <summary>Whether the value exists, whatever its type.</summary>
    public bool HasValue(string name) => Inner.FindValue(name) is not null;

    /// <summary>A REG_SZ or REG_EXPAND_SZ (not expanded), or null.</summary>
    public string? GetString(string name) => Inner.GetString(name);

    /// <summary>A REG_DWORD, or null.</summary>
    public uint? GetDword(string name) => Inner.GetDword(name);

    /// <summary>A REG_MULTI_SZ, or null; a REG_SZ counts as one string, as it does for Windows.</summary>
    public string[]? GetMultiString(string name) => Inner.GetMultiString(name);

    /// <summary>The bytes of a value of any type, or null.</summary>
    public byte[]? GetBinary(string name) => Inner.FindValue(name) is { } value ? value.ReadData() : null;

    /// <summary>A value as a person reads it, or null.</summary>
    public string? Describe(string name) =>
        Inner.FindValue(name) is { } value ? RegistryText.Describe(value.Type, value.ReadData()) : null;

    /// <summary>Sets a value; does nothing when it is already there with this type and these bytes.</summary>
    public void SetValue(string name, RegistryValueType type, ReadOnlySpan<byte> data)
    {
        string? before = null;
        if (Inner.FindValue(name) is { } value)
        {
            var old = value.ReadData();
            if (value.Type == type && data.SequenceEqual(old))
            {
                return;
            }

            before = RegistryText.Describe(value.Type, old);
        }

        Inner.SetValue(name, type, data);
        _hive.Changes.RecordRegistry(Path, name, before, RegistryText.Describe(type, data));
    }

    /// <summary>Sets a REG_SZ.</summary>
    public void SetString(string name, string text) => SetValue(name, RegistryValueType.String, ValueText.Encode(text));

    /// <summary>Sets a REG_EXPAND_SZ.</summary>
    public void SetExpandString(string name, string text) => SetValue(name, RegistryValueType.ExpandString, ValueText.Encode(text));

    /// <summary>Sets a REG_MULTI_SZ.</summary>
    public void SetMultiString(string name, IEnumerable<string> strings) =>
        SetValue(name, RegistryValueType.MultiString, ValueText.EncodeMulti(strings));

    /// <summary>Sets a REG_DWORD.</summary>
    public void SetDword(string name, uint number)
    {
        Span<byte> data = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(data, number);
        SetValue(name, RegistryValueType.Dword, data);
    }

    /// <summary>Sets a REG_QWORD.</summary>
    public void SetQword(string name, ulong number)
    {
        Span<byte> data = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(data, number);
        SetValue(name, RegistryValueType.Qword, data);
    }

    /// <summary>Sets a REG_BINARY.</summary>
    public void SetBinary(string name, ReadOnlySpan<byte> data) => SetValue(name, RegistryValueType.Binary, data);

    /// <summary>Deletes a value; false when there was none.</summary>
    public bool DeleteValue(string name)
    {
        var before = Describe(name);
        if (before is null || !Inner.DeleteValue(name))
        {
            return false;
        }

        _hive.Changes.RecordRegistry(Path, name, before, after: null);
        return true;
    }

    /// <summary>
    /// Deletes a subkey with everything below it; false when there was none. A name that stands for the key itself deletes nothing: names
    /// come from the image, too.
    /// </summary>
    public bool DeleteSubKeyTree(string name)
    {
        if (name.AsSpan().Trim('\\').IsEmpty || Find(name) is not { } key)
        {
            return false;
        }

        var lost = new List<(string Path, string Name, string Before)>();
        Collect(key, lost);
        if (!Inner.DeleteSubKeyTree(name))
        {
            return false;
        }

        foreach (var value in lost)
        {
            _hive.Changes.RecordRegistry(value.Path, value.Name, value.Before, after: null);
        }

        return true;
    }

    private static void Collect(GuestKey key, List<(string Path, string Name, string Before)> lost)
    {
        foreach (var value in key.Values)
        {
            lost.Add((key.Path, value.Name, RegistryText.Describe(value.Type, value.ReadData())));
        }

        foreach (var child in key.SubKeys)
        {
            Collect(child, lost);
        }
    }
}
