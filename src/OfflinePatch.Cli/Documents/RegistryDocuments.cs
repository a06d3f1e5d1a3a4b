using OfflinePatch.Core;
using OfflinePatch.Windows.Reports;

namespace OfflinePatch.Cli.Documents;

/// <summary>The document of <c>reg query</c>.</summary>
/// <param name="Target">The image or hive file.</param>
/// <param name="Keys">The key that was asked for, then with <c>--recursive</c> every key below it.</param>
internal sealed record RegistryQueryDocument(string Target, IReadOnlyList<RegistryKeyReport> Keys) : CommandDocument("reg query");

/// <summary>A key.</summary>
/// <param name="Path">Its full path.</param>
/// <param name="Modified">When it was last written, UTC.</param>
/// <param name="Values">Its values.</param>
/// <param name="SubKeys">The names of its subkeys.</param>
internal sealed record RegistryKeyReport(string Path, DateTime? Modified, IReadOnlyList<RegistryValueReport> Values,
    IReadOnlyList<string> SubKeys);

/// <summary>A value. One of the last four says what it holds.</summary>
/// <param name="Name">Its name; empty for the default one.</param>
/// <param name="Type"><c>REG_SZ</c>…</param>
internal sealed record RegistryValueReport(string Name, string Type)
{
    /// <summary>The text of REG_SZ, REG_EXPAND_SZ and REG_LINK.</summary>
    public string? Text { get; init; }

    /// <summary>The texts of REG_MULTI_SZ.</summary>
    public IReadOnlyList<string>? Texts { get; init; }

    /// <summary>The number of REG_DWORD and REG_QWORD.</summary>
    public ulong? Number { get; init; }

    /// <summary>The bytes of any other type, and of data that does not fit its type, in hexadecimal.</summary>
    public string? Hex { get; init; }
}

/// <summary>The document of <c>reg export</c> and <c>reg diff</c>.</summary>
/// <param name="Command">The command.</param>
/// <param name="Output">The file that was written, or null.</param>
/// <param name="Text">The .reg text, or null where it went to a file.</param>
/// <param name="Differences">How many keys and values differ, for <c>reg diff</c>; null otherwise.</param>
internal sealed record RegistryTextDocument(string Command, string? Output, string? Text, int? Differences) : CommandDocument(Command);

/// <summary>The document of <c>reg check</c>.</summary>
/// <param name="Hives">Every hive that was checked.</param>
internal sealed record HiveCheckDocument(IReadOnlyList<HiveCheckEntry> Hives) : CommandDocument("reg check");

/// <summary>One hive.</summary>
/// <param name="Name">Its name in the registry, or its file.</param>
/// <param name="Verdict"><c>clean</c>, <c>damaged</c>, <c>unreconciled</c> or <c>unreadable</c>.</param>
/// <param name="Findings">What was found.</param>
internal sealed record HiveCheckEntry(string Name, string Verdict, IReadOnlyList<FindingReport> Findings);

/// <summary>One finding of a check.</summary>
/// <param name="Code">Stable code.</param>
/// <param name="Severity"><c>error</c>, <c>warning</c> or <c>note</c>.</param>
/// <param name="Message">What is wrong.</param>
/// <param name="Structure">The structure, or null where the message names it.</param>
/// <param name="Offset">Its byte offset, or null.</param>
internal sealed record FindingReport(string Code, string Severity, string Message, string? Structure = null, long? Offset = null);

/// <summary>The document of <c>bcd</c>.</summary>
/// <param name="Target">The image or store file.</param>
/// <param name="Objects">The objects of the store.</param>
/// <param name="Notes">What was left out, and why.</param>
internal sealed record BootStoreDocument(string Target, IReadOnlyList<BootObjectReport> Objects, IReadOnlyList<string> Notes)
    : CommandDocument("bcd");

