using OfflinePatch.Core;
using OfflinePatch.Drivers;
using OfflinePatch.Drivers.Inf;
using OfflinePatch.Drivers.Packages;
using OfflinePatch.Windows.DriverStore;
using OfflinePatch.Windows.Reports;
using OfflinePatch.Windows.Rules;

namespace OfflinePatch.Windows.Jobs;

/// <summary>Stages the packages of sources into one image, and reports what was done with each.</summary>
internal sealed class DriverAddition(RuleContext context, DriverAddSources sources, CancellationToken cancellation)
{
    private const int MaximumRemarks = 8;

    private readonly WindowsTarget _target = DriverTarget.Of(context.Windows);
    private readonly StagingOptions _options = context.Staging with { IsExact = true };

    /// <summary>Stages; null where a package was refused halfway, which is noted in the sources: everything has to be dropped.</summary>
    public IReadOnlyList<DriverAddReport>? Run()
    {
        var passedOver = PackageChoice.PassedOver(sources.Packages, _target, _options);
        var reports = new List<DriverAddReport>(sources.Rejected);
        foreach (var package in sources.Packages)
        {
            cancellation.ThrowIfCancellationRequested();
            if (Add(package, passedOver) is not { } report)
            {
                return null;
            }

            reports.Add(report);
        }

        // A source that holds nothing for this Windows was the wrong one.
        return reports.Exists(r => r.Outcome is DriverAddOutcome.Staged or DriverAddOutcome.Present or DriverAddOutcome.Refused)
            ? reports
            : [.. reports.Select(r => r with { Outcome = DriverAddOutcome.Refused })];
    }

    private DriverAddReport? Add(DriverPackage package, Dictionary<DriverPackage, DriverFinding> passedOver)
    {
        var report = new DriverAddReport(package.Source.Source, package.Path, DriverAddOutcome.Skipped)
        {
            Class = package.Inf.Version.ClassName is { Length: > 0 } name ? name : null,
            Version = package.Version.ToString(),
        };
        if (sources.Failed.TryGetValue(package, out var failure))
        {
            return Refuse(report, failure);
        }

        var check = DriverPackageCheck.Run(package, _target, _options.Signatures);
        if (check.Findings is [{ Subject: DriverFindingSubject.UnusableInf } other, ..] && package.Models(_target).Models.Count == 0)
        {
            return report with { Code = other.Code, Reason = other.Message };
        }

        if (passedOver.TryGetValue(package, out var why))
        {
            return report with { Code = why.Code, Reason = why.Message };
        }

        if (check.Findings.FirstOrDefault(f => f.Kind == DriverFindingKind.Refusal) is { } refusal)
        {
            return report with { Outcome = DriverAddOutcome.Refused, Code = refusal.Code, Reason = refusal.Message };
        }

        if (!_options.AllowUnsigned && check.Findings.FirstOrDefault(f => f.Kind == DriverFindingKind.Signature) is { } unsigned)
        {
            return report with { Outcome = DriverAddOutcome.Refused, Code = unsigned.Code, Reason = unsigned.Message };
        }

        try
        {
            var result = GuestDriverStore.Stage(context.Windows, check, _options);
            return report with
            {
                Outcome = result.Outcome == StagingOutcome.Staged ? DriverAddOutcome.Staged : DriverAddOutcome.Present,
                PublishedName = result.PublishedName.Length > 0 ? result.PublishedName : null,
                PackageName = result.PackageName.Length > 0 ? result.PackageName : null,
                Remarks = [.. Remarks(check).Distinct().Take(MaximumRemarks)],
            };
        }
        catch (Exception e) when (RefusedRuleException.IsRefusal(e))
        {
            sources.Failed.Add(package, e);
            return null;
        }
    }

    private static DriverAddReport Refuse(DriverAddReport report, Exception error)
    {
        var code = (error as ICodedError)?.Code;
        return report with { Outcome = DriverAddOutcome.Refused, Code = code, Reason = ICodedError.TextOf(code, error.Message) };
    }

    private IEnumerable<string> Remarks(DriverPackageCheck check)
    {
        foreach (var finding in check.Findings.Where(f => f.Kind == DriverFindingKind.Warning))
        {
            yield return finding.Message;
        }

        // What an INF takes from one of Windows: Windows itself looks for it when it installs the device.
        foreach (var notice in check.Package.Effects(_target, IncludesOf()).SelectMany(e => e.Notices)
            .Where(n => n.Kind == InfNoticeKind.Problem && n.Message.EndsWith("and not there.", StringComparison.Ordinal)))
        {
            yield return notice.Message;
        }

        if (!_target.HasDriverDatabase && check.NeedsTrustedPublisher)
        {
            yield return "Windows will ask on the console whether to trust the publisher before it installs the device.";
        }
    }

    private InfEvaluationOptions IncludesOf() => new() { Include = name => InboxInfs.Read(context.Windows, name) };
}
