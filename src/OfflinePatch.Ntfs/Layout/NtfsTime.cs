namespace OfflinePatch.Ntfs.Layout;

/// <summary>FILETIME: 100 ns since 1601-01-01 UTC.</summary>
internal static class NtfsTime
{
    /// <summary>Largest FILETIME that a <see cref="DateTime"/> can hold.</summary>
    private static readonly long Maximum = DateTime.MaxValue.Ticks - new DateTime(1601, 1, 1, 0, 0, 0, DateTimeKind.Utc).Ticks;

    /// <summary>As a time; <see cref="DateTime.MinValue"/> for 0 and for what lies outside its range.</summary>
    public static DateTime ToDateTime(long value) => value <= 0 || value > Maximum ? DateTime.MinValue : DateTime.FromFileTimeUtc(value);
}
