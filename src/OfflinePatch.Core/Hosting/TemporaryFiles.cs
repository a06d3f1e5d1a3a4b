namespace OfflinePatch.Core.Hosting;

/// <summary>The temporary names of outputs that are being written, for a process that ends before they are complete.</summary>
internal static class TemporaryFiles
{
    private static readonly HashSet<string> Names = new(StringComparer.Ordinal);
    private static readonly Lock Gate = new();
    private static bool _isClosed;

    public static void Add(string path)
    {
        lock (Gate)
        {
            if (_isClosed)
            {
                File.Delete(path);
                throw new OperationCanceledException();
            }

            Names.Add(path);
        }
    }

    public static void Remove(string path)
    {
        lock (Gate)
        {
            Names.Remove(path);
        }
    }

    /// <summary>Deletes them, and lets no further one be made.</summary>
    public static void DeleteAll()
    {
        lock (Gate)
        {
            _isClosed = true;
            foreach (var path in Names)
            {
                try
                {
                    File.Delete(path);
                }
                catch (Exception e) when (HostErrors.IsOfHost(e))
                {
                    // The process ends now, and its result is that nothing was changed: the rest of a copy is all that stays.
                }
            }

            Names.Clear();
        }
    }
}
