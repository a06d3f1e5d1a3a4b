using System.Text;

namespace OfflinePatch.Core.Text;

/// <summary>Text that is printed for a user to paste into a shell.</summary>
public static class ShellText
{
    private const string Plain = "@%+=:,./-_";

    /// <summary>
    /// A word that a POSIX shell (or, on Windows, cmd and PowerShell) takes as one argument, and as nothing else. What cannot be printed is
    /// written as bash, zsh and POSIX 2024 read it: <c>$'a\nb'</c>.
    /// </summary>
    public static string Quote(string word)
    {
        if (word.Length > 0
            && word.All(c => char.IsAsciiLetterOrDigit(c) || Plain.Contains(c) || (OperatingSystem.IsWindows() && c == '\\')))
        {
            return word;
        }

        if (OperatingSystem.IsWindows())
        {
            return $"\"{word}\""; // no name has a control character there
        }

        return PrintableText.IsPrintable(word) ? $"'{word.Replace("'", "'\\''", StringComparison.Ordinal)}'" : $"$'{Escape(word)}'";
    }

    private static string Escape(string word) => string.Concat(word.EnumerateRunes().Select(rune => rune.Value switch
    {
        '\\' => @"\\",
        '\'' => @"\'",
        '\n' => @"\n",
        _ when PrintableText.IsPrintable(rune.ToString()) => rune.ToString(),

        // Bytes of UTF-8, with three digits each: nothing that follows can be taken for a part of them.
        _ => string.Concat(Encoding.UTF8.GetBytes(rune.ToString()).Select(b => @"\" + Convert.ToString(b, 8).PadLeft(3, '0'))),
    }));
}
