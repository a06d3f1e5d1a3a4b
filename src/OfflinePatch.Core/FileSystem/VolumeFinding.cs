namespace OfflinePatch.Core.FileSystem;

/// <summary>One contradiction in a volume, as its check reports it.</summary>
/// <param name="Code">Stable code, for example <c>NTFS-6100</c> or <c>FATCHK-07</c>.</param>
/// <param name="Severity">How bad it is.</param>
/// <param name="Structure">The structure or the file: <c>FILE record 5, $INDEX_ROOT:$I30</c>.</param>
/// <param name="Message">What is wrong, without a full stop.</param>
/// <param name="Offset">Byte offset of the field in the structure (record, index block, stream), or -1.</param>
public sealed record VolumeFinding(string Code, FindingSeverity Severity, string Structure, string Message, long Offset = -1)
{
    /// <summary>Whether it is an error.</summary>
    public bool IsError => Severity == FindingSeverity.Error;

    /// <summary>The finding without its code and without a full stop.</summary>
    public string Text => Offset < 0 ? $"{Structure}: {Message}" : $"{Structure} at offset 0x{Offset:X}: {Message}";

    /// <inheritdoc/>
    public override string ToString() => $"{Code}: {Text}.";
}
