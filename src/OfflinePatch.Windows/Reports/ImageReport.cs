using OfflinePatch.Windows.Guest;

namespace OfflinePatch.Windows.Reports;

/// <summary>
/// Everything that is said about one image. The command line adds, with <c>with</c>, what only it knows: bytes written, undo file, time.
/// </summary>
public sealed record ImageReport
{
    /// <summary>The path as the user gave it.</summary>
    public required string Path { get; init; }

    /// <summary>The verdict.</summary>
    public ImageResult Result { get; init; }

    /// <summary>True in a dry run: nothing was written, and <see cref="Changes"/> says what would be. Null otherwise.</summary>
    public bool? DryRun { get; init; }

    /// <summary>The container: <c>raw</c>, <c>vmdk</c>…; null when it was not recognised.</summary>
    public string? Format { get; init; }

    /// <summary>The variant of the container, where it has one: <c>monolithicSparse</c>.</summary>
    public string? Subformat { get; init; }

    /// <summary>Bytes of the disk that the guest sees.</summary>
    public long? VirtualSize { get; init; }

    /// <summary>Length of the file(s), in bytes; holes count.</summary>
    public long? FileSize { get; init; }

    /// <summary>Bytes that the file(s) take on the host; holes do not count.</summary>
    public long? AllocatedSize { get; init; }

    /// <summary><c>bios</c> or <c>uefi</c>; null when nothing on the disk boots.</summary>
    public string? Firmware { get; init; }

    /// <summary>The Windows installation that the rules looked at.</summary>
    public WindowsReport? Windows { get; init; }

    /// <summary>The partitions, in the order of the table.</summary>
    public IReadOnlyList<PartitionReport> Partitions { get; init; } = [];

    /// <summary>The target profile that was applied.</summary>
    public string? Target { get; init; }

    /// <summary>
    /// What the target asks for when the image is registered: <c>os_version</c>, <c>hw_firmware_type</c>, <c>min_disk</c>. Null where
    /// nothing is known.
    /// </summary>
    public IReadOnlyDictionary<string, string>? Registration { get; init; }

    /// <summary>What each rule found, in the order of the catalogue; gates first.</summary>
    public IReadOnlyList<RuleReport> Rules { get; init; } = [];

    /// <summary>What was changed (or would be, in a dry run).</summary>
    public ChangesReport? Changes { get; init; }

    /// <summary>What <c>inspect</c> adds.</summary>
    public InspectionReport? Inspection { get; init; }

    /// <summary>Remarks that belong to no rule: <c>the primary GPT header is damaged, the backup was used</c>.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];

    /// <summary>The copy that <c>-o</c> made, or null.</summary>
    public string? OutputFile { get; init; }

    /// <summary>The undo file of the change, or null.</summary>
    public string? UndoFile { get; init; }

    /// <summary>Why the image could not be handled, or null.</summary>
    public ErrorReport? Error { get; init; }

    /// <summary>Milliseconds from open to end.</summary>
    public long ElapsedMs { get; init; }
}

/// <summary>An error with its stable code.</summary>
/// <param name="Code">For example <c>NTFS-0107</c>.</param>
/// <param name="Message">What went wrong.</param>
/// <param name="Remedy">What the user can do, or null.</param>
public sealed record ErrorReport(string Code, string Message, string? Remedy = null);
