namespace OfflinePatch.Registry.Logs;

/// <summary>The transaction logs of a hive. A missing log is empty memory.</summary>
/// <param name="Log">The bytes of <c>NAME.LOG</c> (Windows XP and, for some hives, later).</param>
/// <param name="Log1">The bytes of <c>NAME.LOG1</c>.</param>
/// <param name="Log2">The bytes of <c>NAME.LOG2</c>.</param>
public readonly record struct HiveLogs(ReadOnlyMemory<byte> Log, ReadOnlyMemory<byte> Log1, ReadOnlyMemory<byte> Log2)
{
    /// <summary>Whether there is nothing in any log.</summary>
    public bool IsEmpty => Log.IsEmpty && Log1.IsEmpty && Log2.IsEmpty;
}
