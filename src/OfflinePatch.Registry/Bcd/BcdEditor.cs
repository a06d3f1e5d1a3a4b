using System.Buffers.Binary;
using System.Collections.Frozen;
using System.Globalization;
using OfflinePatch.Core;
using OfflinePatch.Registry.Errors;
using OfflinePatch.Registry.Layout;

namespace OfflinePatch.Registry.Bcd;

/// <summary>
/// Changes elements of a store, as <c>bcdedit /set</c> and <c>/deletevalue</c> do: by their names, with the values that bcdedit takes. What
/// names a device is refused: only a running Windows turns a drive letter into one. Other elements and objects are not touched.
/// </summary>
public static class BcdEditor
{
    private const string ElementValue = "Element";
    private static readonly string[] Yes = ["yes", "on", "true", "1"];
    private static readonly string[] No = ["no", "off", "false", "0"];

    /// <summary>Sets an element of an object.</summary>
    /// <param name="hive">The store.</param>
    /// <param name="identifier"><c>{default}</c>, <c>{bootmgr}</c>, another well-known name, or a GUID in braces.</param>
    /// <param name="name">The element as bcdedit names it, or <c>custom:</c> and 8 hexadecimal digits.</param>
    /// <param name="values">One value; of a list of objects all of them.</param>
    /// <exception cref="UnsupportedImageException"><c>REG-0602</c>: there is no such object. <c>REG-0603</c>: its type has no such
    /// element.</exception>
    /// <exception cref="RefusedException"><c>REG-0604</c>: the value does not fit, or the element names a device.</exception>
    public static void Set(Hive hive, string identifier, string name, IReadOnlyList<string> values)
    {
        var store = BcdStore.Open(hive);
        var item = Find(store, identifier);
        var id = ElementOf(item, name);
        var (type, data) = Encode(store, name, id, values);
        hive.Create(PathOf(hive, item, id)).SetValue(ElementValue, type, data);
    }

    /// <summary>Deletes an element of an object; returns false when it has none.</summary>
    /// <inheritdoc cref="Set" path="/exception"/>
    public static bool Delete(Hive hive, string identifier, string name)
    {
        var item = Find(BcdStore.Open(hive), identifier);
        var id = ElementOf(item, name);
        return item.Find(id) is not null && hive.Root.DeleteSubKeyTree(PathOf(hive, item, id));
    }

    private static BcdObject Find(BcdStore store, string identifier)
    {
        var word = identifier.Trim('{', '}');
        var found = word.Equals("default", StringComparison.OrdinalIgnoreCase) || word.Equals("current", StringComparison.OrdinalIgnoreCase)
            ? store.DefaultLoader
            : Guid.TryParse(word, out var id) ? store.Find(id)
            : store.Objects.FirstOrDefault(o => o.Identifier.Equals($"{{{word}}}", StringComparison.OrdinalIgnoreCase));
        return found ?? throw RegistryError.NoBcdObject(identifier);
    }

    private static uint ElementOf(BcdObject item, string name)
    {
        if (name.StartsWith("custom:", StringComparison.OrdinalIgnoreCase)
            && uint.TryParse(name.AsSpan(7), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var custom)
            && ((custom >> 24) & 15) is > 0 and <= 7)
        {
            return custom;
        }

        // The table of the application first: a name may be in both.
        FrozenDictionary<uint, string>[] tables = (item.Type >> 28) == 2
            ? [BcdElementNames.Library, BcdElementNames.OsLoader, BcdElementNames.Resume, BcdElementNames.BootManager]
            : (item.Type & 0xFFFFF) switch
            {
                1 or 2 => [BcdElementNames.BootManager, BcdElementNames.Library],
                3 => [BcdElementNames.OsLoader, BcdElementNames.Library],
                4 => [BcdElementNames.Resume, BcdElementNames.Library],
                5 => [BcdElementNames.MemoryTester, BcdElementNames.Library],
                _ => [BcdElementNames.Library],
            };
        foreach (var (id, known) in tables.SelectMany(t => t))
        {
            if (known.Equals(name, StringComparison.OrdinalIgnoreCase))
            {
                return id;
            }
        }

        throw RegistryError.NoBcdElement(item.Identifier, name);
    }

    private static (RegistryValueType Type, byte[] Data) Encode(BcdStore store, string name, uint id, IReadOnlyList<string> values)
    {
        var format = (BcdElementFormat)((id >> 24) & 15);
        if (values.Count != 1 && format != BcdElementFormat.ObjectList)
        {
            throw RegistryError.BcdValue(name, "it takes one value");
        }

        return format switch
        {
            BcdElementFormat.String => (RegistryValueType.String, ValueText.Encode(values[0])),
            BcdElementFormat.Boolean => (RegistryValueType.Binary, Flag(name, values[0])),
            BcdElementFormat.Integer => (RegistryValueType.Binary, Number(name, values[0])),
            BcdElementFormat.Object => (RegistryValueType.String, ValueText.Encode(Find(store, values[0]).Id.ToString("B"))),
            BcdElementFormat.ObjectList =>
                (RegistryValueType.MultiString, ValueText.EncodeMulti(values.Select(v => Find(store, v).Id.ToString("B")))),
            BcdElementFormat.Device => throw RegistryError.BcdValue(name, "it names a device, which this command does not write"),
            _ => throw RegistryError.BcdValue(name, "it has a format that this command does not write"),
        };
    }

    private static byte[] Flag(string name, string text)
    {
        var isYes = Yes.Contains(text, StringComparer.OrdinalIgnoreCase);
        return isYes || No.Contains(text, StringComparer.OrdinalIgnoreCase)
            ? [isYes ? (byte)1 : (byte)0]
            : throw RegistryError.BcdValue(name, "it takes yes or no");
    }

    private static byte[] Number(string name, string text)
    {
        ulong number;
        var isNumber = text.StartsWith("0x", StringComparison.OrdinalIgnoreCase)
            ? ulong.TryParse(text.AsSpan(2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out number)
            : ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);
        for (ulong word = 0; !isNumber && BcdNames.IntegerText(name.ToLowerInvariant(), word) is { } known; word++)
        {
            isNumber = known.Equals(text, StringComparison.OrdinalIgnoreCase);
            number = word;
        }

        if (!isNumber)
        {
            throw RegistryError.BcdValue(name, $"'{text}' is neither a number nor one of its words");
        }

        var data = new byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(data, number);
        return data;
    }

    /// <summary>The key of an element, with the object's own spelling of its GUID.</summary>
    private static string PathOf(Hive hive, BcdObject item, uint id)
    {
        var key = hive.Find("Objects")!.SubKeys.First(k => Guid.TryParse(k.Name, out var found) && found == item.Id).Name;
        return $@"Objects\{key}\Elements\{id:x8}";
    }
}
