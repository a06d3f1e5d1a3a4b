namespace OfflinePatch.Registry.Check;

/// <summary>What Windows would do with a hive.</summary>
public enum HiveVerdict
{
    /// <summary>It loads and finds nothing to object to.</summary>
    Valid,

    /// <summary>It loads, and finds damaged structures that it repairs or drops.</summary>
    Invalid,

    /// <summary>It is dirty, and its logs cannot recover it.</summary>
    Unreconciled,

    /// <summary>It cannot be loaded.</summary>
    LoadFailed,
}
