using OfflinePatch.Core;
using OfflinePatch.Disks;
using OfflinePatch.Disks.Formats;
using OfflinePatch.Windows.Growth;
using OfflinePatch.Windows.Guest;

namespace OfflinePatch.Windows.Jobs;

/// <summary>
/// Makes the disk of an image larger, and with it the volume of Windows where that is asked for. One transaction; never smaller.
/// </summary>
public static class ResizeJob
{
    /// <summary>Bytes of the largest disk that is asked of a container; formats and file systems end far below.</summary>
    private const long MaxLength = 1L << 62;

    /// <summary>Resizes one image.</summary>
    /// <param name="path">The image; it needs no Windows where only the disk grows.</param>
    /// <param name="open">How it is opened.</param>
    /// <param name="request">How large.</param>
    /// <param name="cancellation">Looked at until the first byte is written.</param>
    /// <exception cref="CorruptImageException">The image, or the result, is damaged. Nothing was written.</exception>
    /// <exception cref="UnsupportedImageException">The image is of no known kind, or <c>DISK-0006</c>: it does not grow in place. Nothing
    /// was written.</exception>
    /// <exception cref="RefusedException"><c>DISK-0007</c>: the size is smaller, or no multiple of the sectors; <c>GROW-0001</c> to
    /// <c>GROW-0003</c>, <c>NTFS-0328</c>, <c>NTFS-0329</c>, <c>PART-0009</c> to <c>PART-0016</c>: the table or the volume is not extended.
    /// Nothing was written.</exception>
    /// <exception cref="IOException">The host failed; the image is unchanged or rolled back.</exception>
    /// <exception cref="OperationCanceledException">Cancelled. Nothing was written.</exception>
    public static ResizeResult Resize(string path, EditOptions open, ResizeRequest request, CancellationToken cancellation = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(request.Length);
        using var transaction = open.OpenTransaction(path, writable: !request.DryRun && request.Output is null);
        using var storage = new OverlayStorage();
        using var session = FixedCopy.OpenSession(transaction, open, request.Output, storage);
        var disk = session.Machine.Disk;
        var before = disk.Length;
        var after = !request.IsIncrease ? request.Length : request.Length > MaxLength - before ? MaxLength : before + request.Length;
        if (after < before)
        {
            disk.Grow(after); // says why not
        }

        var plan = GrowthPlan.Find(session.Machine, after, request.Extend);
        if (plan.Problem is { } problem)
        {
            throw problem;
        }

        open.Trace?.Invoke(string.Join("; ", plan.Steps.DefaultIfEmpty("nothing to do")));
        var result = new ResizeResult(before, after, plan.Steps, plan.Notes, default, null);
        if (plan.Steps.Count > 0)
        {
            plan.Apply();
            if (session.WriteBack())
            {
                Verify(session, after, plan.ExtendsVolume);
            }
        }

        cancellation.ThrowIfCancellationRequested();
        if (request.Output is { } output)
        {
            if (!request.DryRun)
            {
                FixedCopy.Write(disk, transaction, open, output, cancellation);
            }

            return result with { OutputFile = output.Path };
        }

        return request.DryRun || plan.Steps.Count == 0 ? result : result with { Edit = ImageEdit.Commit(transaction, cancellation) };
    }

    /// <summary>The result as its next reader sees it: the same partitions, and Windows where it was.</summary>
    private static void Verify(ImageSession session, long length, bool isExtended)
    {
        using var fresh = session.Reopen();
        var (old, now) = (session.Machine, fresh.Machine);
        var isSame = now.Disk.Length == length && now.Partitions.Partitions.Count == old.Partitions.Partitions.Count
            && (!isExtended || now.FoundWindows?.SystemRoot == old.FoundWindows?.SystemRoot);
        if (!isSame)
        {
            throw GrowthError.CheckFailed("the disk, its partitions or Windows are not found again");
        }
    }
}
