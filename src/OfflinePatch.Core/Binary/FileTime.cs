namespace OfflinePatch.Core.Binary;

/// <summary>Times of Windows on disk: FILETIME, 100 ns since 1601-01-01 UTC. Source: Microsoft, FILETIME structure.</summary>
public static class FileTime
{
    private const long Max = 2650467743999999999; // the last moment of the year 9999

    /// <summary>As a time; <see cref="DateTime.MinValue"/> for 0 and for what lies outside its range.</summary>
    public static DateTime ToDateTime(long value) => value is <= 0 or > Max ? DateTime.MinValue : DateTime.FromFileTimeUtc(value);

    /// <summary>The time of a clock.</summary>
    public static long Now(TimeProvider clock) => clock.GetUtcNow().UtcDateTime.ToFileTimeUtc();
}
