namespace OfflinePatch.Registry.Tests;

/// <summary>A clock that a test sets.</summary>
internal sealed class SetClock : TimeProvider
{
    /// <summary>The time, in seconds after the start of 2026.</summary>
    public int Seconds { get; set; }

    /// <summary>The time as a hive has it.</summary>
    public ulong FileTime => (ulong)GetUtcNow().ToFileTime();

    public override DateTimeOffset GetUtcNow() => new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero).AddSeconds(Seconds);
}
