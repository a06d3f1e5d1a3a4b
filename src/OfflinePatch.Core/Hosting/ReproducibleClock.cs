using System.Globalization;

namespace OfflinePatch.Core.Hosting;

/// <summary>
/// The clock of time stamps in images: the host's, or the one moment that <c>SOURCE_DATE_EPOCH</c> names, so that two runs over equal
/// images give equal bytes. Source: reproducible-builds.org, SOURCE_DATE_EPOCH (seconds since 1970, UTC).
/// </summary>
public sealed class ReproducibleClock : TimeProvider
{
    private readonly DateTimeOffset _moment;

    private ReproducibleClock(DateTimeOffset moment) => _moment = moment;

    /// <summary>The clock to use.</summary>
    public static TimeProvider Current { get; } =
        long.TryParse(Environment.GetEnvironmentVariable("SOURCE_DATE_EPOCH"), NumberStyles.None, CultureInfo.InvariantCulture,
            out var seconds)
            && seconds <= 253402300799 // the last second of the year 9999
            ? new ReproducibleClock(DateTimeOffset.FromUnixTimeSeconds(seconds))
            : System;

    /// <summary>True when the clock is fixed; callers must then avoid other randomness too.</summary>
    public static bool IsFixed => Current is ReproducibleClock;

    /// <inheritdoc/>
    public override DateTimeOffset GetUtcNow() => _moment;
}
