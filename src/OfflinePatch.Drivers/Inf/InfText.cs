using System.Globalization;
using System.Text;

namespace OfflinePatch.Drivers.Inf;

/// <summary>
/// Text of an INF: its encodings, its <c>%token%</c> substitution and its numbers. Source: learn.microsoft.com
/// windows-hardware/drivers/install/general-syntax-rules-for-inf-files.
/// </summary>
public static class InfText
{
    // Windows code page 1252 for 0x80..0x9F; the five undefined bytes map to the C1 control of the same number, as MultiByteToWideChar
    // does.
    private const string Ansi80 =
        "\u20AC\u0081\u201A\u0192\u201E\u2026\u2020\u2021\u02C6\u2030\u0160\u2039\u0152\u008D\u017D\u008F" +
        "\u0090\u2018\u2019\u201C\u201D\u2022\u2013\u2014\u02DC\u2122\u0161\u203A\u0153\u009D\u017E\u0178";

    /// <summary>
    /// Decodes an INF: UTF-16 by its byte order mark (or, without one, by its zero bytes), UTF-8 by its mark, else Windows-1252.
    /// </summary>
    /// <exception cref="CorruptImageException"><c>INF-0006</c>: not text.</exception>
    public static string Decode(ReadOnlySpan<byte> content, string name)
    {
        if (content is [0xFF, 0xFE, ..])
        {
            return Encoding.Unicode.GetString(content[2..]);
        }

        if (content is [0xFE, 0xFF, ..])
        {
            return Encoding.BigEndianUnicode.GetString(content[2..]);
        }

        if (content is [0xEF, 0xBB, 0xBF, ..])
        {
            return Encoding.UTF8.GetString(content[3..]);
        }

        var head = content[..Math.Min(content.Length, 512)];
        if (head.Contains((byte)0))
        {
            return LooksLikeUtf16(head) ? Encoding.Unicode.GetString(content) : throw InfError.NotText(name);
        }

        return string.Create(content.Length, content, static (text, bytes) =>
        {
            for (var i = 0; i < text.Length; i++)
            {
                var b = bytes[i];
                text[i] = b is >= 0x80 and <= 0x9F ? Ansi80[b - 0x80] : (char)b;
            }
        });
    }

    /// <summary>
    /// Substitutes <c>%token%</c> by strings, then by directories (<c>%12%</c>); <c>%%</c> is one percent sign. A token that neither knows
    /// stays as it is.
    /// </summary>
    /// <param name="raw">The field as written in the INF, without its quotes.</param>
    /// <param name="strings">The strings of the INF.</param>
    /// <param name="directory">The path of a directory id, or null where it has none; null leaves directory ids as they are.</param>
    /// <returns>The text, or null when substitution makes it longer than Windows takes
    /// (<see cref="InfLimits.ExpandedCharacters"/>).</returns>
    public static string? Expand(string raw, InfStrings strings, Func<int, string?>? directory = null)
    {
        var percent = raw.IndexOf('%', StringComparison.Ordinal);
        if (percent < 0)
        {
            return raw;
        }

        var text = new StringBuilder(raw.Length + 32);
        var position = 0;
        while (percent >= 0)
        {
            text.Append(raw, position, percent - position);
            var end = percent + 1 < raw.Length ? raw.IndexOf('%', percent + 1) : -1;
            if (end < 0)
            {
                position = percent;
                break;
            }

            if (end == percent + 1)
            {
                text.Append('%');
            }
            else
            {
                var token = raw[(percent + 1)..end];
                if (strings.Find(token) is { } value)
                {
                    text.Append(value);
                }
                else if (directory is not null
                    && int.TryParse(token, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var id)
                    && directory(id) is { } path)
                {
                    text.Append(path);
                }
                else
                {
                    text.Append(raw, percent, end - percent + 1);
                }
            }

            if (text.Length > InfLimits.ExpandedCharacters + position)
            {
                return null; // what is in the field itself is not counted: it was bounded when it was read
            }

            position = end + 1;
            percent = raw.IndexOf('%', position);
        }

        return text.Append(raw, position, raw.Length - position).ToString();
    }

    /// <summary>
    /// Parses a number as INFs write them: decimal, <c>0x</c> hexadecimal, a leading minus; the empty text is 0. Bits beyond 32 fail.
    /// </summary>
    public static bool TryParseNumber(ReadOnlySpan<char> text, out uint number)
    {
        number = 0;
        text = text.Trim();
        if (text.IsEmpty)
        {
            return true;
        }

        if (text.StartsWith("0x", StringComparison.OrdinalIgnoreCase))
        {
            return uint.TryParse(text[2..], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out number);
        }

        if (text[0] == '-')
        {
            if (!int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var negative))
            {
                return false;
            }

            number = unchecked((uint)negative);
            return true;
        }

        return uint.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);
    }

    private static bool LooksLikeUtf16(ReadOnlySpan<byte> head)
    {
        int zeros = 0, pairs = head.Length / 2;
        for (var i = 0; i < pairs; i++)
        {
            zeros += head[2 * i] != 0 && head[(2 * i) + 1] == 0 ? 1 : 0;
        }

        return pairs > 0 && zeros * 4 >= pairs * 3;
    }
}
