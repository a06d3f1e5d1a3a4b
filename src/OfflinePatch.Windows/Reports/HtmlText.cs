using System.Net;
using System.Text;
using System.Text.RegularExpressions;
using OfflinePatch.Core;

namespace OfflinePatch.Windows.Reports;

/// <summary>Text of foreign origin as HTML.</summary>
internal static partial class HtmlText
{
    private const int LongestHeading = 160;

    /// <summary>Plain text.</summary>
    public static string Plain(string? text) => WebUtility.HtmlEncode(PrintableText.Escape(text ?? ""));

    /// <summary>Text whose `commands` are in a fixed-width font, and whose addresses are links.</summary>
    public static string Rich(string? text)
    {
        var parts = (text ?? "").Split('`');
        var html = new StringBuilder();
        for (var i = 0; i < parts.Length; i++)
        {
            html.Append(i % 2 == 1 && i < parts.Length - 1 ? $"<code>{Plain(parts[i])}</code>" : Links(parts[i]));
        }

        return html.ToString();
    }

    /// <summary>A finding as a heading and what follows it: its first sentence, where that is short enough.</summary>
    public static (string Heading, string Detail) Split(string message)
    {
        var end = SentenceEnd().Match(message) is { Success: true } match ? match.Index : message.Length;
        return end <= LongestHeading ? (message[..end].TrimEnd('.', ' '), message[end..].TrimStart('.', ' ')) : ("", message);
    }

    private static string Links(string text)
    {
        var html = new StringBuilder();
        var at = 0;
        foreach (Match match in Address().Matches(text))
        {
            var address = match.Value.TrimEnd('.', ',', ';', ':');
            html.Append(Plain(text[at..match.Index])).Append("<a href=\"").Append(Plain(address)).Append("\" rel=\"noreferrer noopener\">")
                .Append(Plain(address)).Append("</a>");
            at = match.Index + address.Length;
        }

        return html.Append(Plain(text[at..])).ToString();
    }

    // Not after an abbreviation or a file name: a full stop, a space, and a capital letter.
    [GeneratedRegex(@"\.\s+(?=\p{Lu})", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex SentenceEnd();

    [GeneratedRegex(@"https?://[A-Za-z0-9._~:/?#@!$&*+,;=%-]+", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Address();
}
