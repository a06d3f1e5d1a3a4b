using OfflinePatch.Core;

namespace OfflinePatch.Windows.GuestTools;

/// <summary>
/// Deletes a folder with what is in it. What is shared with others stays, and so does every link: its target belongs to others.
/// </summary>
internal static class FolderRemoval
{
    private const int MaximumEntries = 100_000;

    /// <summary>Deletes a folder; one that is not empty afterwards stays.</summary>
    /// <param name="files">The volume.</param>
    /// <param name="folder">The folder.</param>
    /// <param name="keep">Tells files that stay.</param>
    /// <exception cref="RefusedException"><c>TLS-0003</c>: there are too many entries.</exception>
    public static void Delete(IWritableFileSystem files, string folder, Predicate<string> keep)
    {
        if (!files.DirectoryExists(folder))
        {
            return;
        }

        // Folders in the order in which they were found: backwards, a folder comes after what is in it.
        var folders = new List<string> { folder };
        var found = new List<string>();
        for (var i = 0; i < folders.Count; i++)
        {
            foreach (var entry in files.Enumerate(folders[i]).ToList())
            {
                if (found.Count + folders.Count >= MaximumEntries)
                {
                    throw ToolsError.TooMuch(folder, MaximumEntries);
                }

                var path = $@"{folders[i]}\{entry.Name}";
                if (!entry.IsDirectory)
                {
                    found.Add(path);
                }
                else if ((entry.Attributes & FileAttributes.ReparsePoint) == 0)
                {
                    folders.Add(path);
                }
            }
        }

        foreach (var path in found.Where(p => !keep(p)))
        {
            files.Delete(path);
        }

        for (var i = folders.Count - 1; i >= 0; i--)
        {
            DeleteEmpty(files, folders[i]);
        }
    }

    /// <summary>Deletes a folder that is empty.</summary>
    public static void DeleteEmpty(IWritableFileSystem files, string folder)
    {
        if (IsEmpty(files, folder))
        {
            files.Delete(folder);
        }
    }

    /// <summary>Whether it is a folder with nothing in it.</summary>
    public static bool IsEmpty(IFileSystem files, string folder) => files.DirectoryExists(folder) && !files.Enumerate(folder).Any();

    /// <summary>Whether deleting it would change anything: it has a file that does not stay, or nothing at all.</summary>
    public static bool HasAny(IFileSystem files, string folder, Predicate<string> keep)
    {
        if (!files.DirectoryExists(folder))
        {
            return false;
        }

        var folders = new List<string> { folder };
        for (var i = 0; i < folders.Count; i++)
        {
            var isEmpty = true;
            foreach (var entry in files.Enumerate(folders[i]))
            {
                isEmpty = false;
                var path = $@"{folders[i]}\{entry.Name}";
                if (!entry.IsDirectory && !keep(path))
                {
                    return true;
                }

                if (entry.IsDirectory && (entry.Attributes & FileAttributes.ReparsePoint) == 0)
                {
                    folders.Add(path);
                    if (folders.Count > MaximumEntries)
                    {
                        throw ToolsError.TooMuch(folder, MaximumEntries);
                    }
                }
            }

            if (isEmpty)
            {
                return true;
            }
        }

        return false;
    }
}
