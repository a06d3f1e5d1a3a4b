using System.Buffers.Binary;
using System.Globalization;
using OfflinePatch.Registry;
using OfflinePatch.Registry.Layout;

namespace OfflinePatch.Windows.Guest;

/// <summary>
/// Registry data as text, and text as registry data. Tolerant on reading: a missing terminator or an odd last byte is no error.
/// </summary>
public static class RegistryText
{
    /// <summary>REG_SZ and REG_EXPAND_SZ: UTF-16LE up to the first NUL.</summary>
    public static string ReadString(ReadOnlySpan<byte> data) => ValueText.Decode(data);

    /// <summary>REG_MULTI_SZ: strings that end in NUL, after the last one another NUL.</summary>
    public static string[] ReadMultiString(ReadOnlySpan<byte> data) => ValueText.DecodeMulti(data);

    /// <summary>A string with its terminator.</summary>
    public static byte[] WriteString(string text) => ValueText.Encode(text);

    /// <summary>Strings, each with its terminator, and the terminator of the list.</summary>
    public static byte[] WriteMultiString(IEnumerable<string> strings) => ValueText.EncodeMulti(strings);

    /// <summary>A value as a person reads it: text in quotes, numbers in hex, the first bytes of anything else.</summary>
    public static string Describe(RegistryValueType type, ReadOnlySpan<byte> data)
    {
        switch (type)
        {
            case RegistryValueType.String or RegistryValueType.ExpandString:
                return $"\"{ReadString(data)}\"";
            case RegistryValueType.MultiString:
                return "[" + string.Join(", ", ReadMultiString(data).Select(s => $"\"{s}\"")) + "]";
            case RegistryValueType.Dword when data.Length == 4:
                return BinaryPrimitives.ReadUInt32LittleEndian(data).ToString(CultureInfo.InvariantCulture);
            case RegistryValueType.Qword when data.Length == 8:
                return BinaryPrimitives.ReadUInt64LittleEndian(data).ToString(CultureInfo.InvariantCulture);
            default:
                var shown = data[..Math.Min(data.Length, 32)];
                return $"hex:{Convert.ToHexStringLower(shown)}{(shown.Length < data.Length ? $"… ({data.Length} bytes)" : "")}";
        }
    }
}
