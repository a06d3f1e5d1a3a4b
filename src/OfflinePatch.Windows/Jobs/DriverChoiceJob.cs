using OfflinePatch.Core;
using OfflinePatch.Drivers.Packages;
using OfflinePatch.Windows.Guest;
using OfflinePatch.Windows.Reports;
using OfflinePatch.Windows.Rules;

namespace OfflinePatch.Windows.Jobs;

/// <summary>Which packages of the sources a fix of an image would use, and why not the others. The image is only read.</summary>
public static class DriverChoiceJob
{
    /// <summary>Chooses.</summary>
    /// <param name="path">The image.</param>
    /// <param name="open">How it is opened.</param>
    /// <param name="rules">The sources, and what signatures are judged by.</param>
    /// <returns>One entry for each package of the sources, in their order.</returns>
    /// <exception cref="CorruptImageException">The image is damaged.</exception>
    /// <exception cref="UnsupportedImageException">The image is of no known kind, or <c>WIN-0001</c>: it holds no Windows.</exception>
    /// <exception cref="RefusedException">An option is required.</exception>
    /// <exception cref="IOException">The host failed.</exception>
    public static DriverChoiceReport Choose(string path, EditOptions open, RuleRequest rules)
    {
        using var sources = RuleSources.Open(rules);
        using var transaction = open.OpenTransaction(path, writable: false);
        using var session = ImageSession.Open(transaction, open.Session);
        var context = new RuleContext { Machine = session.Machine, Request = rules, Sources = sources };
        _ = session.Machine.RequireWindows(path);
        var planner = context.Planner();
        var plans = sources.Manifest.Families.ToDictionary(
            f => f.Name,
            f =>
                (Selection: DriverSelection.Choose(sources.DriverPackages, f, planner.Target,
                    rules.AllowUnsigned ? null : context.Signatures),
                Plan: planner.Plan(f, f.Drivers, _ => true)),
            StringComparer.Ordinal);
        return new DriverChoiceReport(path, planner.Target.ToString(), [.. sources.DriverPackages.Select(Judge)]);

        DriverPackageChoice Judge(DriverPackage package)
        {
            if (package.Models(planner.Target).Models.Count == 0)
            {
                return Of(package, null, false, $"It serves no device on this Windows ({planner.Target}).");
            }

            if (sources.Manifest.Classify(package.InfName, package.Ids(planner.Target)) is not { } owner)
            {
                return Of(package, null, false, "No family of drivers names it; `fix` stages families only.");
            }

            var (selection, plan) = plans[owner.Family.Name];
            var id = owner.Entry.Id;
            if (selection.Find(id) != package)
            {
                return Of(package, id, false, selection.PassedOver(id).FirstOrDefault(f => f.File == package.Path)?.Message
                    ?? selection.Conflict(id)?.Message
                    ?? (selection.Find(id) is { } other ? $"{other} is used." : "It is not used on this Windows."));
            }

            var planned = plan.Drivers.FirstOrDefault(d => d.Entry == owner.Entry);
            return planned?.Verdict switch
            {
                DriverStore.DriverVerdict.Stage => Of(package, id, true, "It is the best one for this Windows."),
                DriverStore.DriverVerdict.Ready => Of(package, id, false, "The image has this driver, as new or newer."),
                DriverStore.DriverVerdict.Refused => Of(package, id, false, planned.Reason),
                _ => Of(package, id, false, planned?.Reason is { Length: > 0 } reason ? reason : "It is not needed."),
            };
        }
    }

    private static DriverPackageChoice Of(DriverPackage package, string? driver, bool isUsed, string reason) =>
        new(package.Source.Source, package.Path, driver, package.Version.ToString(), isUsed, reason);
}
