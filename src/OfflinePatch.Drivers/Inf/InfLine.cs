namespace OfflinePatch.Drivers.Inf;

/// <summary>One logical line (continued lines joined) of a section, its fields without quotes and before substitution.</summary>
/// <param name="Key">What stands before <c>=</c>, or null in a line without one.</param>
/// <param name="Fields">The fields after <c>=</c>, or of the whole line; empty fields are empty texts.</param>
/// <param name="Number">Number of the physical line where it starts, from 1.</param>
public sealed record InfLine(string? Key, IReadOnlyList<string> Fields, int Number)
{
    /// <summary>The field at <paramref name="index"/>, or the empty text past the last.</summary>
    public string Field(int index) => index < Fields.Count ? Fields[index] : "";

    /// <summary>The line's first word: its key, or its first field where it has no key.</summary>
    public string Head => Key ?? Field(0);

    /// <summary>The line as one text, for messages.</summary>
    public override string ToString() => Key is null ? string.Join(", ", Fields) : $"{Key} = {string.Join(", ", Fields)}";
}

/// <summary>A section: all lines of the sections of this name, in the order of the file.</summary>
public sealed class InfSection
{
    private readonly List<InfLine> _lines = [];

    internal InfSection(string name) => Name = name;

    /// <summary>The name as first written, without brackets.</summary>
    public string Name { get; }

    /// <summary>Its lines.</summary>
    public IReadOnlyList<InfLine> Lines => _lines;

    /// <summary>The first line with this key, or null.</summary>
    public InfLine? Find(string key) => _lines.Find(l => string.Equals(l.Key, key, StringComparison.OrdinalIgnoreCase));

    internal void Add(InfLine line) => _lines.Add(line);
}
