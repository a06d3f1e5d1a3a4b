using System.Buffers.Binary;
using System.Globalization;
using OfflinePatch.Cli.Documents;
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
            Print(output, path, values);
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

    /// <summary>Prints a key with some of its values.</summary>
    public static void Print(TextWriter output, string path, IReadOnlyList<HiveValue> values)
    {
        output.WriteLine(PrintableText.Escape(path));
        foreach (var value in values)
        {
            output.WriteLine(
                PrintableText.Escape($"    {(value.Name.Length == 0 ? "(Default)" : value.Name)}    {TypeName(value.Type)}    "
                    + $"{Text(value)}"));
        }

        output.WriteLine();
    }

    /// <summary>
    /// The key, and with <paramref name="recursive"/> every key below it, for a document. With a name, only the values of that name and the
    /// keys that have one.
    /// </summary>
    public static IEnumerable<RegistryKeyReport> Describe(HiveKey key, string path, bool recursive, string? valueName,
        CancellationToken cancellation)
    {
        var pending = new Stack<(HiveKey Key, string Path)>([(key, path)]);
        while (pending.TryPop(out var next))
        {
            cancellation.ThrowIfCancellationRequested();
            var values = next.Key.Values.Where(v => valueName is null || v.Name.Equals(valueName, StringComparison.OrdinalIgnoreCase))
                .ToList();
            var children = recursive || valueName is null ? next.Key.SubKeys.ToList() : [];
            if (valueName is null || values.Count > 0)
            {
                yield return Describe(next.Key, next.Path, values, valueName is null ? [.. children.Select(c => c.Name)] : []);
            }

            if (recursive)
            {
                foreach (var child in Enumerable.Reverse(children))
                {
                    pending.Push((child, $"{next.Path}\\{child.Name}"));
                }
            }
        }
    }

    /// <summary>One key for a document.</summary>
    public static RegistryKeyReport Describe(HiveKey key, string path, IReadOnlyList<HiveValue> values, IReadOnlyList<string> subKeys) =>
        new(
        DocumentJson.Valid(path), key.LastWriteTimeUtc, [.. values.Select(Describe)], [.. subKeys.Select(DocumentJson.Valid)]);

    private static RegistryValueReport Describe(HiveValue value)
    {
        var report = new RegistryValueReport(DocumentJson.Valid(value.Name), TypeName(value.Type));
        return value.Type switch
        {
            RegistryValueType.MultiString => report with { Texts = [.. value.AsMultiString()!.Select(DocumentJson.Valid)] },
            RegistryValueType.String or RegistryValueType.ExpandString => report with { Text = DocumentJson.Valid(value.AsString()!) },
            RegistryValueType.Dword when value.AsDword() is { } number => report with { Number = number },
            RegistryValueType.Qword when value.AsQword() is { } number => report with { Number = number },
            _ => report with { Hex = Convert.ToHexString(value.ReadData()) },
        };
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

    /// <summary>Data as text, as reg.exe shows it.</summary>
    public static string Text(HiveValue value) => value.Type switch
    {
        RegistryValueType.MultiString => string.Join("\\0", value.AsMultiString()!),
        RegistryValueType.String or RegistryValueType.ExpandString => value.AsString()!,
        RegistryValueType.Link => ValueText.Decode(value.ReadData()),
        RegistryValueType.Dword when value.AsDword() is { } number => "0x" + number.ToString("x", CultureInfo.InvariantCulture),
        RegistryValueType.DwordBigEndian when value.ReadData() is { Length: 4 } bytes =>
            "0x" + BinaryPrimitives.ReadUInt32BigEndian(bytes).ToString("x", CultureInfo.InvariantCulture),
        RegistryValueType.Qword when value.AsQword() is { } number => "0x" + number.ToString("x", CultureInfo.InvariantCulture),
        _ => Convert.ToHexString(value.ReadData()),
    };
}
