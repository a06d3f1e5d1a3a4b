using OfflinePatch.Core;

namespace OfflinePatch.Windows.BootStore;

/// <summary>Tells a system partition with nothing but boot files from one that holds user data or the recovery environment.</summary>
internal static class SystemPartitionContent
{
    private const int MaxEntries = 10_000;
    private const int MaxDepth = 8;
    private const int LargestLog = 1 << 20; // logs of the recovery environment; its image has hundreds of MiB

    // What Windows' setup and bcdboot put there; what is below the folders belongs to them, too.
    private static readonly string[] Own =
        ["Boot", "bootmgr", "BOOTNXT", "BOOTSECT.BAK", "BOOTTGT", "System Volume Information", "$RECYCLE.BIN"];

    /// <summary>What of it is to be kept, in words; null when there is nothing.</summary>
    public static string? WhyKept(IFileSystem files)
    {
        var seen = 0;
        foreach (var entry in files.Enumerate(""))
        {
            if (++seen > MaxEntries)
            {
                return "it holds too many files";
            }

            if (Own.Contains(entry.Name, StringComparer.OrdinalIgnoreCase))
            {
                continue;
            }

            if (!entry.IsDirectory || !entry.Name.Equals("Recovery", StringComparison.OrdinalIgnoreCase))
            {
                return $"it holds {entry.Name}";
            }

            if (HoldsImage(files, entry.Name, 0, ref seen))
            {
                return "it holds the recovery environment";
            }
        }

        return null;
    }

    private static bool HoldsImage(IFileSystem files, string directory, int depth, ref int seen)
    {
        if (depth > MaxDepth)
        {
            return true;
        }

        foreach (var entry in files.Enumerate(directory))
        {
            if (++seen > MaxEntries || (entry.IsDirectory ? HoldsImage(files, $@"{directory}\{entry.Name}", depth + 1, ref seen)
                : entry.Length > LargestLog))
            {
                return true;
            }
        }

        return false;
    }
}
