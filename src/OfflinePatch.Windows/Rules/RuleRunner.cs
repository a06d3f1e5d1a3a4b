using OfflinePatch.Core;
using OfflinePatch.Windows.Inspection;
using OfflinePatch.Windows.Reports;

namespace OfflinePatch.Windows.Rules;

/// <summary>
/// Runs the rules over an opened image. <see cref="Fix"/> changes the files of the session, which are a transaction's view: the caller commits
/// when the result says so, or drops everything.
/// </summary>
public static class RuleRunner
{
    /// <summary>Inspects with every rule of the target; writes nothing.</summary>
    /// <exception cref="UnsupportedImageException"><c>WIN-0001</c>: there is no Windows in the image, and no gate says why.</exception>
    /// <exception cref="CorruptImageException">A structure that a rule reads is damaged.</exception>
    public static ImageReport Check(ImageSession session, RuleSelection selection)
    {
        var results = new List<RuleReport>();
        if (!PassGates(session, selection, results))
        {
            return Report(session, results, ImageResult.Refused);
        }

        foreach (var rule in Ordinary(session))
        {
            results.Add(selection.Includes(rule)
                ? Describe(session, rule, Inspect(session, rule))
                : Skipped(session, rule, "Left out by --only or --skip."));
        }

        return Report(session, results, Verdict(results));
    }

    /// <summary>
    /// Inspects, fixes what fails and can be fixed, writes back, and inspects everything again through a fresh view of the result. When the
    /// report's changes are empty, nothing was written at all.
    /// </summary>
    /// <param name="session">The image.</param>
    /// <param name="selection">Which rules run.</param>
    /// <param name="dryRun">Whether the caller is going to drop the changes: states say <c>wouldFix</c>.</param>
    /// <exception cref="UnsupportedImageException"><c>WIN-0001</c>: there is no Windows in the image, and no gate says why.</exception>
    /// <exception cref="CorruptImageException">A structure is damaged, or the result failed its own check; the caller drops the changes.</exception>
    /// <exception cref="IOException">The host failed; the caller drops the changes.</exception>
    public static ImageReport Fix(ImageSession session, RuleSelection selection, bool dryRun = false)
    {
        var results = new List<RuleReport>();
        if (!PassGates(session, selection, results))
        {
            return Report(session, results, ImageResult.Refused);
        }

        var gates = results.Count;
        var repaired = new HashSet<string>(StringComparer.Ordinal);
        foreach (var rule in Ordinary(session))
        {
            if (!selection.Includes(rule))
            {
                results.Add(Skipped(session, rule, "Left out by --only or --skip."));
                continue;
            }

            var finding = Inspect(session, rule);
            if (finding is { State: FindingState.Failed, Fixable: true } && rule.CanFix)
            {
                session.Changes.CurrentRule = rule.Id;
                rule.Fix(session.Guest);
                session.Changes.CurrentRule = null;
                repaired.Add(rule.Id);
            }

            results.Add(Describe(session, rule, finding));
        }

        if (repaired.Count == 0)
        {
            return Report(session, results, Verdict(results)); // nothing was asked for, nothing was written
        }

        if (session.WriteBack())
        {
            using var fresh = session.Reopen();
            Verify(fresh, selection, results, gates, repaired, dryRun);
        }
        else
        {
            Verify(session, selection, results, gates, repaired, dryRun);
        }

        return Report(session, results, Verdict(results));
    }

    /// <summary>Every rule once more over the result. What was ok or fixed and fails now is a fault of ours: nothing must be kept.</summary>
    private static void Verify(
        ImageSession session, RuleSelection selection, List<RuleReport> results, int gates, HashSet<string> repaired, bool dryRun)
    {
        var again = new List<RuleReport>();
        if (!PassGates(session, selection, again))
        {
            var gate = again.First(r => r.State == RuleState.Failed);
            throw WindowsError.VerificationFailed(gate.Id, gate.Message);
        }

        var rules = Ordinary(session).ToDictionary(r => r.Id, StringComparer.Ordinal);
        for (var i = gates; i < results.Count; i++)
        {
            var before = results[i];
            if (before.State == RuleState.Skipped)
            {
                continue;
            }

            var finding = Inspect(session, rules[before.Id]);
            if (repaired.Contains(before.Id))
            {
                if (finding.State == FindingState.Failed && finding.Fixable)
                {
                    throw WindowsError.VerificationFailed(before.Id, finding.Message);
                }

                results[i] = finding.State == FindingState.Failed
                    ? Describe(session, rules[before.Id], finding) with { Before = before.Before }
                    : before with
                    {
                        State = dryRun ? RuleState.WouldFix : RuleState.Fixed,
                        Message = finding.Message,
                        Remedy = null,
                    };
            }
            else if (finding.State == FindingState.Failed && before.State != RuleState.Failed)
            {
                throw WindowsError.VerificationFailed(before.Id, finding.Message);
            }
            else
            {
                results[i] = Describe(session, rules[before.Id], finding);
            }
        }
    }

    private static bool PassGates(ImageSession session, RuleSelection selection, List<RuleReport> results)
    {
        var gates = RuleCatalog.For(session.Guest.Profile).Where(r => r.IsGate).ToList();
        foreach (var gate in gates)
        {
            results.Add(Describe(session, gate, Inspect(session, gate)));
        }

        if (results.Exists(r => r.State == RuleState.Failed))
        {
            results.AddRange(Ordinary(session).Select(r => Skipped(session, r, "Not reached: a gate refused the image.")));
            return false;
        }

        if (session.Windows is null)
        {
            throw WindowsError.NoWindows(session.Files.ImagePath, SessionSummary.Volumes(session.Volumes));
        }

        _ = session.Windows.Software;
        _ = session.Windows.ControlSets;
        return true;
    }

    private static IEnumerable<Rule> Ordinary(ImageSession session) => RuleCatalog.For(session.Guest.Profile).Where(r => !r.IsGate);

    private static Finding Inspect(ImageSession session, Rule rule) =>
        rule.NeedsWindows && session.Windows is null
            ? Finding.NotApplicable("There is no Windows installation that can be read.")
            : rule.Inspect(session.Guest);

    private static RuleReport Describe(ImageSession session, Rule rule, Finding finding) =>
        new(rule.Id, RuleCatalog.SeverityOf(rule, session.Guest.Profile),
            finding.State switch
            {
                FindingState.Ok => RuleState.Ok,
                FindingState.Failed => RuleState.Failed,
                _ => RuleState.NotApplicable,
            },
            finding.Message, finding.Remedy, finding.Before, finding.After, rule.Title, rule.IsGate);

    private static RuleReport Skipped(ImageSession session, Rule rule, string why) =>
        new(rule.Id, RuleCatalog.SeverityOf(rule, session.Guest.Profile), RuleState.Skipped, why, Title: rule.Title, Gate: rule.IsGate);

    private static ImageResult Verdict(List<RuleReport> results) =>
        results.Exists(r => r is { State: RuleState.Failed, Severity: RuleSeverity.Error }) ? ImageResult.NotReady : ImageResult.Ready;

    private static ImageReport Report(ImageSession session, List<RuleReport> results, ImageResult result) =>
        SessionSummary.Describe(session) with { Result = result, Rules = results, Changes = session.Changes.ToReport() };
}
