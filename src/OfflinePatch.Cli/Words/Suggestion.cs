namespace OfflinePatch.Cli.Words;

/// <summary>The word that was probably meant.</summary>
internal static class Suggestion
{
    /// <summary>
    /// The candidate closest to a word, or null where none is close. Case, <c>_</c> for <c>-</c>, blanks and the number of leading dashes
    /// do not count.
    /// </summary>
    public static string? For(string word, IEnumerable<string> candidates)
    {
        var plain = Plain(word);
        if (plain.Length == 0)
        {
            return null;
        }

        var (best, distance) = candidates.Where(c => Plain(c).Length > 1 || plain.Length == 1)
            .Select(c => (Candidate: c, Distance: Distance(plain, Plain(c))))
            .OrderBy(c => c.Distance).ThenBy(c => c.Candidate.Length).FirstOrDefault();
        return best is not null && distance <= Math.Max(1, plain.Length / 3) && distance < plain.Length ? best : null;
    }

    private static string Plain(string word) =>
        new([.. word.Trim().TrimStart('-', '–', '—', '‐', '‑', '−').ToLowerInvariant().Select(c => c is '_' or ' ' ? '-' : c)]);

    /// <summary>Insertions, deletions, replacements and swaps of neighbours that turn one word into the other.</summary>
    private static int Distance(string a, string b)
    {
        var rows = new int[a.Length + 1, b.Length + 1];
        for (var i = 0; i <= a.Length; i++)
        {
            for (var j = 0; j <= b.Length; j++)
            {
                if (i == 0 || j == 0)
                {
                    rows[i, j] = i + j;
                    continue;
                }

                var replaced = rows[i - 1, j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
                rows[i, j] = Math.Min(replaced, Math.Min(rows[i - 1, j], rows[i, j - 1]) + 1);
                if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                {
                    rows[i, j] = Math.Min(rows[i, j], rows[i - 2, j - 2] + 1);
                }
            }
        }

        return rows[a.Length, b.Length];
    }
}
