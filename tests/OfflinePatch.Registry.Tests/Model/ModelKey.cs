using OfflinePatch.Core;
using OfflinePatch.Registry.Names;

namespace OfflinePatch.Registry.Tests.Model;

/// <summary>A key as plain objects: what the hive under test must show.</summary>
internal sealed class ModelKey(string name, ModelKey? parent, byte[] security, string? className)
{
    public string Name { get; } = name;

    public ModelKey? Parent { get; } = parent;

    public byte[] Security { get; set; } = security;

    public string? ClassName { get; } = className;

    public SortedDictionary<string, ModelKey> Children { get; } = new(StringComparer.Ordinal);

    public Dictionary<string, (string Name, uint Type, byte[] Data)> Values { get; } = new(StringComparer.Ordinal);

    public bool IsDeleted { get; set; }

    public string Path => Parent is null ? "" : KeyPath.Join(Parent.Path, Name);

    public int CountBelow(int limit)
    {
        var count = 0;
        var pending = new Stack<ModelKey>([this]);
        while (count < limit && pending.TryPop(out var key))
        {
            count++;
            foreach (var child in key.Children.Values)
            {
                pending.Push(child);
            }
        }

        return count;
    }

    public static ModelKey Load(Hive hive) => Load(hive.Root, null);

    private static ModelKey Load(HiveKey key, ModelKey? parent)
    {
        var model = new ModelKey(key.Name, parent, key.SecurityDescriptor, key.ClassName);
        foreach (var value in key.Values)
        {
            // Windows hives may hold two values of one name: only the first can be reached.
            model.Values.TryAdd(NtUpcase.ToUpper(value.Name), (value.Name, (uint)value.Type, value.ReadData()));
        }

        foreach (var child in key.SubKeys)
        {
            model.Children.Add(NtUpcase.ToUpper(child.Name), Load(child, model));
        }

        return model;
    }

    /// <summary>The first difference, or null.</summary>
    public static string? Compare(ModelKey expected, ModelKey actual)
    {
        var path = expected.Path;
        if (expected.Name != actual.Name || expected.ClassName != actual.ClassName
            || !expected.Security.AsSpan().SequenceEqual(actual.Security))
        {
            return $"{path}: name, class or security";
        }

        if (!expected.Children.Keys.SequenceEqual(actual.Children.Keys, StringComparer.Ordinal))
        {
            return $"{path}: subkeys {string.Join(',', expected.Children.Keys.Except(actual.Children.Keys))} | "
                + $"{string.Join(',', actual.Children.Keys.Except(expected.Children.Keys))}";
        }

        foreach (var (name, value) in expected.Values)
        {
            if (!actual.Values.TryGetValue(name, out var other) || other.Name != value.Name || other.Type != value.Type
                || !other.Data.AsSpan().SequenceEqual(value.Data))
            {
                return $"{path} @ {name}";
            }
        }

        if (expected.Values.Count != actual.Values.Count)
        {
            return $"{path}: {actual.Values.Count} values instead of {expected.Values.Count}";
        }

        foreach (var (name, child) in expected.Children)
        {
            if (Compare(child, actual.Children[name]) is { } difference)
            {
                return difference;
            }
        }

        return null;
    }
}
