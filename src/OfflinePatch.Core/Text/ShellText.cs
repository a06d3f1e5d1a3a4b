namespace OfflinePatch.Core.Text;

/// <summary>Text that is printed for a user to paste into a shell.</summary>
public static class ShellText
{
    private const string Plain = "@%+=:,./-_";

    /// <summary>A word that a POSIX shell (or, on Windows, cmd and PowerShell) takes as one argument, and as nothing else.</summary>
    public static string Quote(string word)
    {
        if (word.Length > 0
            && word.All(c => char.IsAsciiLetterOrDigit(c) || Plain.Contains(c) || (OperatingSystem.IsWindows() && c == '\\')))
        {
            return word;
        }

        return OperatingSystem.IsWindows() ? $"\"{word}\"" : $"'{word.Replace("'", "'\\''", StringComparison.Ordinal)}'";
    }
}
