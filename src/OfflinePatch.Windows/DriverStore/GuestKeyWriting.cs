using OfflinePatch.Drivers.Inf;
using OfflinePatch.Registry;
using OfflinePatch.Registry.Layout;
using OfflinePatch.Windows.Guest;

namespace OfflinePatch.Windows.DriverStore;

/// <summary>Writing registry records of drivers: values that are only completed, and lines of an INF.</summary>
internal static class GuestKeyWriting
{
    /// <summary>Sets a value unless there is one of this name.</summary>
    public static void Ensure(this GuestKey key, string name, RegistryValueType type, ReadOnlySpan<byte> data)
    {
        if (!key.HasValue(name))
        {
            key.SetValue(name, type, data);
        }
    }

    public static void EnsureString(this GuestKey key, string name, string text) =>
        key.Ensure(name, RegistryValueType.String, ValueText.Encode(text));

    public static void EnsureDword(this GuestKey key, string name, uint number) =>
        key.Ensure(name, RegistryValueType.Dword, BitConverter.GetBytes(number));

    /// <summary>Adds a string to a REG_MULTI_SZ that lacks it.</summary>
    public static void AddString(this GuestKey key, string name, string text, bool first = false)
    {
        var old = key.GetMultiString(name) ?? [];
        if (!old.Contains(text, StringComparer.OrdinalIgnoreCase))
        {
            key.SetMultiString(name, first ? [text, .. old] : [.. old, text]);
        }
    }

    /// <summary>Carries out a line of an AddReg or DelReg section below the key that HKR stands for.</summary>
    /// <param name="root">That key.</param>
    /// <param name="edit">The line; its root is HKR.</param>
    /// <param name="force">Whether a value that exists is replaced.</param>
    public static void Apply(this GuestKey root, InfRegistryEdit edit, bool force)
    {
        var type = (RegistryValueType)edit.Type;
        switch (edit.Action)
        {
            case InfRegistryAction.CreateKey:
                root.Create(edit.Key);
                break;
            case InfRegistryAction.Set when force:
                root.At(edit.Key).SetValue(edit.ValueName, type, edit.Data);
                break;
            case InfRegistryAction.Set or InfRegistryAction.SetIfAbsent:
                root.At(edit.Key).Ensure(edit.ValueName, type, edit.Data);
                break;
            case InfRegistryAction.SetIfPresent:
                if (root.Find(edit.Key) is { } present && present.HasValue(edit.ValueName))
                {
                    present.SetValue(edit.ValueName, type, edit.Data);
                }

                break;
            case InfRegistryAction.Append:
                foreach (var text in ValueText.DecodeMulti(edit.Data))
                {
                    root.At(edit.Key).AddString(edit.ValueName, text);
                }

                break;
            case InfRegistryAction.DeleteValue:
                root.Find(edit.Key)?.DeleteValue(edit.ValueName);
                break;
            default:
                break; // whole keys and bits of values are not changed offline
        }
    }

    private static GuestKey At(this GuestKey root, string path) => path.Length == 0 ? root : root.Create(path);
}
