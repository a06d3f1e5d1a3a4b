using OfflinePatch.Core;

namespace OfflinePatch.Cli.Rendering;

/// <summary>
/// Writes text in columns that are wrapped between words; a word that is wider than its column, an address for example, is never broken.
/// </summary>
internal static class Paragraph
{
    /// <summary>Escape sequences of styles. Source: ECMA-48, SGR.</summary>
    public const string Red = "1;31";

    /// <summary>Warnings.</summary>
    public const string Yellow = "33";

    /// <summary>Passed.</summary>
    public const string Green = "32";

    /// <summary>Names.</summary>
    public const string Bold = "1";

    /// <summary>What is less important.</summary>
    public const string Dim = "2";

    /// <summary>Text in a style, where styles are used. The text is escaped.</summary>
    public static string Styled(string text, string style) =>
        Terminal.IsColored ? $"\u001b[{style}m{PrintableText.Escape(text)}\u001b[0m" : PrintableText.Escape(text);

    /// <summary>Writes text of foreign origin after an indent; following lines are indented as far.</summary>
    /// <param name="first">What precedes the text on the first line, ready to be shown.</param>
    /// <param name="firstWidth">Its columns.</param>
    /// <param name="text">The text, as it came.</param>
    public static void Write(string first, int firstWidth, string text)
    {
        Console.Out.Write(first);
        var room = Terminal.Width is { } width ? Math.Max(20, width - firstWidth) : int.MaxValue;
        var column = 0;
        foreach (var word in PrintableText.Escape(text).Split(' '))
        {
            if (column > 0 && column + 1 + word.Length > room)
            {
                Console.Out.WriteLine();
                Console.Out.Write(new string(' ', firstWidth));
                column = 0;
            }

            Console.Out.Write(column > 0 ? " " + word : word);
            column += word.Length + (column > 0 ? 1 : 0);
        }

        Console.Out.WriteLine();
    }
}
