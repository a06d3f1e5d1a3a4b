namespace OfflinePatch.Registry.Check;

/// <summary>How bad a finding is.</summary>
public enum HiveFindingSeverity
{
    /// <summary>Windows loads and accepts the hive all the same.</summary>
    Note,

    /// <summary>Windows would refuse the hive, or change it when loading it; or its validator objects.</summary>
    Error,
}

/// <summary>One thing that a check of a hive found.</summary>
/// <param name="Severity">How bad it is.</param>
/// <param name="Code">Stable code, <c>REG-C...</c>.</param>
/// <param name="Structure">The structure, as the format names it.</param>
/// <param name="Offset">Where it is in the hive file, in bytes; -1 if nowhere.</param>
/// <param name="Message">What is wrong.</param>
public sealed record HiveFinding(HiveFindingSeverity Severity, string Code, string Structure, long Offset, string Message)
{
    /// <summary>
    /// Whether the hive is not edited because of it. An error does, unless only Microsoft's validator (chkreg) objects; a note does where
    /// an edit would have to maintain a structure that Windows does not read.
    /// </summary>
    public bool ForbidsEditing { get; init; } = Severity == HiveFindingSeverity.Error;
}
