using System.CommandLine;
using OfflinePatch.Cli.Documents;
using OfflinePatch.Cli.Help;
using OfflinePatch.Cli.Rendering;
using OfflinePatch.Registry;
using OfflinePatch.Registry.Check;
using OfflinePatch.Windows.Jobs;
using static OfflinePatch.Cli.Help.CommonGuide;

namespace OfflinePatch.Cli.Commands.Reg;

/// <summary><c>reg check TARGET</c>: what Windows would object to. 0 clean, 3 findings, 2 unreadable.</summary>
internal static class RegCheckCommand
{
    /// <summary>What help and manual say of the command.</summary>
    public static CommandGuide Guide => new(
        """
        Judges hives as Windows does when it loads them: base block, bins, cells, keys, values, security. Says of each whether Windows
        would load it, load it after its logs, or refuse it.
        """,
        [new("Are the hives of this machine sound?", "offlinepatch reg check server.vmdk"),
            new("A hive file:", "offlinepatch reg check ./SYSTEM --notes")],
        [new(ExitCode.Done, "clean"), Usage, Unreadable, new(ExitCode.NotReady, "there are findings"), Refused, HostFailure])
    {
        SeeAlso = ["reg replay"],
    };

    public static Command Create()
    {
        var edit = new EditArguments();
        var target = RegArguments.Target();
        var notes = new Option<bool>("--notes") { Description = "Show what Windows tolerates, too." };
        var command = new Command("check", "Checks hives as Windows does when it loads them. Exit code 0 clean, 3 findings, 2 unreadable.")
        { target, notes };
        edit.AddTo(command, writes: false);
        command.SetGuardedAction((result, _) =>
        {
            using var registry = RegistryEdit.OpenToRead(result.GetRequiredValue(target), edit.Read(result));
            var hives = registry.Target.Check();
            var code = hives.Aggregate(ExitCode.Done, (worst, h) => Worse(worst, h.Report.Verdict));
            if (GlobalOptions.WantsJson(result))
            {
                DocumentJson.Print(
                    new HiveCheckDocument(
                        [.. hives.Select(h => new HiveCheckEntry(h.Name, Id(h.Report.Verdict), [.. Shown(h.Report).Select(Describe)]))]));
                return code;
            }

            foreach (var (name, report) in hives)
            {
                Output.Line($"{name}: {Word(report.Verdict)}");
                foreach (var finding in Shown(report))
                {
                    Output.Line($"  {finding.Code} {finding.Structure}{(finding.Offset < 0 ? "" : $" at 0x{finding.Offset:X}")}: "
                        + $"{finding.Message}");
                }
            }

            return code;

            IEnumerable<HiveFinding> Shown(HiveCheckReport report) =>
                report.Findings.Where(f => f.Severity == HiveFindingSeverity.Error || result.GetValue(notes));
        });
        return command;
    }

    private static FindingReport Describe(HiveFinding finding) => new(
        finding.Code, finding.Severity == HiveFindingSeverity.Error ? "error" : "note", finding.Message, finding.Structure,
        finding.Offset < 0 ? null : finding.Offset);

    private static string Id(HiveVerdict verdict) => verdict switch
    {
        HiveVerdict.Valid => "clean",
        HiveVerdict.Invalid => "damaged",
        HiveVerdict.Unreconciled => "unreconciled",
        _ => "unreadable",
    };

    private static string Word(HiveVerdict verdict) => verdict switch
    {
        HiveVerdict.Valid => "clean",
        HiveVerdict.Invalid => "damaged",
        HiveVerdict.Unreconciled => "not closed, and its logs cannot recover it",
        _ => "unreadable",
    };

    private static int Worse(int code, HiveVerdict verdict) => verdict switch
    {
        HiveVerdict.Valid => code,
        HiveVerdict.Invalid => code == ExitCode.Unreadable ? code : ExitCode.NotReady,
        _ => ExitCode.Unreadable,
    };
}
