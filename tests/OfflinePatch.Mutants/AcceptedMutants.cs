namespace OfflinePatch.Mutants;

/// <summary>
/// Survivors that are accepted, each with the reason: the key of a mutant (file, member, original and mutated text), and on the next line,
/// indented, why. No line numbers: they would be wrong with the next change.
/// </summary>
internal sealed class AcceptedMutants
{
    private readonly Dictionary<string, string> _reasons = new(StringComparer.Ordinal);

    private AcceptedMutants()
    {
    }

    /// <summary>The keys.</summary>
    public IReadOnlyCollection<string> Keys => _reasons.Keys;

    /// <summary>Reads a list.</summary>
    /// <exception cref="InvalidDataException">A mutant has no reason, or a reason no mutant.</exception>
    public static AcceptedMutants Parse(IEnumerable<string> lines)
    {
        var accepted = new AcceptedMutants();
        string? key = null;
        foreach (var line in lines.Where(l => l.Length > 0 && l[0] != '#'))
        {
            if (line[0] != ' ')
            {
                RequireReason(key);
                key = line.TrimEnd();
            }
            else if (key is not null)
            {
                accepted._reasons[key] = line.Trim();
                key = null;
            }
            else
            {
                throw new InvalidDataException($"a reason without a mutant: {line.Trim()}");
            }
        }

        RequireReason(key);
        return accepted;
    }

    /// <summary>Why a mutant may survive, or null.</summary>
    public string? ReasonFor(string key) => _reasons.GetValueOrDefault(key);

    private static void RequireReason(string? key)
    {
        if (key is not null)
        {
            throw new InvalidDataException($"no reason: {key}");
        }
    }
}
