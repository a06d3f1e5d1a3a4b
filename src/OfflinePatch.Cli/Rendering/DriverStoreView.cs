using OfflinePatch.Windows.Jobs;
using OfflinePatch.Windows.Reports;

namespace OfflinePatch.Cli.Rendering;

/// <summary>What <c>drivers list</c>, <c>add</c> and <c>remove</c> print.</summary>
internal static class DriverStoreView
{
    /// <summary>Prints the packages of an image, one paragraph each.</summary>
    public static void Print(DriverStoreReport report)
    {
        Paragraph.Write("", 0, $"{report.Path}: Windows {report.Windows}, {report.Packages.Count} driver packages of others");
        foreach (var package in report.Packages)
        {
            Paragraph.Write($"  {Paragraph.Styled((package.PublishedName ?? "-").PadRight(10), Paragraph.Bold)} ", 13,
                $"{package.Inf} {package.Version}{(package.Date is null ? "" : $" of {package.Date}")}");
            string[] facts =
            [
                package.Class, package.Provider ?? "", $"signer: {package.Signer ?? "none"}", package.BootCritical ? "starts at boot" : "",
                package.Devices.Count switch { 0 => "not in use", 1 => $"in use: {package.Devices[0]}",
                    var count => $"in use: {package.Devices[0]} and {count - 1} more" },
            ];
            Paragraph.Write("             ", 13, string.Join(" · ", facts.Where(f => f.Length > 0)));
            foreach (var problem in package.Problems)
            {
                Paragraph.Write($"             {Paragraph.Styled("broken", Paragraph.Red)} ", 20, problem);
            }
        }
    }

    /// <summary>Prints what happened to the packages to be added. Those that are not for this Windows are only counted.</summary>
    public static void Print(IReadOnlyList<DriverAddReport> packages, bool isTrial)
    {
        var fits = packages.Any(p => p.Outcome != DriverAddOutcome.Skipped);
        foreach (var package in packages.Where(p => p.Outcome != DriverAddOutcome.Skipped || !fits))
        {
            var (word, style) = package.Outcome switch
            {
                DriverAddOutcome.Staged => (isTrial ? "would be staged" : "staged", Paragraph.Green),
                DriverAddOutcome.Present => ("is there", Paragraph.Dim),
                DriverAddOutcome.Skipped => ("passed over", Paragraph.Dim),
                _ => ("refused", Paragraph.Red),
            };
            var name = package.PublishedName is null ? "" : $" as {package.PublishedName}";
            Paragraph.Write($"  {Paragraph.Styled(word, style)}{new string(' ', Math.Max(1, 16 - word.Length))}", 18,
                $"{package.Inf} {package.Version}{name}");
            if (package.Reason is { } reason)
            {
                Paragraph.Write(new string(' ', 18), 18, string.Join(": ", new[] { package.Code, reason }.OfType<string>()));
            }

            foreach (var remark in package.Remarks)
            {
                Paragraph.Write(new string(' ', 18), 18, remark);
            }
        }

        if (fits && packages.Count(p => p.Outcome == DriverAddOutcome.Skipped) is > 0 and var skipped)
        {
            Output.Note($"{skipped} more packages of the sources were passed over: not for this Windows, or not the best ones for it; "
                + "--json lists them");
        }
    }

    /// <summary>Says that, and why, nothing was written.</summary>
    public static void PrintNothingWritten(DriverChangeReport report, bool isTrial)
    {
        if (report.IsRefused)
        {
            Output.Line("Nothing was written: a package is refused. --skip-refused stages the others, --allow-unsigned accepts "
                + "signatures that do not hold.");
        }
        else if (isTrial)
        {
            Output.Line($"Nothing was written. {report.Changes.FilesAdded} files would be added, {report.Changes.FilesReplaced} replaced,"
                + $" {report.Changes.RegistryValues} registry values set or deleted.");
        }
    }
}
