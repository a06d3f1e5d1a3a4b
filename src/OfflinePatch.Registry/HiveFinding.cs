using OfflinePatch.Registry.Check;

namespace OfflinePatch.Registry;

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
/// <param name="Offset">Where it stands in the hive file, in bytes; -1 if nowhere.</param>
/// <param name="Message">What is wrong.</param>
public sealed record HiveFinding(HiveFindingSeverity Severity, string Code, string Structure, long Offset, string Message)
{
    /// <summary>
    /// Whether it forbids to edit the hive: an error, unless only Windows' validator minds it; or a security cell that Windows does not
    /// look at closely, but that an
    /// edit would have to follow.
    /// </summary>
    public bool ForbidsEditing => Severity == HiveFindingSeverity.Error ? Code != SubkeyListCheck.ValidatorOrderCode : Code == SecurityCheck.SignatureCode;
}
