using OfflinePatch.Core;
using OfflinePatch.Registry.Cells;
using OfflinePatch.Registry.Errors;
using OfflinePatch.Registry.Layout;
using OfflinePatch.Registry.Names;

namespace OfflinePatch.Registry.RegText;

/// <summary>
/// What .reg text leaves of a key in the end, all of its lines taken together. Text may delete a key and create it again, or set a value
/// twice; what is already as the text leaves it is not touched, so that applying the same text again does nothing.
/// </summary>
internal sealed class RegTextEffect
{
    private string _name = "";
    private bool _exists; // the text asks for it; else it only leads to a key that the text deletes, or is deleted itself
    private bool _isNew; // the text deletes it, or a key above it, first: nothing of the old one stays
    private Dictionary<string, RegTextEffect>? _subkeys; // by their names in upper case
    private Dictionary<string, RegTextValue>? _values; // the same

    private RegTextEffect()
    {
    }

    /// <summary>The effect on the root of a hive.</summary>
    public static RegTextEffect OnRoot() => new() { _exists = true };

    /// <summary>Adds a section of the text to the effect.</summary>
    /// <param name="path">The path of its key from the root.</param>
    /// <param name="section">The section.</param>
    /// <exception cref="RefusedException"><c>REG-0403</c>: the path is too deep; <c>REG-0406</c>: the root is to be deleted.</exception>
    public void Add(string path, RegTextSection section)
    {
        var names = KeyPath.Split(path);
        if (section.IsDeletion)
        {
            Delete(path, names);
            return;
        }

        if (names.Count > CellReader.MaxDepth)
        {
            throw RegistryError.DepthLimit(path);
        }

        var key = this;
        foreach (var name in names)
        {
            key = key.Subkey(path[name]);
            if (!key._exists)
            {
                key._exists = true;
                key._name = path[name];
            }
        }

        foreach (var value in section.Values)
        {
            key.Set(value);
        }
    }

    /// <summary>Makes a key, and all below it, as the text leaves it.</summary>
    /// <exception cref="RefusedException">A name is not allowed, or the hive cannot be edited.</exception>
    /// <exception cref="CorruptImageException">The hive is not sound.</exception>
    public void ApplyTo(HiveKey key)
    {
        foreach (var value in _values?.Values ?? Enumerable.Empty<RegTextValue>())
        {
            if (value.IsDeletion)
            {
                key.DeleteValue(value.Name);
            }
            else
            {
                key.SetValue(value.Name, value.Type, value.Data);
            }
        }

        foreach (var subkey in _subkeys?.Values ?? Enumerable.Empty<RegTextEffect>())
        {
            subkey.ApplyBelow(key);
        }
    }

    private void ApplyBelow(HiveKey parent)
    {
        var key = parent.Find(_name);
        if (_isNew && key is not null)
        {
            if (_exists && IsAlready(key, parent))
            {
                return;
            }

            parent.DeleteSubKeyTree(_name);
            key = null;
        }

        if (key is not null || _exists)
        {
            ApplyTo(key ?? parent.CreateSubKey(_name));
        }
    }

    /// <summary>Whether a key is as it would be if it were deleted and created again.</summary>
    private bool IsAlready(HiveKey key, HiveKey parent)
    {
        if (key.Name != _name || key.ClassName is not null || (key.Node.Flags & ~KeyNodeFlags.CompressedName) != 0
            || key.ValueCount != (_values?.Count ?? 0) || key.SubKeyCount != (_subkeys?.Count ?? 0)
            || !key.SecurityDescriptor.AsSpan().SequenceEqual(parent.SecurityDescriptor))
        {
            return false;
        }

        foreach (var value in key.Values)
        {
            if (_values?.GetValueOrDefault(NtUpcase.ToUpper(value.Name)) is not { } wanted || wanted.Name != value.Name
                || !key.Hive.HoldsExactly(key.Node, wanted.Name, wanted.Type, wanted.Data))
            {
                return false;
            }
        }

        foreach (var subkey in key.SubKeys)
        {
            if (_subkeys?.GetValueOrDefault(NtUpcase.ToUpper(subkey.Name)) is not { } wanted || !wanted.IsAlready(subkey, key))
            {
                return false;
            }
        }

        return true;
    }

    private void Delete(string path, List<Range> names)
    {
        if (names.Count == 0)
        {
            throw RegistryError.RootDelete();
        }

        var key = this;
        for (var i = 0; ; i++)
        {
            if (key._isNew)
            {
                // What is below it comes from the text alone.
                var upper = NtUpcase.ToUpper(path[names[i]]);
                if (i == names.Count - 1)
                {
                    key._subkeys?.Remove(upper);
                    return;
                }

                if (key._subkeys?.GetValueOrDefault(upper) is not { } below)
                {
                    return;
                }

                key = below;
            }
            else
            {
                key = key.Subkey(path[names[i]]);
                if (i == names.Count - 1)
                {
                    key._exists = false;
                    key._isNew = true;
                    key._subkeys = null;
                    key._values = null;
                    return;
                }
            }

            if (i >= CellReader.MaxDepth)
            {
                return; // no hive is as deep as this
            }
        }
    }

    private RegTextEffect Subkey(string name)
    {
        _subkeys ??= new Dictionary<string, RegTextEffect>(StringComparer.Ordinal);
        var upper = NtUpcase.ToUpper(name);
        if (!_subkeys.TryGetValue(upper, out var key))
        {
            key = new RegTextEffect { _name = name, _isNew = _isNew };
            _subkeys.Add(upper, key);
        }

        return key;
    }

    private void Set(RegTextValue value)
    {
        _values ??= new Dictionary<string, RegTextValue>(StringComparer.Ordinal);
        var upper = NtUpcase.ToUpper(value.Name);
        if (value.IsDeletion && _isNew)
        {
            _values.Remove(upper);
            return;
        }

        // A value that is set again keeps the spelling of its name.
        _values[upper] = _values.TryGetValue(upper, out var before) && !before.IsDeletion ? value with { Name = before.Name } : value;
    }
}
