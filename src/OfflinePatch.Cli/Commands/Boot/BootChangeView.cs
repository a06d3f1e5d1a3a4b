using System.CommandLine;
using OfflinePatch.Cli.Rendering;
using OfflinePatch.Windows.Jobs;

namespace OfflinePatch.Cli.Commands.Boot;

/// <summary>What a change of what starts Windows did: each step with before and after, and remarks.</summary>
internal static class BootChangeView
{
    public static void Print(ParseResult result, string path, BootChangeResult report, bool isTrial)
    {
        if (!GlobalOptions.WantsJson(result))
        {
            foreach (var step in report.Steps)
            {
                Output.Line($"{step.Before} -> {step.After}");
            }

            foreach (var note in report.Notes)
            {
                Output.Note(note);
            }

            foreach (var problem in report.Problems)
            {
                Output.Message($"{problem.Rule}: {problem.Message}", problem.Remedy);
            }

            if (isTrial && report.Steps.Count > 0)
            {
                Output.Line("Nothing was written.");
                return;
            }
        }

        EditOutcome.Print(result, path, report.Edit, d => d with
        {
            Steps = report.Steps,
            Notes = report.Notes.Count > 0 ? report.Notes : null,
            Problems = report.Problems.Count > 0 ? report.Problems : null,
            Changes = report.Changes,
            DryRun = isTrial ? true : null,
        });
    }
}
