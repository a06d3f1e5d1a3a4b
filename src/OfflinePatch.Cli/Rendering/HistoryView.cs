using System.Globalization;
using OfflinePatch.Cli.Documents;
using OfflinePatch.Core;

namespace OfflinePatch.Cli.Rendering;

/// <summary>Shows the history of an image.</summary>
internal static class HistoryView
{
    /// <summary>Whether nothing is printed, because the document is.</summary>
    public static bool IsSilent { get; set; }

    /// <summary>What was done with an image.</summary>
    public static void Print(ImageHistoryReport report)
    {
        var (path, steps) = (report.Path, report.Steps);
        switch (report.Result)
        {
            case "listed":
                Output.Line(steps.Count == 0
                    ? $"{path}: no change can be undone."
                    : $"{path}: {Changes(steps.Count)} can be undone, newest first");
                foreach (var step in steps)
                {
                    Output.Line($"  {Describe(step)}  {step.UndoFile}");
                }

                break;
            case "forgotten":
                Output.Line(steps.Count == 0
                    ? $"{path}: there are no undo files."
                    : $"{path}: {steps.Count} undo file{(steps.Count == 1 ? "" : "s")} deleted.");
                break;
            case "undone":
                Output.Line(report.Left == 0
                    ? $"{path} is what it was before {(steps.Count == 1 ? "the last change" : "these changes")}; no earlier change can "
                        + "be undone."
                    : $"{path} is what it was before the last change; {Changes(report.Left ?? 0, "earlier ")} can be undone.");
                break;
            case "wouldRecover":
                WouldRestore(path, steps[0]);
                break;
            case "recovered":
                Output.Line($"{path}: an interrupted change was rolled back; the image is what it was before.");
                break;
            default:
                Output.Line($"{path}: no interrupted change was found; nothing needs to be done.");
                break;
        }
    }

    /// <summary>A change that was undone just now.</summary>
    public static void Undone(ImageStep step)
    {
        if (!IsSilent)
        {
            Output.Line($"undone: {Describe(step)}");
            Files(step);
        }
    }

    /// <summary>What recovery would restore.</summary>
    public static void WouldRestore(string path, ImageStep? step)
    {
        if (IsSilent)
        {
            return;
        }

        if (step is null)
        {
            Output.Line($"{path}: no interrupted change was found; nothing would be written.");
            return;
        }

        Output.Line($"{path}: {step.UndoFile} would restore the old bytes of: {Describe(step)}");
        Files(step);
    }

    private static string Changes(int count, string kind = "") => $"{count} {kind}change{(count == 1 ? "" : "s")}";

    private static void Files(ImageStep step)
    {
        if (step.WhyNotRead is { } reason)
        {
            Output.Line($"  files not listed: {reason}");
        }

        foreach (var file in step.Files)
        {
            var length = file.OldLength == file.NewLength ? "" : $", {file.NewLength} bytes long, before that {file.OldLength}";
            Output.Line($"  {file.Path}: {file.Bytes} bytes{length}");
        }
    }

    private static string Describe(ImageStep step) => string.Create(CultureInfo.InvariantCulture,
        $"{step.Number}  {step.Created:yyyy-MM-dd HH:mm:ss}Z  {(step.Label.Length == 0 ? "change" : step.Label)}  "
            + $"{ByteSize.Text(step.Files.Sum(f => f.Bytes))}");
}
