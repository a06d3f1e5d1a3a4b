namespace OfflinePatch.Core.Hosting;

/// <summary>A time of a host file as the file system keeps it: to the nanosecond, where <see cref="DateTime"/> has 100 ns.</summary>
/// <param name="Seconds">Seconds since 1970, UTC; negative before.</param>
/// <param name="Nanoseconds">0 to 999,999,999.</param>
internal readonly record struct FileTimestamp(long Seconds, int Nanoseconds)
{
    private const int NanosecondsPerTick = 100;

    /// <summary>The same time as a <see cref="DateTime"/> has it.</summary>
    public static FileTimestamp FromUtc(DateTime time)
    {
        var ticks = time.Ticks - DateTime.UnixEpoch.Ticks;
        var seconds = Math.DivRem(ticks, TimeSpan.TicksPerSecond, out var rest);
        return rest < 0
            ? new FileTimestamp(seconds - 1, (int)(rest + TimeSpan.TicksPerSecond) * NanosecondsPerTick)
            : new FileTimestamp(seconds, (int)rest * NanosecondsPerTick);
    }

    /// <summary>
    /// The same time, cut to 100 ns; the earliest or latest <see cref="DateTime"/> where it is outside the range of that type.
    /// </summary>
    public DateTime ToUtc()
    {
        var least = (DateTime.MinValue.Ticks - DateTime.UnixEpoch.Ticks) / TimeSpan.TicksPerSecond;
        var most = ((DateTime.MaxValue.Ticks - DateTime.UnixEpoch.Ticks) / TimeSpan.TicksPerSecond) - 1;
        var seconds = Math.Clamp(Seconds, least, most);
        return DateTime.UnixEpoch.AddTicks((seconds * TimeSpan.TicksPerSecond) + (Nanoseconds / NanosecondsPerTick));
    }
}
