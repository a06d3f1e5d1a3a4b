using System.Text;
using OfflinePatch.FileSystems.Trees;

namespace OfflinePatch.FileSystems.Udf;

/// <summary>OSTA compressed Unicode (UDF 2.1.1): a first byte of 8 or 16 bits per character, then the characters, big-endian.</summary>
internal static class UdfText
{
    /// <summary>Null where the first byte is neither.</summary>
    public static string? Decode(ReadOnlySpan<byte> bytes)
    {
        if (bytes.IsEmpty)
        {
            return "";
        }

        return bytes[0] switch
        {
            8 => Encoding.Latin1.GetString(bytes[1..]),
            16 => Encoding.BigEndianUnicode.GetString(bytes[1..]),
            _ => null,
        };
    }

    /// <summary>A field of fixed size, whose last byte is the length used (1/7.2.12).</summary>
    public static string DecodeFixed(ReadOnlySpan<byte> field) =>
        field[^1] is > 0 and var length && length < field.Length ? Decode(field[..length]) ?? "" : "";

    public static string Ascii(ReadOnlySpan<byte> bytes) => FileSystemError.Printable(Encoding.ASCII.GetString(bytes).TrimEnd('\0'));
}
