namespace OfflinePatch.Windows.FirstStart;

/// <summary>A script of the user's for the first start.</summary>
public sealed record FirstBootScript
{
    /// <summary>Scripts at most; their numbers keep the order.</summary>
    public const int Limit = 40;

    /// <summary>Bytes of the longest one.</summary>
    public const int MaxLength = 1024 * 1024;

    private FirstBootScript(string name, string text)
    {
        Name = name;
        Text = text;
    }

    /// <summary>
    /// The name of its file: letters A to Z, digits, <c>.</c>, <c>-</c> and <c>_</c>, and an ending that says what runs it.
    /// </summary>
    public string Name { get; }

    /// <summary>Its bytes, one character each (Latin-1).</summary>
    internal string Text { get; }

    /// <summary>Makes one.</summary>
    /// <param name="name">The name of its file.</param>
    /// <param name="content">Its bytes, which stay as they are.</param>
    /// <param name="script">The script.</param>
    /// <param name="problem">Why it is not accepted.</param>
    public static bool TryCreate(string name, ReadOnlySpan<byte> content, out FirstBootScript? script, out string problem)
    {
        var isBatch = name.EndsWith(".cmd", StringComparison.OrdinalIgnoreCase)
            || name.EndsWith(".bat", StringComparison.OrdinalIgnoreCase);
        script = null;
        problem = !isBatch && !name.EndsWith(".ps1", StringComparison.OrdinalIgnoreCase) ? "its name ends in none of .cmd, .bat and .ps1"
            : name.Length > 64 || !name.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_')
                ? "its name has more than 64 characters, or others than A to Z, digits, '.', '-' and '_'"
            : content.Length is 0 or > MaxLength ? $"it is empty, or longer than {MaxLength} bytes"
            : isBatch && content is [0xFF, 0xFE, ..] or [0xFE, 0xFF, ..] ? "it is UTF-16, which the command processor does not run"
            : isBatch && content is [0xEF, 0xBB, 0xBF, ..]
                ? "it begins with a byte order mark, which the command processor reads as a command"
            : "";
        if (problem.Length > 0)
        {
            return false;
        }

        script = new FirstBootScript(name, System.Text.Encoding.Latin1.GetString(content));
        return true;
    }
}
