using System.Buffers.Binary;
using System.Globalization;
using OfflinePatch.Core;
using OfflinePatch.Registry;
using OfflinePatch.Registry.Layout;

namespace OfflinePatch.Cli.Rendering;

/// <summary>Prints keys as <c>reg query</c> of Windows does.</summary>
internal static class RegistryView
{
    public static void Print(TextWriter output, HiveKey key, string path, bool recursive, string? valueName)
    {
        var values = key.Values.Where(v => valueName is null || v.Name.Equals(valueName, StringComparison.OrdinalIgnoreCase)).ToList();
        if (valueName is null || values.Count > 0)
        {
            output.WriteLine(PrintableText.Escape(path));
            foreach (var value in values)
            {
                output.WriteLine(PrintableText.Escape($"    {(value.Name.Length == 0 ? "(Default)" : value.Name)}    {TypeName(value.Type)}    {Text(value)}"));
            }

            output.WriteLine();
        }

        foreach (var child in key.SubKeys)
        {
            var childPath = $"{path}\\{child.Name}";
            if (recursive)
            {
                Print(output, child, childPath, recursive, valueName);
            }
            else if (valueName is null)
            {
                output.WriteLine(PrintableText.Escape(childPath));
            }
        }
    }

    private static string TypeName(RegistryValueType type) => type switch
    {
        RegistryValueType.None => "REG_NONE",
        RegistryValueType.String => "REG_SZ",
        RegistryValueType.ExpandString => "REG_EXPAND_SZ",
        RegistryValueType.Binary => "REG_BINARY",
        RegistryValueType.Dword => "REG_DWORD",
        RegistryValueType.DwordBigEndian => "REG_DWORD_BIG_ENDIAN",
        RegistryValueType.Link => "REG_LINK",
        RegistryValueType.MultiString => "REG_MULTI_SZ",
        RegistryValueType.ResourceList => "REG_RESOURCE_LIST",
        RegistryValueType.FullResourceDescriptor => "REG_FULL_RESOURCE_DESCRIPTOR",
        RegistryValueType.ResourceRequirementsList => "REG_RESOURCE_REQUIREMENTS_LIST",
        RegistryValueType.Qword => "REG_QWORD",
        _ => $"0x{(uint)type:x}",
    };

    private static string Text(HiveValue value) => value.Type switch
    {
        RegistryValueType.MultiString => string.Join("\\0", value.AsMultiString()!),
        RegistryValueType.String or RegistryValueType.ExpandString or RegistryValueType.Link => value.AsString()!,
        RegistryValueType.Dword when value.AsDword() is { } number => "0x" + number.ToString("x", CultureInfo.InvariantCulture),
        RegistryValueType.DwordBigEndian when value.ReadData() is { Length: 4 } bytes =>
            "0x" + BinaryPrimitives.ReadUInt32BigEndian(bytes).ToString("x", CultureInfo.InvariantCulture),
        RegistryValueType.Qword when value.AsQword() is { } number => "0x" + number.ToString("x", CultureInfo.InvariantCulture),
        _ => Convert.ToHexString(value.ReadData()),
    };
}
