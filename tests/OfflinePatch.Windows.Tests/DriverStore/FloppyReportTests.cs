using System.Text;
using OfflinePatch.Core;
using OfflinePatch.FileSystems;
using OfflinePatch.Registry;
using OfflinePatch.Testing;
using OfflinePatch.Windows.Guest;
using OfflinePatch.Windows.Rules;
using OfflinePatch.Windows.Tests.Machines;

namespace OfflinePatch.Windows.Tests.DriverStore;

/// <summary>
/// A real driver floppy (virtio-win 0.1.141 of 2017, signed by Red Hat, Inc. with a cross-certificate) and real SYSTEM hives give the
/// report that was reviewed: every rule with its state, before and after a fix, with Microsoft's roots only. The project holds neither
/// floppy nor hives: <c>OFFLINEPATCH_VIRTIO_FLOPPY</c> names the one, the corpus has the others. <c>OFFLINEPATCH_GOLDEN=write</c> writes
/// the report anew.
/// </summary>
[Trait("tier", "layout")]
public sealed class FloppyReportTests
{
    private const string Name = "floppy-2017.txt";

    [SkippableFact]
    public void The_report_is_the_reviewed_one()
    {
        var path = Environment.GetEnvironmentVariable("OFFLINEPATCH_VIRTIO_FLOPPY");
        Skip.If(string.IsNullOrEmpty(path) || !File.Exists(path), "OFFLINEPATCH_VIRTIO_FLOPPY names no driver floppy");
        var report = new StringBuilder();
        foreach (var (name, _, _, _, _) in StagingMachine.Generations)
        {
            var machine = StagingMachine.Create(name);
            machine.PutDriverFiles();
            using var floppy = FileSources.Open(path!);
            machine.Options = new RuleOptions { DriverSources = [floppy], TrustedRoots = [], Clock = StagingMachine.Clock };
            var context = machine.Start();
            report.Append(name).Append(": before\n");
            Describe(report, context);
            foreach (var rule in RuleCatalog.For(context.Profile)
                .Where(r => r.Contract.CanFix && r.Inspect(context) is { State: FindingState.Failed, Fixable: true }).ToList())
            {
                rule.Fix(context);
            }

            Machine.Save(context);
            report.Append(name).Append(": after\n");
            Describe(report, machine.Restart());
        }

        Compare(report.ToString());
    }

    /// <summary>Rule and state; of the rules about drivers the message too, which names nothing of the machine.</summary>
    private static void Describe(StringBuilder report, RuleContext context)
    {
        foreach (var rule in RuleCatalog.For(context.Profile))
        {
            var finding = rule.Inspect(context);
            report.Append("  ").Append(rule.Id).Append(' ').Append(finding.State)
                .Append(finding is { State: FindingState.Failed, Fixable: true } ? ", fixable" : "");
            if (rule.Id.StartsWith("drivers.virtio", StringComparison.Ordinal))
            {
                report.Append(": ").Append(finding.Message.Length > 160 ? finding.Message[..160] : finding.Message);
                foreach (var remark in finding.Remarks)
                {
                    report.Append("\n    ").Append(remark);
                }
            }

            report.Append('\n');
        }
    }

    private static void Compare(string actual)
    {
        if (Environment.GetEnvironmentVariable("OFFLINEPATCH_GOLDEN") == "write")
        {
            var root = new DirectoryInfo(AppContext.BaseDirectory);
            while (!File.Exists(Path.Combine(root!.FullName, "OfflinePatch.sln")))
            {
                root = root.Parent;
            }

            File.WriteAllText(Path.Combine(root.FullName, "tests", "OfflinePatch.Windows.Tests", "DriverStore", "Golden", Name), actual);
            return;
        }

        var expected = File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "DriverStore", "Golden", Name)).ReplaceLineEndings("\n");
        Assert.Equal(expected.Split('\n'), actual.Split('\n'));
    }
}
