using OfflinePatch.Core;
using OfflinePatch.Windows.Guest;
using OfflinePatch.Windows.Reports;
using OfflinePatch.Windows.Rules;
using OfflinePatch.Windows.Targets;

namespace OfflinePatch.Windows.Jobs;

/// <summary>
/// Runs the rules over an opened image. <see cref="Fix"/> changes the files of the session, which are a transaction's view: the caller
/// commits when the result says so, or drops everything.
/// </summary>
internal static class RuleRunner
{
    /// <summary>Inspects with every rule of the target; writes nothing.</summary>
    /// <exception cref="UnsupportedImageException"><c>WIN-0001</c>: there is no Windows in the image, and no gate says why.</exception>
    /// <exception cref="CorruptImageException">A structure that a rule reads is damaged.</exception>
    public static ImageReport Check(ImageSession session, RuleContext context)
    {
        var results = new List<RuleReport>();
        if (!PassGates(session, context, results))
        {
            return Report(session, context, results, ImageResult.Refused);
        }

        foreach (var rule in Ordinary(context))
        {
            results.Add(context.Request.Selection.Includes(rule)
                ? Describe(context, rule, Inspect(context, rule))
                : Skipped(context, rule, "Left out by --only or --skip."));
        }

        return Report(session, context, results, Verdict(context, results));
    }

    /// <summary>
    /// Inspects, fixes what fails and can be fixed, writes back, and inspects everything again through a fresh view of the result. When the
    /// report's changes are empty, nothing was written at all.
    /// </summary>
    /// <param name="session">The image.</param>
    /// <param name="context">What the rules see of it.</param>
    /// <param name="dryRun">Whether the caller is going to drop the changes: states say <c>wouldFix</c>.</param>
    /// <exception cref="UnsupportedImageException"><c>WIN-0001</c>: there is no Windows in the image, and no gate says why.</exception>
    /// <exception cref="CorruptImageException">A structure is damaged, or the result failed its own check; the caller drops the
    /// changes.</exception>
    /// <exception cref="IOException">The host failed; the caller drops the changes.</exception>
    public static ImageReport Fix(ImageSession session, RuleContext context, bool dryRun = false)
    {
        var results = new List<RuleReport>();
        if (!PassGates(session, context, results))
        {
            return Report(session, context, results, ImageResult.Refused);
        }

        var gates = results.Count;
        var repaired = new HashSet<string>(StringComparer.Ordinal);
        var current = session;
        try
        {
            var byRule = new Dictionary<string, RuleReport>(StringComparer.Ordinal);
            foreach (var rule in Ordinary(context).OrderBy(r => !r.Contract.ChangesLayout).ToList())
            {
                byRule.Add(rule.Id, FixOne(context, rule, repaired));
                if (rule.Contract.ChangesLayout && repaired.Contains(rule.Id))
                {
                    current.WriteBack();
                    var next = current.Reopen(context.Changes);
                    Close(current, session);
                    current = next;
                    context = context with { Machine = current.Machine };
                }
            }

            results.AddRange(Ordinary(context).Select(r => byRule[r.Id]));
            if (repaired.Count > 0)
            {
                VerifyAll(current, context, results, gates, repaired, dryRun);
            }

            return Report(current, context, results, Verdict(context, results)) with { DryRun = dryRun ? true : null };
        }
        finally
        {
            Close(current, session);
        }
    }

    /// <summary>Inspects with one rule, and fixes what fails and can be fixed.</summary>
    private static RuleReport FixOne(RuleContext context, Rule rule, HashSet<string> repaired)
    {
        if (!context.Request.Selection.Includes(rule))
        {
            return Skipped(context, rule, "Left out by --only or --skip.");
        }

        var finding = Inspect(context, rule);
        if (finding is { State: FindingState.Failed, Fixable: true } && rule.Contract.CanFix)
        {
            if (context.Request.RefusedRules.TryGetValue(rule.Id, out var refusal))
            {
                return Describe(context, rule, finding) with { Message = $"{finding.Message} Not repaired (--skip-refused): {refusal}" };
            }

            context.Changes.Trace?.Invoke($"rule {rule.Id}: fixing");
            Tell(context, rule, RuleStage.Fix);
            using var stage = RunActivity.Stage("fix", rule.Id);
            try
            {
                using (context.Changes.For(rule.Id))
                {
                    rule.Fix(context);
                }
            }
            catch (Exception e) when (MaySkip(context, rule) && RefusedRuleException.IsRefusal(e))
            {
                throw new RefusedRuleException(rule.Id, e);
            }

            repaired.Add(rule.Id);
        }

        return Describe(context, rule, finding);
    }

