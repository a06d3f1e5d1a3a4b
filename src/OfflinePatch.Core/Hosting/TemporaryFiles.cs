namespace OfflinePatch.Core.Hosting;

/// <summary>
/// The temporary names of outputs that are being written, and temporary directories, for a process that ends before they are complete.
/// </summary>
internal static class TemporaryFiles
{
    private static readonly HashSet<string> Names = new(StringComparer.Ordinal);
    private static readonly HashSet<string> Folders = new(StringComparer.Ordinal);
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

    public static void AddFolder(string path)
    {
        lock (Gate)
        {
            if (_isClosed)
            {
                Directory.Delete(path);
                throw new OperationCanceledException();
            }

            Folders.Add(path);
        }
    }

    /// <summary>Deletes a directory with all that is in it; what the host does not let go stays.</summary>
    public static void DeleteFolder(string path)
    {
        lock (Gate)
        {
            if (Folders.Remove(path))
            {
                TryDelete(path, p => Directory.Delete(p, recursive: true));
            }
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
                TryDelete(path, File.Delete);
            }

            foreach (var path in Folders)
            {
                TryDelete(path, p => Directory.Delete(p, recursive: true));
            }

            Names.Clear();
            Folders.Clear();
        }
    }

    private static void TryDelete(string path, Action<string> delete)
    {
        try
        {
            delete(path);
        }
        catch (Exception e) when (HostErrors.IsOfHost(e))
        {
            // The process ends now without having changed the image; at worst an incomplete copy stays.
        }
    }
}
