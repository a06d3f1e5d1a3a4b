namespace OfflinePatch.Registry.Names;

/// <summary>FILETIME: 100 ns since 1601-01-01 UTC.</summary>
internal static class FileTime
{
    private const ulong Maximum = 2650467743999999999; // the last moment of the year 9999

    public static DateTime ToDateTime(ulong value) => value is 0 or > Maximum ? DateTime.MinValue : DateTime.FromFileTimeUtc((long)value);

    public static ulong Now(TimeProvider time) => (ulong)time.GetUtcNow().UtcDateTime.ToFileTimeUtc();
}
