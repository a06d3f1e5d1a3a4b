namespace OfflinePatch.Core.FileSystem;

/// <summary>
/// What a volume says about its own state: whether its last user left it consistent. Cheap to read; the default is a volume in good order.
/// </summary>
public sealed record VolumeState
{
    /// <summary>Whether the volume is marked dirty: Windows runs chkdsk at its next start.</summary>
    public bool IsDirty { get; init; }

    /// <summary>Null when the journal is closed or the format has none; else what is wrong with it, in a full sentence.</summary>
    public string? LogProblem { get; init; }

    /// <summary>Null when the volume holds no hibernated system; else what hiberfil.sys says, in a full sentence.</summary>
    public string? HibernationProblem { get; init; }

    /// <summary>A remark on hibernation that is no problem, or null.</summary>
    public string? HibernationNote { get; init; }

    /// <summary>Whether shadow copies exist: they become inconsistent where the volume is written.</summary>
    public bool HasShadowCopies { get; init; }

    /// <summary>Why the volume is not safe to write, in words; null when it is.</summary>
    public string? WriteProblem => IsDirty ? "the volume is marked dirty" : LogProblem ?? HibernationProblem;
}