    /// <summary>Whether a rule may stay unrepaired because what it would stage is refused; <c>--skip-refused</c>.</summary>
    private static bool MaySkip(RuleContext context, Rule rule) => context.Request.SkipRefused && rule.Contract.UsesDriverSources;

    private static void VerifyAll(ImageSession session, RuleContext context, List<RuleReport> results, int gates, HashSet<string> repaired,
        bool dryRun)
    {
        context.Changes.Trace?.Invoke("writing back what was changed, to memory");
        if (session.WriteBack())
        {
            context.Changes.Trace?.Invoke("verifying: every rule again, over the result");
            using var stage = RunActivity.Stage("verify");
            using var fresh = session.Reopen();
            Verify(fresh, context with { Machine = fresh.Machine }, results, gates, repaired, dryRun);
        }
        else
        {
            Verify(session, context, results, gates, repaired, dryRun);
        }
    }

    /// <summary>Closes a session that was opened here; the caller closes the first one.</summary>
    private static void Close(ImageSession session, ImageSession first)
    {
        if (session != first)
        {
            session.Dispose();
        }
    }

    /// <summary>
    /// Every rule once more over the result. What was ok or fixed and fails now is a bug of this program: nothing must be kept.
    /// </summary>
    private static void Verify(
        ImageSession session, RuleContext context, List<RuleReport> results, int gates, HashSet<string> repaired, bool dryRun)
    {
        var again = new List<RuleReport>();
        if (!PassGates(session, context, again, RuleStage.Verify))
        {
            var gate = again.First(r => r.State == RuleState.Failed);
            throw WindowsError.VerificationFailed(gate.Id, gate.Message);
        }

        var rules = Ordinary(context).ToDictionary(r => r.Id, StringComparer.Ordinal);
        for (var i = gates; i < results.Count; i++)
        {
            var before = results[i];
            if (before.State == RuleState.Skipped)
            {
                continue;
            }

            var finding = Inspect(context, rules[before.Id], RuleStage.Verify);
            if (repaired.Contains(before.Id))
            {
                if (finding.State == FindingState.Failed && finding.Fixable)
                {
                    Exception error = rules[before.Id].Contract.UsesDriverSources
                        ? JobError.UnfitPackage(before.Id, finding.Message)
                        : WindowsError.VerificationFailed(before.Id, finding.Message);
                    throw MaySkip(context, rules[before.Id]) ? new RefusedRuleException(before.Id, error) : error;
                }

                results[i] = finding.State == FindingState.Failed
                    ? Describe(context, rules[before.Id], finding) with { Before = before.Before }
                    : before with
                    {
                        State = dryRun ? RuleState.WouldFix : RuleState.Fixed,
                        Message = finding.Message,
                        Remedy = null,
                        Remarks = finding.Remarks,
                    };
            }
            else if (context.Request.RefusedRules.ContainsKey(before.Id) && finding.State == FindingState.Failed)
            {
                continue; // already says why it is not repaired
            }
            else if (finding.State == FindingState.Failed && before.State != RuleState.Failed)
            {
                throw WindowsError.VerificationFailed(before.Id, finding.Message);
            }
            else
            {
                results[i] = Describe(context, rules[before.Id], finding);
            }
        }
    }

    private static bool PassGates(ImageSession session, RuleContext context, List<RuleReport> results, RuleStage stage = RuleStage.Inspect)
    {
        var gates = RuleCatalog.For(context.Profile).Where(r => r.Contract.IsGate).ToList();
        foreach (var gate in gates)
        {
            results.Add(Describe(context, gate, Inspect(context, gate, stage)));
        }

        if (results.Exists(r => r.State == RuleState.Failed))
        {
            results.AddRange(Ordinary(context).Select(r => Skipped(context, r, "Not reached: a gate refused the image.")));
            return false;
        }

        var windows = context.Machine.RequireWindows(session.Files.ImagePath);
        _ = windows.Software;
        _ = windows.ControlSets;
        return true;
    }

