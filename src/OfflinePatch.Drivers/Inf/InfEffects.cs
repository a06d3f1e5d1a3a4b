namespace OfflinePatch.Drivers.Inf;

/// <summary>The key that <c>HKR</c> stands for, by the section that an AddReg directive was found in.</summary>
public enum InfRegistryContext
{
    /// <summary>DDInstall: the software key, <c>Control\Class\{guid}\nnnn</c>.</summary>
    Driver,

    /// <summary>DDInstall.HW: the device's hardware key, <c>Enum\...\Device Parameters</c>.</summary>
    Device,

    /// <summary>A service's install section: <c>Services\name</c>.</summary>
    Service,

    /// <summary>DDInstall.Wdf: <c>Services\name</c> too, but no part of the configuration that the driver database records.</summary>
    Framework,

    /// <summary>An event log section: <c>Services\EventLog\log\name</c>.</summary>
    EventLog,

    /// <summary>ClassInstall32: <c>Control\Class\{guid}</c>.</summary>
    Class,

    /// <summary>DDInstall.Interfaces: the device interface's key.</summary>
    Interface,

    /// <summary>DDInstall.CoInstallers: the software key.</summary>
    CoInstaller,

    /// <summary>Any other section (DDInstall.Components, .Software, .Events, DefaultInstall): no key of its own is known.</summary>
    Other,
}

/// <summary>The root that an AddReg or DelReg line names.</summary>
public enum InfRegistryRoot
{
    /// <summary>HKR: relative to the context's key.</summary>
    Relative,

    /// <summary>HKLM.</summary>
    LocalMachine,

    /// <summary>HKCR.</summary>
    ClassesRoot,

    /// <summary>HKCU.</summary>
    CurrentUser,

    /// <summary>HKU.</summary>
    Users,
}

/// <summary>What a registry line does.</summary>
public enum InfRegistryAction
{
    /// <summary>Sets the value.</summary>
    Set,

    /// <summary>Sets the value unless it exists (NOCLOBBER).</summary>
    SetIfAbsent,

    /// <summary>Sets the value only where it exists (OVERWRITEONLY).</summary>
    SetIfPresent,

    /// <summary>Appends the strings to a MULTI_SZ that lacks them (APPEND).</summary>
    Append,

    /// <summary>Creates the key (KEYONLY).</summary>
    CreateKey,

    /// <summary>Deletes the value (DELVAL, or DelReg with a value name).</summary>
    DeleteValue,

    /// <summary>Deletes the key with all that is in it (DelReg without a value name).</summary>
    DeleteKey,

    /// <summary>Removes strings from a MULTI_SZ (DelReg 0x00018002).</summary>
    RemoveStrings,

    /// <summary>Sets bits of a value (BitReg): <see cref="InfRegistryEdit.Data"/> is the mask and the byte index.</summary>
    SetBits,

    /// <summary>Clears bits of a value (BitReg).</summary>
    ClearBits,
}

/// <summary>One change of the registry.</summary>
/// <param name="Context">Where it was found; gives <c>HKR</c> its meaning.</param>
/// <param name="Owner">The service or event source that the context belongs to, or empty.</param>
/// <param name="Root">The root.</param>
/// <param name="Key">The key below the root, without leading or trailing separators; empty is the root itself.</param>
/// <param name="ValueName">The value; empty is the default value.</param>
/// <param name="Action">What is done.</param>
/// <param name="Type">The registry type (REG_SZ 1, ...), 0 where the action has no data of its own.</param>
/// <param name="Data">The bytes, texts as UTF-16 with their terminators.</param>
/// <param name="Flags">The flags as written.</param>
/// <param name="Line">Number of its line.</param>
public sealed record InfRegistryEdit(
    InfRegistryContext Context, string Owner, InfRegistryRoot Root, string Key, string ValueName,
    InfRegistryAction Action, uint Type, byte[] Data, uint Flags, int Line);

/// <summary>A path in an INF: a directory id and what follows it.</summary>
/// <param name="DirectoryId">
/// The directory id (DIRID): 10 is the Windows directory, 12 <c>System32\drivers</c>, 13 the package's own directory, -1 an absolute path.
/// </param>
/// <param name="Relative">The path below it, without leading separator.</param>
public sealed record InfPath(int DirectoryId, string Relative)
{
    /// <summary>The last element of the path.</summary>
    public string FileName => FilePath.NameOf(Relative);

    /// <summary><c>%12%\viostor.sys</c>.</summary>
    public override string ToString() => DirectoryId == -1 ? Relative : Relative.Length == 0 ? $"%{DirectoryId}%"
        : $"%{DirectoryId}%\\{Relative}";
}

/// <summary>One file that an install section copies.</summary>
/// <param name="Source">The file's path below the package's directory (from SourceDisksFiles and SourceDisksNames).</param>
/// <param name="Destination">Where it goes.</param>
/// <param name="Flags">The CopyFiles flags (<c>COPYFLG_*</c>).</param>
/// <param name="Section">The file list, or the install section for <c>@file</c>.</param>
public sealed record InfFileCopy(string Source, InfPath Destination, uint Flags, string Section);

/// <summary>One file or directory that DelFiles removes.</summary>
/// <param name="Path">What is removed.</param>
/// <param name="Flags">The flags.</param>
public sealed record InfFileDelete(InfPath Path, uint Flags);

