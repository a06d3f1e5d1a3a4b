using System.Text;

namespace OfflinePatch.Registry.RegText;

/// <summary>Finds out how .reg text is encoded.</summary>
internal static class RegTextDecoder
{
    public static string Decode(ReadOnlySpan<byte> file)
    {
        if (file.StartsWith((ReadOnlySpan<byte>)[0xFF, 0xFE]))
        {
            return Utf16(file[2..], bigEndian: false);
        }

        if (file.StartsWith((ReadOnlySpan<byte>)[0xFE, 0xFF]))
        {
            return Utf16(file[2..], bigEndian: true);
        }

        if (file.StartsWith((ReadOnlySpan<byte>)[0xEF, 0xBB, 0xBF]))
        {
            return Encoding.UTF8.GetString(file[3..]);
        }

        return file.Length >= 2 && file[1] == 0 ? Utf16(file, bigEndian: false) : Encoding.UTF8.GetString(file);
    }

    private static string Utf16(ReadOnlySpan<byte> text, bool bigEndian)
    {
        // Not Encoding.Unicode: unpaired surrogates stay what they are.
        var chars = new char[text.Length / 2];
        for (var i = 0; i < chars.Length; i++)
        {
            chars[i] = bigEndian ? (char)((text[i * 2] << 8) | text[(i * 2) + 1]) : (char)(text[i * 2] | (text[(i * 2) + 1] << 8));
        }

        return new string(chars);
    }
}
