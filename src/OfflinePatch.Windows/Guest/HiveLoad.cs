using OfflinePatch.Core;

namespace OfflinePatch.Windows.Guest;

/// <summary>The outcome of opening a hive: the hive, or why not. Gates report it; other rules can ignore it.</summary>
/// <param name="Path">The file.</param>
/// <param name="Hive">The hive, or null.</param>
/// <param name="Failure">Why it could not be opened; null when it does not exist, too.</param>
public sealed record HiveLoad(string Path, GuestHive? Hive, Exception? Failure)
{
    /// <summary>Whether the file exists.</summary>
    public bool Exists => Hive is not null || Failure is not null;

    /// <summary>Whether the hive is dirty and its logs cannot recover it.</summary>
    public bool IsUnclean => Failure is RefusedException;
}
