using OfflinePatch.Fuzz.Engine;

namespace OfflinePatch.Fuzz.Targets;

/// <summary>Every parser that reads what others made.</summary>
internal static class AllTargets
{
    public static IReadOnlyList<FuzzTarget> List { get; } =
    [
        .. DiskTargets.List, .. PackageTargets.List, .. PartitionTargets.List, .. NtfsTargets.List, .. FileSystemTargets.List,
        .. RegistryTargets.List, .. DriverTargets.List, .. TextTargets.List, UndoTarget.Target,
    ];
}
