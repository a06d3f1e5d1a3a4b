using OfflinePatch.Registry.Errors;
using OfflinePatch.Registry.Layout;

namespace OfflinePatch.Registry.Editing;

/// <summary>What Windows allows as a name.</summary>
internal static class RegistryNames
{
    /// <exception cref="RefusedException"><c>REG-0401</c>.</exception>
    public static void RequireKeyName(ReadOnlySpan<char> name)
    {
        if (name.Length is 0 or > KeyNode.MaxNameLength || name.Contains('\\'))
        {
            throw RegistryError.KeyName(name.Length > 300 ? $"{name[..300]}..." : name.ToString());
        }
    }

    /// <exception cref="RefusedException"><c>REG-0402</c>.</exception>
    public static void RequireValueName(string name)
    {
        if (name.Length > KeyValue.MaxNameLength)
        {
            throw RegistryError.ValueName(name.Length);
        }
    }
}
