using System.Globalization;
using OfflinePatch.Core;

namespace OfflinePatch.Cli.Rendering;

/// <summary>Shows the history of an image.</summary>
internal static class HistoryView
{
    /// <summary>The changes that can be undone.</summary>
    public static void List(string path, IReadOnlyList<ImageStep> steps)
    {
        if (steps.Count == 0)
        {
            Output.Line($"{path}: no change can be undone.");
            return;
        }

        Output.Line($"{path}: {steps.Count} change(s) can be undone, newest first");
        foreach (var step in steps)
        {
            Output.Line($"  {Describe(step)}  {step.UndoFile}");
        }
    }

    /// <summary>A change that was undone just now.</summary>
    public static void Undone(ImageStep step)
    {
        Output.Line($"undone: {Describe(step)}");
        Files(step);
    }

    /// <summary>What can still be undone.</summary>
    public static void Undone(string path, IReadOnlyList<ImageStep> steps, int left)
    {
        Output.Line(left == 0
            ? $"{path} is what it was before {(steps.Count == 1 ? "the last change" : "these changes")}; no earlier change can be undone."
            : $"{path} is what it was before the last change; {left} earlier change(s) can be undone.");
    }

    /// <summary>What recovery would restore.</summary>
    public static void WouldRestore(string path, ImageStep? step)
    {
        if (step is null)
        {
            Output.Line($"{path}: no interrupted change was found; nothing would be written.");
            return;
        }

        Output.Line($"{path}: {step.UndoFile} would restore the old bytes of: {Describe(step)}");
        Files(step);
    }

    /// <summary>What recovery did.</summary>
    public static void Recovered(string path, ImageStep? step) => Output.Line(step is null
        ? $"{path}: no interrupted change was found; nothing needs to be done."
        : $"{path}: an interrupted change was rolled back; the image is what it was before.");

    private static void Files(ImageStep step)
    {
        foreach (var file in step.Files)
        {
            var length = file.OldLength == file.NewLength ? "" : $", {file.NewLength} bytes long, before that {file.OldLength}";
            Output.Line($"  {file.Path}: {file.Bytes} bytes{length}");
        }
    }

    private static string Describe(ImageStep step) => string.Create(CultureInfo.InvariantCulture,
        $"{step.Number}  {step.Created:yyyy-MM-dd HH:mm:ss}Z  {(step.Label.Length == 0 ? "change" : step.Label)}  {Sizes.Text(step.Files.Sum(f => f.Bytes))}");
}