/// <summary>An object of a boot configuration store.</summary>
/// <param name="Id">Its GUID.</param>
/// <param name="Identifier">Its well-known name, <c>{bootmgr}</c>, or its GUID in braces.</param>
/// <param name="Type">Its type as 8 hexadecimal digits.</param>
/// <param name="TypeName">What bcdedit calls it.</param>
/// <param name="Elements">Its elements.</param>
internal sealed record BootObjectReport(string Id, string Identifier, string Type, string TypeName,
    IReadOnlyList<BootElementReport> Elements);

/// <summary>An element of an object.</summary>
/// <param name="Id">Its id as 8 hexadecimal digits.</param>
/// <param name="Name">Its name as bcdedit shows it.</param>
/// <param name="Values">Its value, one line each, as bcdedit shows it.</param>
internal sealed record BootElementReport(string Id, string Name, IReadOnlyList<string> Values);

/// <summary>The document of every other command that changes an image: <c>reg set</c>, <c>fs put</c>…</summary>
/// <param name="Command">The command.</param>
/// <param name="Path">The image or hive file.</param>
/// <param name="Changed">Whether anything was written.</param>
/// <param name="BytesWritten">Bytes that were written.</param>
/// <param name="UndoFile">The file that undoes the change, or null.</param>
internal sealed record EditDocument(string Command, string Path, bool Changed, long BytesWritten, string? UndoFile)
    : CommandDocument(Command)
{
    /// <summary>The command that undoes the change, or null.</summary>
    public string? UndoCommand { get; init; }

    /// <summary>Files that were copied into the image, for <c>fs put</c>.</summary>
    public int? Files { get; init; }

    /// <summary>Whether it was only tried, so that nothing was written.</summary>
    public bool? DryRun { get; init; }

    /// <summary>What was done with the driver packages, for <c>drivers add</c>.</summary>
    public IReadOnlyList<DriverAddReport>? Added { get; init; }

    /// <summary>The driver packages that were removed, for <c>drivers remove</c>.</summary>
    public IReadOnlyList<DriverStorePackage>? Removed { get; init; }

    /// <summary>What was done, or in a trial would be, in order, for <c>boot repair</c> and <c>convert-boot uefi</c>.</summary>
    public IReadOnlyList<BootStepReport>? Steps { get; init; }

    /// <summary>What still keeps Windows from starting, for <c>boot repair</c>; null where nothing does.</summary>
    public IReadOnlyList<BootProblemReport>? Problems { get; init; }

    /// <summary>Remarks, in full sentences; null where there are none.</summary>
    public IReadOnlyList<string>? Notes { get; init; }

    /// <summary>The files and registry values that were, or in a trial would be, changed, for <c>drivers</c> and boot commands.</summary>
    public ChangesReport? Changes { get; init; }

    /// <summary>What was recovered from logs, for <c>reg replay</c>.</summary>
    public IReadOnlyList<HiveReplayReport>? Hives { get; init; }

    /// <summary>The change of the size, for <c>resize</c>.</summary>
    public ResizeReport? Resize { get; init; }
}

/// <summary>The change of the size of a disk, made or in a trial only planned.</summary>
/// <param name="Before">Bytes of the disk before.</param>
/// <param name="After">Bytes of the disk after it.</param>
/// <param name="Steps">What was done, in order.</param>
/// <param name="Notes">What else is to be known.</param>
/// <param name="OutputFile">The copy that was written in place of a change, or null.</param>
internal sealed record ResizeReport(
    long Before, long After, IReadOnlyList<string> Steps, IReadOnlyList<string> Notes, string? OutputFile);

/// <summary>What was recovered from the logs of one hive.</summary>
/// <param name="Name">The hive.</param>
/// <param name="Entries">Log entries that were applied.</param>
/// <param name="Pages">Pages that were applied.</param>
/// <param name="Notes">What else is to be known.</param>
internal sealed record HiveReplayReport(string Name, int Entries, int Pages, IReadOnlyList<string> Notes);
