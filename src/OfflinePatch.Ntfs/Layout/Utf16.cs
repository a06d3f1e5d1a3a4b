using System.Runtime.InteropServices;

namespace OfflinePatch.Ntfs.Layout;

/// <summary>UTF-16LE bytes of names. NTFS names are arrays of 16-bit units: unpaired surrogates are legal and must survive.</summary>
internal static class Utf16
{
    /// <summary>The units as a string, none of them changed.</summary>
    public static string ToText(ReadOnlySpan<byte> bytes)
    {
        var units = MemoryMarshal.Cast<byte, char>(bytes);
        return BitConverter.IsLittleEndian ? new string(units) : string.Create(units.Length, bytes.ToArray(), static (text, source) =>
        {
            for (var i = 0; i < text.Length; i++)
            {
                text[i] = (char)(source[2 * i] | (source[(2 * i) + 1] << 8));
            }
        });
    }

    /// <summary>Writes <paramref name="text"/> as UTF-16LE; <paramref name="target"/> has at least twice its length.</summary>
    public static void Write(ReadOnlySpan<char> text, Span<byte> target)
    {
        for (var i = 0; i < text.Length; i++)
        {
            target[2 * i] = (byte)(text[i] & 0xFF);
            target[(2 * i) + 1] = (byte)(text[i] >> 8);
        }
    }
}
