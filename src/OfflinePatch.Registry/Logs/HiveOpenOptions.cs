namespace OfflinePatch.Registry.Logs;

/// <summary>What to do with a dirty hive that its logs cannot recover.</summary>
public enum UncleanHive
{
    /// <summary>Refuse it with <c>REG-0201</c>: the last changes of Windows may be missing, or half written.</summary>
    Refuse,

    /// <summary>Open it as it is, for reading only.</summary>
    ReadOnly,

    /// <summary>Open it as it is and let edits make it clean. For copies and test fixtures, never for a machine that must start.</summary>
    Reconcile,
}

/// <summary>How <c>Hive.Open</c> treats what it is given.</summary>
public sealed record HiveOpenOptions
{
    /// <summary>What to do with a dirty hive that its logs cannot recover. Default: refuse.</summary>
    public UncleanHive Unclean { get; init; }

    /// <summary>
    /// Whether the hive may change the array below the memory it was given, instead of copying it before the first change. Saves one copy
    /// of the file. Room after the memory in the same array is used when the hive grows.
    /// </summary>
    public bool AdoptBuffer { get; init; }

    /// <summary>
    /// Reads around damage: a subkey or value that is not sound is left out and listed in <see cref="Hive.Skipped"/>, instead of an
    /// exception. Such a hive is read only.
    /// </summary>
    public bool Salvage { get; init; }

    /// <summary>The clock for the time stamps of changed keys. Default: the system's.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;
}