/// <summary>A service that AddService installs.</summary>
public sealed record InfService
{
    /// <summary>The service's name; empty for the null driver (<c>AddService=,2</c>).</summary>
    public required string Name { get; init; }

    /// <summary>The flags of AddService: 2 makes it the device's function driver.</summary>
    public required uint Flags { get; init; }

    /// <summary>Whether it is the function driver of the device (SPSVCINST_ASSOCSERVICE).</summary>
    public bool IsFunctionDriver => (Flags & 2) != 0;

    /// <summary>The service's install section.</summary>
    public required string Section { get; init; }

    /// <summary>DisplayName as written, or null.</summary>
    public string? DisplayNameToken { get; init; }

    /// <summary>DisplayName, substituted, or null.</summary>
    public string? DisplayName { get; init; }

    /// <summary>Description as written, or null.</summary>
    public string? DescriptionToken { get; init; }

    /// <summary>Description, substituted, or null.</summary>
    public string? Description { get; init; }

    /// <summary>ServiceType: 1 kernel driver, 2 file system, 0x10 own process, 0x20 shared.</summary>
    public uint ServiceType { get; init; }

    /// <summary>StartType: 0 boot, 1 system, 2 automatic, 3 on demand, 4 disabled.</summary>
    public uint StartType { get; init; }

    /// <summary>ErrorControl: 0 ignore, 1 normal, 2 severe, 3 critical.</summary>
    public uint ErrorControl { get; init; }

    /// <summary>ServiceBinary as a path with its directory id, or null when missing.</summary>
    public InfPath? Binary { get; init; }

    /// <summary>Arguments after the binary (user-mode services), or empty.</summary>
    public string BinaryArguments { get; init; } = "";

    /// <summary>StartName (account), or null.</summary>
    public string? StartName { get; init; }

    /// <summary>LoadOrderGroup, or null.</summary>
    public string? LoadOrderGroup { get; init; }

    /// <summary>Services that it depends on (Dependencies without a leading <c>+</c>).</summary>
    public IReadOnlyList<string> DependOnServices { get; init; } = [];

    /// <summary>Groups that it depends on (Dependencies with a leading <c>+</c>).</summary>
    public IReadOnlyList<string> DependOnGroups { get; init; } = [];

    /// <summary>Security (SDDL), or null.</summary>
    public string? Security { get; init; }

    /// <summary>
    /// Other values of the service key that directives of the section give: ServiceSidType, DelayedAutoStart, BootFlags,
    /// RequiredPrivileges.
    /// </summary>
    public IReadOnlyList<InfRegistryEdit> Values { get; init; } = [];
}

/// <summary>An event source that AddService or AddEventProvider registers.</summary>
/// <param name="Log">The log, usually <c>System</c>.</param>
/// <param name="Source">The source's name, usually the service.</param>
public sealed record InfEventSource(string Log, string Source);

/// <summary>A device filter driver (AddFilter, Windows 10 1903 and later).</summary>
/// <param name="Service">The filter's service.</param>
/// <param name="Section">Its install section.</param>
/// <param name="Position">Upper or Lower with its level, as the section says.</param>
public sealed record InfFilter(string Service, string Section, string Position);

/// <summary>How much a notice matters.</summary>
public enum InfNoticeKind
{
    /// <summary>A known directive that has no effect before the device is installed, or none offline.</summary>
    NotApplied,

    /// <summary>A directive that is not known here.</summary>
    Unknown,

    /// <summary>Something the INF names is missing, or a line cannot be read.</summary>
    Problem,
}

/// <summary>Something in an INF that did not become an effect.</summary>
/// <param name="Kind">How much it matters.</param>
/// <param name="Section">The section.</param>
/// <param name="Line">The line's number.</param>
/// <param name="Message">What it is, for people.</param>
public sealed record InfNotice(InfNoticeKind Kind, string Section, int Line, string Message);

/// <summary>Everything that one install section of an INF asks for.</summary>
public sealed record InfEffects
{
    /// <summary>The install section that was taken, with its platform suffix: the name that the driver database records.</summary>
    public required string InstallSection { get; init; }

    /// <summary>FeatureScore, 0xFF when the section has none.</summary>
    public byte FeatureScore { get; init; } = 0xFF;

    /// <summary>The services.</summary>
    public IReadOnlyList<InfService> Services { get; init; } = [];

    /// <summary>The service that drives the device, or null (none, or the null driver).</summary>
    public InfService? FunctionDriver => Services.FirstOrDefault(s => s.IsFunctionDriver && s.Name.Length > 0);

    /// <summary>Registry changes of all contexts, in the order of the INF.</summary>
    public IReadOnlyList<InfRegistryEdit> Registry { get; init; } = [];

    /// <summary>Files to copy.</summary>
    public IReadOnlyList<InfFileCopy> Files { get; init; } = [];

    /// <summary>Files to delete.</summary>
    public IReadOnlyList<InfFileDelete> Deletions { get; init; } = [];

    /// <summary>Event sources.</summary>
    public IReadOnlyList<InfEventSource> EventSources { get; init; } = [];

    /// <summary>Device filters by AddFilter.</summary>
    public IReadOnlyList<InfFilter> Filters { get; init; } = [];

    /// <summary>INFs that Include names and that were found.</summary>
    public IReadOnlyList<string> IncludedInfs { get; init; } = [];

    /// <summary>What did not become an effect.</summary>
    public IReadOnlyList<InfNotice> Notices { get; init; } = [];
}
