using OfflinePatch.Ntfs.Compression;

namespace OfflinePatch.Ntfs.LogState;

/// <summary>What the restart pages of $LogFile say. Reads at most three pages, and the whole file only when it looks empty.</summary>
/// <param name="State">The state.</param>
/// <param name="MajorVersion">Version of the log; 0 without a restart page.</param>
/// <param name="MinorVersion">Version of the log.</param>
/// <param name="CurrentLsn">The newest LSN that a restart page knows; 0 without one.</param>
/// <param name="Page">The newest valid restart page, decoded; empty without one.</param>
internal sealed record LogFileInspection(LogFileState State, int MajorVersion, int MinorVersion, ulong CurrentLsn,
    ReadOnlyMemory<byte> Page)
{
    private const int Chunk = 1024 * 1024;
    private const int SmallestPage = 512;

    /// <summary>Whether nothing has to be replayed.</summary>
    public bool IsClean => State is LogFileState.Clean or LogFileState.Empty;

    /// <summary>Inspects a log. Damage is a result, not an error.</summary>
    /// <param name="read">Reads the unnamed $DATA of record 2.</param>
    /// <param name="length">Its length in bytes.</param>
    public static LogFileInspection Read(RawRead read, long length)
    {
        LogFileInspection? newest = null;

        // The first page is at 0, the second after it; when the first is damaged its size is unknown, so every power of two is tried (as
        // ntfs-3g does).
        for (long at = 0; at <= RestartPage.MaximumPageSize && at + SmallestPage <= length; at = at == 0 ? SmallestPage : at * 2)
        {
            if (TryRead(read, length, at) is { } page && RestartPage.TryDecode(page, out var view)
                && (newest is null || view.CurrentLsn > newest.CurrentLsn))
            {
                newest = new LogFileInspection(StateOf(view), view.MajorVersion, view.MinorVersion, view.CurrentLsn, page);
            }
        }

        return newest ?? new LogFileInspection(IsFilled(read, length) ? LogFileState.Empty : LogFileState.Damaged, 0, 0, 0, default);
    }

    private static LogFileState StateOf(RestartPage page) => (page.MajorVersion, page.MinorVersion) switch
    {
        (1, 0) or (1, 1) => page.IsClosed ? LogFileState.Clean : LogFileState.UncleanCrash,
        (2, 0) => LogFileState.Unclean20FastStartupOrMounted,
        _ => LogFileState.UnknownVersion,
    };

    private static byte[]? TryRead(RawRead read, long length, long at)
    {
        Span<byte> start = stackalloc byte[RestartPage.Layout.Size];
        read(at, start);
        var size = RestartPage.PageSizeOf(start);
        if (size == 0 || size > length - at)
        {
            return null;
        }

        var page = new byte[size];
        read(at, page);
        return page;
    }

    private static bool IsFilled(RawRead read, long length)
    {
        var buffer = new byte[(int)Math.Min(Chunk, Math.Max(0, length))];
        for (long at = 0; at < length; at += buffer.Length)
        {
            var part = buffer.AsSpan(0, (int)Math.Min(buffer.Length, length - at));
            read(at, part);
            if (part.ContainsAnyExcept((byte)0xFF))
            {
                return false;
            }
        }

        return length > 0;
    }
}
