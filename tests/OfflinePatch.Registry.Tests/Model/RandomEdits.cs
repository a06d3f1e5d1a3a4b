using OfflinePatch.Core;
using OfflinePatch.Registry.Layout;
using OfflinePatch.Registry.Names;

namespace OfflinePatch.Registry.Tests.Model;

/// <summary>Makes the same random edits to a hive and to its model.</summary>
internal sealed class RandomEdits
{
    private static readonly string[] Alphabets =
        ["abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-{}.", "äöüÄÖÜßéÉÿabc", "абвгдАБВГДxyz", "漢字仮名あいう12", "ŸÿΣσωΩй"];

    private readonly Random _random;
    private readonly string[] _alphabets;
    private readonly Hive _hive;
    private readonly List<ModelKey> _keys = [];

    /// <param name="hive">The hive.</param>
    /// <param name="model">Its model.</param>
    /// <param name="seed">What to do.</param>
    /// <param name="latin">Whether names keep to Latin-1.</param>
    public RandomEdits(Hive hive, ModelKey model, int seed, bool latin = false)
    {
        _alphabets = latin ? Alphabets[..2] : Alphabets;
        _random = new Random(seed);
        _hive = hive;
        Model = model;
        Add(model);
    }

    public ModelKey Model { get; }

    public void Run(int edits)
    {
        for (var i = 0; i < edits; i++)
        {
            Step();
        }
    }

    private void Step()
    {
        var key = Pick();
        switch (_random.Next(100))
        {
            case < 35:
                Set(key, _random.Next(3) > 0
                    && key.Values.Count > 0 ? key.Values.Values.ElementAt(_random.Next(key.Values.Count)).Name : Name(40));
                break;
            case < 45:
                DeleteValue(key);
                break;
            case < 70:
                Create(key);
                break;
            case < 82:
                DeleteKey(key);
                break;
            case < 88:
                Repeat(key);
                break;
            case < 94:
                SetSecurity(key);
                break;
            case < 95:
                CreateMany(key);
                break;
            default:
                Set(key, _random.Next(2) == 0 ? "" : Name(200));
                break;
        }
    }

    private ModelKey Pick()
    {
        while (true)
        {
            var index = _random.Next(_keys.Count);
            if (!_keys[index].IsDeleted)
            {
                return _keys[index];
            }

            _keys[index] = _keys[^1];
            _keys.RemoveAt(_keys.Count - 1);
        }
    }

    private HiveKey Open(ModelKey key) => _hive.Find(key.Path) ?? throw new InvalidOperationException($"{key.Path} is missing");

    private void Set(ModelKey key, string name)
    {
        var data = new byte[_random.Next(100) switch
        {
            < 30 => _random.Next(9),
            < 80 => _random.Next(300),
            < 95 => _random.Next(20_000),
            < 99 => 16_340 + _random.Next(20),
            _ => _random.Next(1 << 20),
        }];
        _random.NextBytes(data);
        var type = _random.Next(10) == 0 ? 0xFFFF0000 + (uint)_random.Next(30) : (uint)_random.Next(12);
        Open(key).SetValue(name, (RegistryValueType)type, data);
        var upper = NtUpcase.ToUpper(name);
        var stored = key.Values.TryGetValue(upper, out var old) ? old.Name : name;
        key.Values[upper] = (stored, type, data);
    }

    private void DeleteValue(ModelKey key)
    {
        if (key.Values.Count == 0)
        {
            Assert.False(Open(key).DeleteValue(Name(10) + "?"));
            return;
        }

        var (upper, value) = key.Values.ElementAt(_random.Next(key.Values.Count));
        Assert.True(Open(key).DeleteValue(value.Name));
        key.Values.Remove(upper);
    }

    private ModelKey Create(ModelKey key)
    {
        var opened = Open(key);
        for (var depth = 1 + _random.Next(4); depth > 0; depth--)
        {
            var name = Name(20);
            var upper = NtUpcase.ToUpper(name);
            opened = opened.CreateSubKey(name);
            if (!key.Children.TryGetValue(upper, out var child))
            {
                child = new ModelKey(name, key, key.Security, null);
                key.Children.Add(upper, child);
                _keys.Add(child);
            }

            key = child;
        }

        return key;
    }

    private void CreateMany(ModelKey key)
    {
        var parent = Create(key);
        var opened = Open(parent);
        for (var i = _random.Next(700); i > 0; i--)
        {
            var name = Name(12);
            opened.CreateSubKey(name);
            var upper = NtUpcase.ToUpper(name);
            if (!parent.Children.ContainsKey(upper))
            {
                var child = new ModelKey(name, parent, parent.Security, null);
                parent.Children.Add(upper, child);
                _keys.Add(child);
            }
        }
    }

    private void DeleteKey(ModelKey key)
    {
        if (key.Parent is null || key.CountBelow(400) >= 400)
        {
            return;
        }

        Assert.True(Open(key.Parent).DeleteSubKeyTree(key.Name));
        key.Parent.Children.Remove(NtUpcase.ToUpper(key.Name));
        var pending = new Stack<ModelKey>([key]);
        while (pending.TryPop(out var gone))
        {
            gone.IsDeleted = true;
            foreach (var child in gone.Children.Values)
            {
                pending.Push(child);
            }
        }
    }

    private void Repeat(ModelKey key)
    {
        foreach (var value in key.Values.Values)
        {
            Open(key).SetValue(value.Name, (RegistryValueType)value.Type, value.Data);
        }
    }

    private void SetSecurity(ModelKey key)
    {
        var descriptor = (byte[])Pick().Security.Clone();
        if (_random.Next(2) == 0 && SecurityDescriptors.IsSound(descriptor))
        {
            descriptor[1] = (byte)_random.Next(4); // the "resource manager control" byte: another descriptor, just as sound
        }

        if (SecurityDescriptors.IsSound(descriptor))
        {
            Open(key).SetSecurityDescriptor(descriptor);
            key.Security = descriptor;
        }
    }

    private string Name(int longest)
    {
        var alphabet = _alphabets[_random.Next(100) < 70 ? 0 : _random.Next(_alphabets.Length)];
        return new string([.. Enumerable.Range(0, 1 + _random.Next(longest)).Select(_ => alphabet[_random.Next(alphabet.Length)])]);
    }

    private void Add(ModelKey key)
    {
        _keys.Add(key);
        foreach (var child in key.Children.Values)
        {
            Add(child);
        }
    }
}
