using System.Globalization;
using System.Text;

namespace OfflinePatch.Core.Text;

/// <summary>
/// Text of foreign origin (names in an image, registry strings, names of files) as it may be shown: one line, without anything that a
/// terminal, a browser or a reader could take for anything but text. Nothing is dropped: what is not printable is shown by its number.
/// </summary>
public static class PrintableText
{
    /// <summary>
    /// Control characters become <c>\n</c>, <c>\r</c>, <c>\t</c> or <c>\x1B</c>; marks that turn the direction of writing, separators of
    /// lines and paragraphs, invisible format characters and unpaired surrogates become <c>\u202E</c>. Everything else, the backslash too,
    /// stays.
    /// </summary>
    public static string Escape(string text)
    {
        var start = IndexOfUnprintable(text);
        return start < 0 ? text : Replace(text, start, (builder, c) => builder.Append(c switch
        {
            '\n' => "\\n",
            '\r' => "\\r",
            '\t' => "\\t",
            <= '\xFF' => "\\x" + ((int)c).ToString("X2", CultureInfo.InvariantCulture),
            _ => "\\u" + ((int)c).ToString("X4", CultureInfo.InvariantCulture),
        }));
    }

    /// <summary>As <see cref="Escape"/>, for text that may have several lines: tabs and line ends stay.</summary>
    public static string EscapeLines(string text)
    {
        if (IndexOfUnprintable(text) < 0)
        {
            return text;
        }

        var lines = text.Split('\n');
        return string.Join('\n', lines.Select(l => string.Join('\t', (l.EndsWith('\r') ? l[..^1] : l).Split('\t').Select(Escape))));
    }

    /// <summary>
    /// The same for JSON that is written already: what a terminal could act on can only be in its strings, and is written as <c>\u202E</c>
    /// there, which means the same to every reader of JSON.
    /// </summary>
    public static string EscapeJson(string json)
    {
        var start = 0;
        while (start < json.Length && !IsUnsafeInJson(json, start))
        {
            start++;
        }

        return start == json.Length ? json : Replace(json, start,
            (builder, c) => builder.Append("\\u").Append(((int)c).ToString("x4", CultureInfo.InvariantCulture)), json: true);
    }

    /// <summary>Whether <see cref="Escape"/> leaves a text as it is.</summary>
    public static bool IsPrintable(string text) => IndexOfUnprintable(text) < 0;

    private static int IndexOfUnprintable(string text)
    {
        for (var i = 0; i < text.Length; i++)
        {
            if (IsUnprintable(text, i))
            {
                return i;
            }

            i += char.IsHighSurrogate(text[i]) ? 1 : 0;
        }

        return -1;
    }

    private static string Replace(string text, int start, Action<StringBuilder, char> write, bool json = false)
    {
        var builder = new StringBuilder(text.Length + 16).Append(text, 0, start);
        for (var i = start; i < text.Length; i++)
        {
            if (json ? IsUnsafeInJson(text, i) : IsUnprintable(text, i))
            {
                write(builder, text[i]);
                continue;
            }

            builder.Append(text[i]);
            if (char.IsHighSurrogate(text[i]))
            {
                builder.Append(text[++i]); // its other half, or it would be unprintable
            }
        }

        return builder.ToString();
    }

    private static bool IsUnsafeInJson(string text, int index) => text[index] is not ('\n' or '\r' or '\t') && IsUnprintable(text, index);

    private static bool IsUnprintable(string text, int index)
    {
        var c = text[index];
        if (c is >= ' ' and <= '~')
        {
            return false;
        }

        if (char.IsSurrogate(c))
        {
            return !(char.IsHighSurrogate(c) && index + 1 < text.Length && char.IsLowSurrogate(text[index + 1]));
        }

        return char.GetUnicodeCategory(c) switch
        {
            UnicodeCategory.Control or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator => true,
            UnicodeCategory.Format => c is not ('\u00AD' or '\u200C' or '\u200D'), // soft hyphen and joiners belong to words
            _ => false,
        };
    }
}