    /// <summary>
    /// Refuses an image that a gate of the target refuses, before anything of it is changed by a command that runs no rules.
    /// </summary>
    /// <exception cref="RefusedException"><c>JOB-0015</c>: a gate fails.</exception>
    public static void RequireGates(ImageSession session, RuleContext context)
    {
        var results = new List<RuleReport>();
        if (!PassGates(session, context, results))
        {
            var gate = results.First(r => r.State == RuleState.Failed);
            throw JobError.GateRefused(gate.Id, gate.Message, gate.Remedy);
        }
    }

    private static IEnumerable<Rule> Ordinary(RuleContext context) => RuleCatalog.For(context.Profile).Where(r => !r.Contract.IsGate);

    private static void Tell(RuleContext context, Rule rule, RuleStage stage)
    {
        if (context.Request.Progress is { } progress)
        {
            var rules = RuleCatalog.For(context.Profile).Select(r => r.Id).ToList();
            progress.Report(new RuleProgress(stage, rule.Id, rules.IndexOf(rule.Id) + 1, rules.Count));
        }
    }

    private static Finding Inspect(RuleContext context, Rule rule, RuleStage stage = RuleStage.Inspect)
    {
        context.Cancellation.ThrowIfCancellationRequested();
        using var activity = RunActivity.Stage(rule.Contract.IsGate ? "gate" : "inspect", rule.Id);
        Tell(context, rule, stage);
        var finding = rule.Contract.NeedsWindows && context.FoundWindows is null
            ? Finding.NotApplicable("There is no Windows installation that can be read.")
            : rule.Inspect(context);
        context.Changes.Trace?.Invoke($"{(rule.Contract.IsGate ? "gate" : "rule")} {rule.Id}: {finding.State switch
        {
            FindingState.Ok => "ok",
            FindingState.Failed => finding.Fixable && rule.Contract.CanFix ? "fails, can be fixed" : "fails",
            _ => "not applicable",
        }}: {finding.Message}");
        return finding;
    }

    private static RuleReport Describe(RuleContext context, Rule rule, Finding finding) =>
        new(rule.Id, finding.State == FindingState.Failed && !rule.Contract.IsGate
            ? finding.Severity ?? RuleCatalog.SeverityOf(rule, context.Profile)
            : RuleCatalog.SeverityOf(rule, context.Profile),
            finding.State switch
            {
                FindingState.Ok => RuleState.Ok,
                FindingState.Failed => RuleState.Failed,
                _ => RuleState.NotApplicable,
            },
            finding.Message, finding.Remedy, finding.Before, finding.After, rule.Contract.Title, rule.Contract.IsGate)
        { Remarks = finding.Remarks };

    private static RuleReport Skipped(RuleContext context, Rule rule, string why) =>
        new(rule.Id, RuleCatalog.SeverityOf(rule, context.Profile), RuleState.Skipped, why, Title: rule.Contract.Title,
            Gate: rule.Contract.IsGate);

    private static ImageResult Verdict(RuleContext context, List<RuleReport> results) =>
        results.Exists(r => r is { State: RuleState.Failed, Severity: RuleSeverity.Error }) ? ImageResult.NotReady
        : Ordinary(context).Any(r => !context.Request.Selection.Includes(r)) ? ImageResult.RulesPass
        : results.Exists(r => r.State == RuleState.WouldFix) ? ImageResult.WouldBeReady
        : ImageResult.Ready;

    private static ImageReport Report(ImageSession session, RuleContext context, List<RuleReport> results, ImageResult result) =>
        WithNotes(SessionSummary.Describe(session.Files, context), results) with
        {
            Result = result,
            Rules = results,
            Changes = ChangesReport.Of(context.Changes),
        };

    /// <summary>Remarks of rules are among the notes, where every form of the report shows them.</summary>
    private static ImageReport WithNotes(ImageReport report, List<RuleReport> results) =>
        report with { Notes = [.. report.Notes, .. results.SelectMany(r => r.Remarks.Select(remark => $"{r.Id}: {remark}"))] };
}
