namespace OfflinePatch.Core.FileSystem;

/// <summary>How bad a finding of a volume check is.</summary>
public enum FindingSeverity
{
    /// <summary>Windows leaves it so at times, or repairs it silently: a stale size in a directory, clusters that no file owns.</summary>
    Warning,

    /// <summary>Chkdsk would report and repair it, or a driver may refuse the volume.</summary>
    Error,
}
