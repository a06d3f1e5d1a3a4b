using OfflinePatch.Core;
using OfflinePatch.Windows.BootStore;
using OfflinePatch.Windows.Guest;
using OfflinePatch.Windows.Reports;
using OfflinePatch.Windows.Rules;
using OfflinePatch.Windows.Rules.Boot;

namespace OfflinePatch.Windows.Jobs;

/// <summary>Repairs what starts Windows, or changes it from BIOS to UEFI. Each change is one transaction.</summary>
/// <remarks>Different images may be worked on in parallel.</remarks>
public static class BootJob
{
    private static readonly Rule SameDisk = RuleCatalog.All.OfType<BootSameDiskRule>().Single();
    private static readonly Rule Loader = RuleCatalog.All.OfType<BootLoaderRule>().Single();
    private static readonly Rule DriveLetter = RuleCatalog.All.OfType<BootDriveLetterRule>().Single();

    /// <summary>
    /// Does what <c>bcdboot C:\Windows</c> does, offline: boot files, boot configuration, system partition, and the chain of the firmware
    /// up to them. An image that needs nothing is not written.
    /// </summary>
    /// <param name="path">The image.</param>
    /// <param name="open">How it is opened.</param>
    /// <param name="request">How much is done.</param>
    /// <param name="cancellation">Looked at until the first byte is written.</param>
    /// <returns>What was done, and what still keeps Windows from starting.</returns>
    /// <exception cref="CorruptImageException">The image, or the result, is damaged. Nothing was written.</exception>
    /// <exception cref="UnsupportedImageException">The image is of no known kind, or <c>WIN-0001</c>: it holds no Windows. Nothing was
    /// written.</exception>
    /// <exception cref="RefusedException"><c>BOOT-0001</c>: it cannot be repaired; <c>JOB-0015</c>: a gate refuses the image; or an option
    /// is required. Nothing was written.</exception>
    /// <exception cref="IOException">The host failed; the image is unchanged or rolled back.</exception>
    /// <exception cref="OperationCanceledException">Cancelled. Nothing was written.</exception>
    public static BootChangeResult Repair(
        string path, EditOptions open, BootRepairRequest request, CancellationToken cancellation = default)
    {
        using var edit = ImageEdit.OpenToChange(path, open, request.DryRun);
        var context = ContextOf(edit, cancellation);
        var repair = BootRepair.Find(edit.Machine, context.Windows,
            new BootRepairOptions { Rebuild = request.Rebuild, AllFiles = true });
        if (repair.Problem is { } problem)
        {
            throw BootStoreError.Irreparable(problem);
        }

        var steps = repair.Steps.Select(s => new BootStepReport(s.Before, s.After)).ToList();
        repair.Apply();
        edit.Session.WriteBack();
        using var repaired = edit.Session.Reopen(edit.Machine.Changes);
        context = context with { Machine = repaired.Machine };
        if (Loader.Inspect(context) is { State: FindingState.Failed, Fixable: true } finding)
        {
            steps.Add(new BootStepReport(finding.Before ?? finding.Message, finding.After ?? "repaired"));
            Loader.Fix(context);
            repaired.WriteBack();
        }

        using var result = repaired.Reopen();
        context = context with { Machine = result.Machine };
        var problems = new List<BootProblemReport>();
        foreach (var rule in new[] { SameDisk, Loader })
        {
            if (rule.Inspect(context) is { State: FindingState.Failed } failure)
            {
                problems.Add(new BootProblemReport(rule.Id, failure.Message, failure.Remedy));
            }
        }

        return Finish(edit, steps, cancellation) with { Problems = problems };
    }

    /// <summary>
    /// Turns a BIOS machine into a UEFI machine, as <c>mbr2gpt</c> does: GPT, EFI system partition, boot configuration, drive letters. A
    /// machine that starts by UEFI already is not written.
    /// </summary>
    /// <param name="path">The image.</param>
    /// <param name="open">How it is opened.</param>
    /// <param name="dryRun">Only say what would be done.</param>
    /// <param name="cancellation">Looked at until the first byte is written.</param>
    /// <returns>What was done; without steps where it starts by UEFI already.</returns>
    /// <exception cref="CorruptImageException">The image, or the result, is damaged. Nothing was written.</exception>
    /// <exception cref="UnsupportedImageException">The image is of no known kind, or <c>WIN-0001</c>: it holds no Windows. Nothing was
    /// written.</exception>
    /// <exception cref="RefusedException"><c>BOOT-0002</c> to <c>BOOT-0006</c>: a precondition is not met; <c>JOB-0015</c>: a gate refuses
    /// the image; or an option is required. Nothing was written.</exception>
    /// <exception cref="IOException">The host failed; the image is unchanged or rolled back.</exception>
    /// <exception cref="OperationCanceledException">Cancelled. Nothing was written.</exception>
    public static BootChangeResult ConvertToUefi(
        string path, EditOptions open, bool dryRun = false, CancellationToken cancellation = default)
    {
        using var edit = ImageEdit.OpenToChange(path, open, dryRun);
        var context = ContextOf(edit, cancellation);
        if (UefiConversion.IsDone(edit.Machine))
        {
            return new BootChangeResult(default, [], ChangesReport.Of(edit.Machine.Changes));
        }

        var conversion = UefiConversion.Find(edit.Machine, context.Windows);
        if (SameDisk.Inspect(context) is { State: FindingState.Failed, Severity: null } failure)
        {
            throw BootStoreError.NotStarting(failure.Message.TrimEnd('.'));
        }

        var hadLetter = DriveLetter.Inspect(context).State == FindingState.Ok;
        conversion.Apply();
        edit.Session.WriteBack();
        using var result = edit.Session.Reopen();
        context = context with { Machine = result.Machine };
        if (!UefiConversion.IsDone(result.Machine))
        {
            throw WindowsError.VerificationFailed(SameDisk.Id, "the machine does not start by UEFI");
        }

        foreach (var rule in hadLetter ? [SameDisk, Loader, DriveLetter] : (Rule[])[SameDisk, Loader])
        {
            if (rule.Inspect(context) is { State: FindingState.Failed } failed)
            {
                throw WindowsError.VerificationFailed(rule.Id, failed.Message);
            }
        }

        return Finish(edit, [.. conversion.Steps.Select(s => new BootStepReport(s.Before, s.After))], cancellation)
            with
        { Notes = conversion.Notes };
    }

    private static BootChangeResult Finish(ImageEdit edit, List<BootStepReport> steps, CancellationToken cancellation)
    {
        // An image that needs nothing is not written, whatever was replayed to read it.
        var written = steps.Count == 0 ? default : edit.CommitWritten(cancellation);
        return new BootChangeResult(written, steps,
            ChangesReport.Of(edit.Machine.Changes) with { BytesWritten = written.BytesWritten });
    }

    private static RuleContext ContextOf(ImageEdit edit, CancellationToken cancellation)
    {
        var context = new RuleContext { Machine = edit.Machine, Cancellation = cancellation };
        RuleRunner.RequireGates(edit.Session, context);
        return context;
    }
}
