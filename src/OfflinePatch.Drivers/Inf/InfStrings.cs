namespace OfflinePatch.Drivers.Inf;

/// <summary>
/// The strings of an INF for one language. A token is looked for in <c>[Strings.LLLL]</c> of the exact language, of its primary language,
/// then in <c>[Strings]</c>. Source: learn.microsoft.com inf-strings-section.
/// </summary>
public sealed class InfStrings
{
    /// <summary>English (United States), the language that the driver database's texts are taken in.</summary>
    public const ushort EnglishUnitedStates = 0x0409;

    private readonly Dictionary<string, string> _values = new(StringComparer.OrdinalIgnoreCase);

    internal InfStrings(IReadOnlyDictionary<string, InfSection> sections, ushort language)
    {
        Language = language;
        var primary = (ushort)(language & 0x3FF);
        string[] names = [$"Strings.{language:X4}", $"Strings.{primary:X4}", "Strings"];
        foreach (var name in names)
        {
            if (sections.TryGetValue(name, out var section))
            {
                foreach (var line in section.Lines)
                {
                    if (line.Key is { } key)
                    {
                        _values.TryAdd(key.Trim('%'), line.Field(0));
                    }
                }
            }
        }
    }

    /// <summary>The language (LANGID) that was asked for.</summary>
    public ushort Language { get; }

    /// <summary>How many tokens have a text.</summary>
    public int Count => _values.Count;

    /// <summary>The text of a token, without case, or null.</summary>
    public string? Find(string token) => _values.GetValueOrDefault(token);
}
