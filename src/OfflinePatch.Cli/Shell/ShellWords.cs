using System.Text;

namespace OfflinePatch.Cli.Shell;

/// <summary>
/// A line of the shell as words: separated by blanks; quotes of either kind hold words together; a backslash is a character like any other,
/// as paths of Windows have it.
/// </summary>
internal static class ShellWords
{
    /// <summary>The words; none for a comment or an empty line.</summary>
    /// <exception cref="UsageException">A quote is not closed.</exception>
    public static string[] Split(string line)
    {
        var words = new List<string>();
        var word = new StringBuilder();
        var quote = '\0';
        var hasWord = false;
        foreach (var c in line)
        {
            if (quote != '\0')
            {
                if (c == quote)
                {
                    quote = '\0';
                }
                else
                {
                    word.Append(c);
                }
            }
            else if (c is '"' or '\'')
            {
                quote = c;
                hasWord = true;
            }
            else if (c == '#' && !hasWord)
            {
                break;
            }
            else if (char.IsWhiteSpace(c))
            {
                if (hasWord)
                {
                    words.Add(word.ToString());
                    word.Clear();
                    hasWord = false;
                }
            }
            else
            {
                word.Append(c);
                hasWord = true;
            }
        }

        if (quote != '\0')
        {
            throw new UsageException($"the quote {quote} is not closed");
        }

        if (hasWord)
        {
            words.Add(word.ToString());
        }

        return [.. words];
    }
}
