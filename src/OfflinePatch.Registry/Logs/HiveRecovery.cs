namespace OfflinePatch.Registry.Logs;

/// <summary>What was recovered from a hive's logs when it was opened.</summary>
public enum HiveRecoveryKind
{
    /// <summary>The hive was clean; its logs were not read.</summary>
    None,

    /// <summary>Entries of the new log format (Windows 8.1 and later) were applied.</summary>
    ReplayedEntries,

    /// <summary>Dirty pages of the old log format were applied.</summary>
    ReplayedPages,

    /// <summary>The hive is dirty, and no log fits: it was opened as it is because the caller allowed it.</summary>
    Unrecovered,
}

/// <summary>What replay did.</summary>
/// <param name="Kind">How the hive was recovered.</param>
/// <param name="Entries">Log entries applied; for the old format 1 per log.</param>
/// <param name="Pages">Runs of bytes written from the logs into the hive.</param>
/// <param name="Notes">What a reader should know: logs that were left out, and why.</param>
public sealed record HiveRecovery(HiveRecoveryKind Kind, int Entries, int Pages, IReadOnlyList<string> Notes)
{
    internal static readonly HiveRecovery Clean = new(HiveRecoveryKind.None, 0, 0, []);
}
