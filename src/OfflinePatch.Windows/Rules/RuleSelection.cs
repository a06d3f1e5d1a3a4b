namespace OfflinePatch.Windows.Rules;

/// <summary>Which rules run: <c>--only</c> and <c>--skip</c>. Gates always run. <c>network.*</c> names a family.</summary>
/// <param name="Only">When not empty: these rules only.</param>
/// <param name="Skip">Not these rules.</param>
public sealed record RuleSelection(IReadOnlyList<string> Only, IReadOnlyList<string> Skip)
{
    /// <summary>Every rule.</summary>
    public static RuleSelection All { get; } = new([], []);

    /// <summary>Whether a rule runs.</summary>
    internal bool Includes(Rule rule) =>
        rule.Contract.IsGate || ((Only.Count == 0 || Only.Any(o => Matches(o, rule.Id))) && !Skip.Any(s => Matches(s, rule.Id)));

    /// <summary>Unknown rule names, and gates named by <c>--skip</c> (gates cannot be skipped).</summary>
    public IReadOnlyList<string> Mistakes() =>
    [
        .. Only.Concat(Skip).Where(name => !RuleCatalog.All.Any(r => Matches(name, r.Id))),
        .. Skip.Where(name => RuleCatalog.All.Any(r => r.Contract.IsGate && Matches(name, r.Id))),
    ];

    private static bool Matches(string pattern, string id) =>
        pattern.EndsWith(".*", StringComparison.Ordinal)
            ? id.StartsWith(pattern.AsSpan(0, pattern.Length - 1), StringComparison.OrdinalIgnoreCase)
            : id.Equals(pattern, StringComparison.OrdinalIgnoreCase);
}
