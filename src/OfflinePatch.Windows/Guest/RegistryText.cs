using System.Buffers.Binary;
using System.Globalization;
using OfflinePatch.Registry;
using OfflinePatch.Registry.Layout;

namespace OfflinePatch.Windows.Guest;

/// <summary>Registry data as reports show it.</summary>
internal static class RegistryText
{
    /// <summary>A value as a person reads it: text in quotes, numbers in hex, the first bytes of anything else.</summary>
    public static string Describe(RegistryValueType type, ReadOnlySpan<byte> data)
    {
        switch (type)
        {
            case RegistryValueType.String or RegistryValueType.ExpandString:
                return $"\"{ValueText.Decode(data)}\"";
            case RegistryValueType.MultiString:
                return "[" + string.Join(", ", ValueText.DecodeMulti(data).Select(s => $"\"{s}\"")) + "]";
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
