using System.Buffers.Binary;
using OfflinePatch.Registry.Cells;
using OfflinePatch.Registry.Errors;
using OfflinePatch.Registry.Layout;
using OfflinePatch.Registry.Names;

namespace OfflinePatch.Registry;

// Every edit checks the whole hive first, once, and refuses one that is not sound (REG-0320). An edit that changes nothing leaves the hive
// as it is.
public sealed partial class HiveKey
{
    /// <summary>
    /// The key at a path from this one, created with all that is missing above it. New keys share their parent's security descriptor.
    /// </summary>
    /// <exception cref="RefusedException">A name is not allowed, the path is too deep, or the hive cannot be edited.</exception>
    /// <exception cref="CorruptImageException">The hive is not sound.</exception>
    public HiveKey CreateSubKey(string relativePath)
    {
        var key = this;
        foreach (var name in KeyPath.Split(relativePath))
        {
            var text = relativePath[name];
            key = Hive.TryFindSubkey(key.Cell, text, out var found) ? new HiveKey(Hive, found)
                : new HiveKey(Hive, Hive.Editor.CreateKey(key.Cell, text));
        }

        return key;
    }

    /// <summary>Deletes a subkey with everything below it.</summary>
    /// <param name="relativePath">Its path from this key.</param>
    /// <returns>False when there is no such key.</returns>
    /// <exception cref="RefusedException">The path is empty and this is the root, or the hive cannot be edited.</exception>
    /// <exception cref="CorruptImageException">The hive is not sound.</exception>
    public bool DeleteSubKeyTree(string relativePath)
    {
        var key = Find(relativePath);
        if (key is null)
        {
            return false;
        }

        if (key.IsRoot)
        {
            throw RegistryError.RootDelete();
        }

        Hive.Editor.DeleteKey(key.Cell);
        return true;
    }

    /// <summary>Creates a value, or changes its type and data. Does nothing when it is so already.</summary>
    /// <param name="name">The name; empty for the default value.</param>
    /// <param name="type">Any type number.</param>
    /// <param name="data">The data as it is stored in the hive; text with its terminator.</param>
    /// <exception cref="RefusedException">The name is too long, the key cannot have values, or the hive cannot be edited.</exception>
    /// <exception cref="CorruptImageException">The hive is not sound.</exception>
    public void SetValue(string name, RegistryValueType type, ReadOnlySpan<byte> data)
    {
        if (!Hive.HoldsExactly(Node, name, type, data))
        {
            Hive.Editor.SetValue(Cell, name, (uint)type, data);
        }
    }

    /// <summary>Deletes a value.</summary>
    /// <returns>False when there is no such value.</returns>
    /// <exception cref="RefusedException">The hive cannot be edited.</exception>
    /// <exception cref="CorruptImageException">The hive is not sound.</exception>
    public bool DeleteValue(string name)
    {
        if (FindValue(name) is null)
        {
            return false;
        }

        Hive.Editor.DeleteValue(Cell, name);
        return true;
    }

    /// <summary>
    /// Gives the key a security descriptor, shared with every key that has the same one. Does nothing when it already is so.
    /// </summary>
    /// <param name="descriptor">A self-relative SECURITY_DESCRIPTOR.</param>
    /// <exception cref="RefusedException">The descriptor is not sound, or the hive cannot be edited.</exception>
    /// <exception cref="CorruptImageException">The hive is not sound.</exception>
    public void SetSecurityDescriptor(ReadOnlySpan<byte> descriptor)
    {
        if (!Hive.Bytes.Security(Node.Security).Descriptor.SequenceEqual(descriptor))
        {
            Hive.Editor.SetSecurity(Cell, descriptor);
        }
    }

    /// <summary>Sets a SZ value.</summary>
    public void SetString(string name, string value) => SetValue(name, RegistryValueType.String, ValueText.Encode(value));

    /// <summary>Sets an EXPAND_SZ value.</summary>
    public void SetExpandString(string name, string value) => SetValue(name, RegistryValueType.ExpandString, ValueText.Encode(value));

    /// <summary>Sets a MULTI_SZ value.</summary>
    public void SetMultiString(string name, params IEnumerable<string> values) =>
        SetValue(name, RegistryValueType.MultiString, ValueText.EncodeMulti(values));

    /// <summary>Sets a DWORD value.</summary>
    public void SetDword(string name, uint value)
    {
        Span<byte> data = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(data, value);
        SetValue(name, RegistryValueType.Dword, data);
    }

    /// <summary>Sets a QWORD value.</summary>
    public void SetQword(string name, ulong value)
    {
        Span<byte> data = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(data, value);
        SetValue(name, RegistryValueType.Qword, data);
    }

    /// <summary>Sets a BINARY value.</summary>
    public void SetBinary(string name, ReadOnlySpan<byte> value) => SetValue(name, RegistryValueType.Binary, value);
}
