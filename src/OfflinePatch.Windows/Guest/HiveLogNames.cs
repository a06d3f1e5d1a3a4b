namespace OfflinePatch.Windows.Guest;

/// <summary>The names of the log files next to a hive file.</summary>
internal static class HiveLogNames
{
    /// <summary>What follows the name of the hive, in the order of <see cref="OfflinePatch.Registry.Logs.HiveLogs"/>.</summary>
    public static IReadOnlyList<string> Suffixes { get; } = [".LOG", ".LOG1", ".LOG2"];
}
