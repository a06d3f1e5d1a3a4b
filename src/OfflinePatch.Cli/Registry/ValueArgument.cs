using System.Buffers.Binary;
using System.Globalization;
using OfflinePatch.Registry;
using OfflinePatch.Registry.Layout;

namespace OfflinePatch.Cli.Registry;

/// <summary>Value data as the command line writes it.</summary>
internal static class ValueArgument
{
    public static readonly string[] Types = ["sz", "expand", "multi", "dword", "qword", "binary", "none"];

    // As reg.exe names them.
    private static readonly Dictionary<string, string> Names = new(StringComparer.OrdinalIgnoreCase)
    {
        ["REG_SZ"] = "sz",
        ["REG_EXPAND_SZ"] = "expand",
        ["REG_MULTI_SZ"] = "multi",
        ["REG_DWORD"] = "dword",
        ["REG_DWORD_LITTLE_ENDIAN"] = "dword",
        ["REG_QWORD"] = "qword",
        ["REG_BINARY"] = "binary",
        ["REG_NONE"] = "none",
    };

    /// <summary>The type of a name, or null.</summary>
    public static string? TypeOf(string name) =>
        Types.FirstOrDefault(t => t.Equals(name, StringComparison.OrdinalIgnoreCase)) ?? Names.GetValueOrDefault(name);

    /// <summary>The type and data; null when the text is no such data.</summary>
    public static (RegistryValueType Type, byte[] Data)? Parse(string type, string text, string separator) => type switch
    {
        "sz" => (RegistryValueType.String, ValueText.Encode(text)),
        "expand" => (RegistryValueType.ExpandString, ValueText.Encode(text)),
        "multi" =>
            (RegistryValueType.MultiString,
                ValueText.EncodeMulti(text.Length == 0 ? [] : separator.Length == 0 ? [text] : text.Split(separator))),
        "dword" when Number(text) is { } number and <= uint.MaxValue => (RegistryValueType.Dword, Bytes(number, 4)),
        "qword" when Number(text) is { } number => (RegistryValueType.Qword, Bytes(number, 8)),
        "binary" when Hex(text) is { } bytes => (RegistryValueType.Binary, bytes),
        "none" when Hex(text) is { } bytes => (RegistryValueType.None, bytes),
        _ => null,
    };

    private static ulong? Number(string text) => text.StartsWith("0x", StringComparison.OrdinalIgnoreCase)
        ? ulong.TryParse(text.AsSpan(2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var hex) ? hex : null
        : ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;

    private static byte[] Bytes(ulong number, int length)
    {
        var bytes = new byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, number);
        return bytes[..length];
    }

    private static byte[]? Hex(string text)
    {
        var digits = text.Replace(",", "", StringComparison.Ordinal).Replace(" ", "", StringComparison.Ordinal);
        return digits.Length % 2 == 0 && digits.All(char.IsAsciiHexDigit) ? Convert.FromHexString(digits) : null;
    }
}
