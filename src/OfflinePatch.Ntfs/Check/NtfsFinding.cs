namespace OfflinePatch.Ntfs.Check;

/// <summary>How bad a finding is.</summary>
public enum FindingSeverity
{
    /// <summary>Windows itself leaves it so at times, and chkdsk puts it right without a word: a stale size in a directory.</summary>
    Warning,

    /// <summary>chkdsk would report and repair it, or a driver may refuse the volume.</summary>
    Error,
}

/// <summary>One contradiction in a volume.</summary>
/// <param name="Code">Stable code, <c>NTFS-6001</c> and up.</param>
/// <param name="Severity">How bad it is.</param>
/// <param name="Structure">The structure: <c>FILE record 5, $INDEX_ROOT:$I30</c>.</param>
/// <param name="Offset">Byte offset of the field in the structure (record, index block, stream), or -1.</param>
/// <param name="Expected">What the rule demands.</param>
/// <param name="Actual">What was found.</param>
public sealed record NtfsFinding(string Code, FindingSeverity Severity, string Structure, long Offset, string Expected, string Actual)
{
    /// <summary>The finding without its code.</summary>
    public string Text => Offset < 0
        ? $"{Structure}: expected {Expected}, found {Actual}"
        : $"{Structure} at offset 0x{Offset:X}: expected {Expected}, found {Actual}";

    /// <inheritdoc/>
    public override string ToString() => $"{Code}: {Text}.";
}
