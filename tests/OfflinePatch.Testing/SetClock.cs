namespace OfflinePatch.Testing;

/// <summary>A clock that stands still until a test sets it.</summary>
public sealed class SetClock : TimeProvider
{
    /// <summary>The time; the start of 2026 at first.</summary>
    public DateTimeOffset Time { get; set; } = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>The time as a hive has it.</summary>
    public ulong FileTime => (ulong)Time.ToFileTime();

    /// <inheritdoc/>
    public override DateTimeOffset GetUtcNow() => Time;
}
