using OfflinePatch.Core.Hosting;

namespace OfflinePatch.Core.Tests.Transactions;

/// <summary>
/// Leaves files as a process leaves them that is killed while it commits: some sectors new, the rest old, and an undo file that says so.
/// </summary>
internal static class Interruption
{
    /// <summary>
    /// Commits a change, then puts the files back to a state on the way: every sector for which <paramref name="isNew"/> is false becomes
    /// old again.
    /// </summary>
    /// <returns>The undo file.</returns>
    public static string Leave(string image, Action<ImageTransaction> change, string? undoFolder = null, Func<long, bool>? isNew = null)
    {
        var before = Directory.GetFiles(Path.GetDirectoryName(HostPaths.Resolve(image))!)
            .ToDictionary(f => f, File.ReadAllBytes, StringComparer.Ordinal);
        List<string> files;
        string undo;
        using (var transaction = ImageTransaction.Open(image, new TransactionOptions { Writable = true, UndoFolder = undoFolder }))
        {
            change(transaction);
            files = [.. transaction.HostPaths];
            undo = transaction.Commit().UndoFile!;
        }

        foreach (var file in files)
        {
            using var stream = new FileStream(file, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
            for (var offset = 0L; offset < Math.Min(before[file].Length, stream.Length); offset += 512)
            {
                if (isNew?.Invoke(offset) ?? (offset / 512 % 2 == 0))
                {
                    continue;
                }

                stream.Position = offset;
                stream.Write(before[file].AsSpan((int)offset, (int)Math.Min(512, Math.Min(before[file].Length, stream.Length) - offset)));
            }
        }

        SetState(undo, StepState.Applying);
        var handles = files.ConvertAll(f => HostStorage.Instance.OpenOwn(f, writable: false));
        new StepPointers(HostStorage.Instance).Write(undo, handles, isOneEnough: false);
        handles.ForEach(h => h.Dispose());
        return undo;
    }

    /// <summary>Sets the state of an undo file as the program itself does.</summary>
    public static void SetState(string undo, StepState state)
    {
        using var step = StepFile.TryOpen(HostStorage.Instance, undo)!;
        step.SetState(state);
    }
}
