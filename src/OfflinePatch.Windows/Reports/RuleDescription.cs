using OfflinePatch.Windows.Rules;
using OfflinePatch.Windows.Targets;

namespace OfflinePatch.Windows.Reports;

/// <summary>A rule, described.</summary>
/// <param name="Id">The rule.</param>
/// <param name="Title">The rule in a few words.</param>
/// <param name="Severity">How much a failure matters for the target.</param>
/// <param name="Gate">Whether a failure refuses the whole image.</param>
/// <param name="CanFix">Whether <c>fix</c> can fix it.</param>
/// <param name="Source">Where the requirement comes from.</param>
/// <param name="Changes">What it looks at and changes.</param>
public sealed record RuleDescription(string Id, string Title, RuleSeverity Severity, bool Gate, bool CanFix, string Source, string Changes)
{
    /// <summary>The rules of a target, described.</summary>
    public static IReadOnlyList<RuleDescription> Of(TargetProfile profile) =>
    [
        .. RuleCatalog.For(profile).Select(r => new RuleDescription(
            r.Id, r.Contract.Title, RuleCatalog.SeverityOf(r, profile), r.Contract.IsGate, r.Contract.CanFix,
            profile.Rules.GetValueOrDefault(r.Id)?.Source ?? r.Contract.Source, r.Contract.Summary)),
    ];
}
