using System.Text.Json;
using OfflinePatch.Core;

namespace OfflinePatch.Windows.GuestTools;

/// <summary>What one product installs, and how it is recognised. Immutable. README.md of this folder says what each list means.</summary>
public sealed class ToolsProduct
{
    /// <summary>Bytes of a file that is read.</summary>
    internal const int MaximumBytes = 256 * 1024;

    private const int MaximumEntries = 1000;
    private const int MaximumText = 260;

    /// <summary>
    /// What no file may name: Windows, its storage and input drivers, and Hyper-V's drivers that look like VMware's (vmbus, vmstorfl and
    /// others begin with "vm", too). Source: INFs and SYSTEM hives of Windows 7 to 11.
    /// </summary>
    private static readonly string[] InboxServices =
    [
        "ACPI", "pci", "volmgr", "volmgrx", "volume", "volsnap", "mountmgr", "disk", "partmgr", "cdrom", "atapi", "intelide", "pciide",
        "storahci", "msahci", "stornvme", "iaStorV", "LSI_SAS",
        "LSI_SAS2", "LSI_SAS2i", "LSI_SAS3", "LSI_SAS3i", "LSI_SCSI", "symmpi", "storvsc", "vmbus", "vmbushid", "netvsc", "storflt",
        "vmstorfl", "vms3cap", "vmgid", "gencounter", "vmgencounter",
        "vmicheartbeat", "vmickvpexchange", "vmicshutdown", "vmictimesync", "vmicvss", "vmicrdv", "vmicguestinterface", "vmicvmsession",
        "hvservice", "i8042prt", "kbdclass", "mouclass", "kbdhid",
        "mouhid", "HidUsb", "NDIS", "Tcpip", "AFD", "FltMgr", "Ntfs", "fvevol", "rdyboost", "Wdf01000", "KSecDD", "CNG", "CLFS",
        "BasicDisplay", "BasicRender", "vga", "VgaSave",
    ];

    private static readonly System.Buffers.SearchValues<char> NoNames = System.Buffers.SearchValues.Create("/:?\"<>|");

    private ToolsProduct(ToolsDocument document, string source)
    {
        Source = source;
        Id = document.Id!;
        Title = document.Title!;
        Family = document.Family;
        ByNameOnly = document.ByNameOnly;
        Vendors = document.Vendors ?? [];
        Uninstall = document.Uninstall ?? [];
        ProductCodes = [.. (document.ProductCodes ?? []).Select(Guid.Parse)];
        UpgradeCodes = [.. (document.UpgradeCodes ?? []).Select(Guid.Parse)];
        VersionValues = document.VersionValues ?? [];
        Services = document.Services ?? [];
        BootDrivers = document.BootDrivers ?? [];
        BootDriverFiles = document.BootDriverFiles ?? [];
        Filters = document.Filters ?? [];
        CoInstallers = document.CoInstallers ?? [];
        NetworkProviders = document.NetworkProviders ?? [];
        WinsockProviders = document.WinsockProviders ?? [];
        EventSources = document.EventSources ?? [];
        Infs = document.Infs ?? [];
        BootInfs = document.BootInfs ?? [];
        Run = document.Run ?? [];
        Tasks = document.Tasks ?? [];
        Keys = document.Keys ?? [];
        Values = document.Values ?? [];
        SharedKeys = document.SharedKeys ?? [];
        UserKeys = document.UserKeys ?? [];
        Folders = document.Folders ?? [];
        SharedFolders = document.SharedFolders ?? [];
        EmptyFolders = document.EmptyFolders ?? [];
        Files = document.Files ?? [];
    }

    /// <summary>Where it was read.</summary>
    public string Source { get; }

    /// <summary>Its name on the command line: <c>vmware</c>.</summary>
    public string Id { get; }

    /// <summary>Its name for people.</summary>
    public string Title { get; }

    /// <summary>Whether <c>all</c> leaves it out, and no rule reports it: it belongs to hosts that are targets.</summary>
    public bool ByNameOnly { get; }

    /// <summary>
    /// The family of drivers of the manifest that its drivers are, or null: they stay where the target uses that family.
    /// </summary>
    internal string? Family { get; }

    internal IReadOnlyList<string> Vendors { get; }

    internal IReadOnlyList<string> Uninstall { get; }

    internal IReadOnlyList<Guid> ProductCodes { get; }

    internal IReadOnlyList<Guid> UpgradeCodes { get; }

    internal IReadOnlyList<ToolsValue> VersionValues { get; }

    internal IReadOnlyList<string> Services { get; }

    internal IReadOnlyList<string> BootDrivers { get; }

    internal IReadOnlyList<string> BootDriverFiles { get; }

    internal IReadOnlyList<string> Filters { get; }

    internal IReadOnlyList<string> CoInstallers { get; }

    internal IReadOnlyList<string> NetworkProviders { get; }

    internal IReadOnlyList<string> WinsockProviders { get; }

    internal IReadOnlyList<string> EventSources { get; }

    internal IReadOnlyList<string> Infs { get; }

    internal IReadOnlyList<string> BootInfs { get; }

    internal IReadOnlyList<string> Run { get; }

    internal IReadOnlyList<string> Tasks { get; }

    internal IReadOnlyList<string> Keys { get; }

    internal IReadOnlyList<ToolsValue> Values { get; }

    internal IReadOnlyList<string> SharedKeys { get; }

    internal IReadOnlyList<string> UserKeys { get; }

    internal IReadOnlyList<string> Folders { get; }

    internal IReadOnlyList<string> SharedFolders { get; }

    internal IReadOnlyList<string> EmptyFolders { get; }

    internal IReadOnlyList<string> Files { get; }

    /// <summary>Reads one file.</summary>
    /// <param name="json">UTF-8; comments and trailing commas are allowed.</param>
    /// <param name="source">Where it comes from, for messages.</param>
    /// <exception cref="UnsupportedImageException"><c>TLS-0001</c>: it does not follow the form, or names what belongs to
    /// Windows.</exception>
    public static ToolsProduct Parse(ReadOnlySpan<byte> json, string source)
    {
        if (json.Length > MaximumBytes)
        {
            throw ToolsError.Broken(source, $"it is larger than {MaximumBytes} bytes.");
        }

        ToolsDocument document;
        try
        {
            document = JsonSerializer.Deserialize(json.StartsWith("\uFEFF"u8) ? json[3..] : json, ToolsJsonContext.Default.ToolsDocument)
                ?? throw ToolsError.Broken(source, "it is empty.");
        }
        catch (JsonException e)
        {
            throw ToolsError.Broken(source,
                $"{(e.LineNumber is { } line ? $"line {line + 1}" : "it")} is not JSON, or not what a product has "
                    + $"there{(e.Path is { Length: > 2 } path ? $" ({path})" : "")}.");
        }

        Check(document, source);
        return new ToolsProduct(document, source);
    }

    private static void Check(ToolsDocument d, string source)
    {
        if (d.Schema != 1 || d.Id is not { Length: > 0 and <= 40 } id || id is "all"
            || !id.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '-')
            || string.IsNullOrWhiteSpace(d.Title) || string.IsNullOrWhiteSpace(d.Source))
        {
            throw ToolsError.Broken(source,
                "it needs \"schema\": 1, \"id\" (lower-case letters, digits, hyphens; not all), \"title\" and \"source\".");
        }

        foreach (var list in (IReadOnlyList<string>?[])
            [
                d.Vendors, d.Uninstall, d.Services, d.BootDrivers, d.BootDriverFiles, d.Filters, d.CoInstallers, d.NetworkProviders,
                d.WinsockProviders, d.EventSources, d.Infs, d.BootInfs,
                d.Run, d.Tasks, d.Keys, d.SharedKeys, d.UserKeys, d.Folders, d.SharedFolders, d.EmptyFolders, d.Files,
            ])
        {
            Require(source, list?.Count is null or <= MaximumEntries, $"a list has more than {MaximumEntries} entries");
            foreach (var text in list ?? [])
            {
                Require(source, text is { Length: > 0 and <= MaximumText } && text.Trim().Length == text.Length
                    && !text.Any(char.IsControl), $"\"{text}\" is empty, longer than {MaximumText} characters, or has blanks around it");
            }
        }

        foreach (var name in Concat(d.Services, d.BootDrivers, d.Filters))
        {
            Require(source, !name.Contains('\\', StringComparison.Ordinal) && !name.Contains('*', StringComparison.Ordinal),
                $"{name} is not the name of a service");
            Require(source, !InboxServices.Contains(name, StringComparer.OrdinalIgnoreCase), $"the service {name} belongs to Windows");
        }

        foreach (var name in Concat(d.Infs, d.BootInfs))
        {
            Require(source, name.EndsWith(".inf", StringComparison.OrdinalIgnoreCase) && name.AsSpan().IndexOfAny(@"\/*?") < 0,
                $"{name} is not the name of an INF");
        }

        foreach (var code in Concat(d.ProductCodes, d.UpgradeCodes))
        {
            Require(source, Guid.TryParseExact(code, "B", out _), $"{code} is not a code of Windows Installer ({{…}})");
        }

        foreach (var key in Concat(d.Keys, d.SharedKeys, d.UserKeys, [.. Concat(d.Values, d.VersionValues).Select(v => v.Key)]))
        {
            var isUser = d.UserKeys?.Contains(key) == true;
            Require(source, isUser ? key.StartsWith(@"Software\", StringComparison.OrdinalIgnoreCase) && !IsBroadKey(key)
                : (key.StartsWith(@"SOFTWARE\", StringComparison.OrdinalIgnoreCase)
                    || key.StartsWith(@"SYSTEM\CurrentControlSet\", StringComparison.OrdinalIgnoreCase)),
                $"the key {key} is not below SOFTWARE or SYSTEM\\CurrentControlSet");
        }

        foreach (var key in Concat(d.Keys, d.SharedKeys))
        {
            Require(source, !IsBroadKey(key), $"the key {key} belongs to Windows as a whole");
        }

        foreach (var path in Concat(d.Folders, d.SharedFolders, d.EmptyFolders))
        {
            Require(source, IsSafePath(path) && path.Contains('\\', StringComparison.Ordinal) && !IsSystemFolder(path),
                $"the folder {path} is not one of a product");
        }

        foreach (var path in Concat(d.Files, d.BootDriverFiles))
        {
            Require(source, IsSafePath(path) && path.Contains('\\', StringComparison.Ordinal)
                && (!path.Contains('*', StringComparison.Ordinal)
                    || !path.StartsWith("Windows\\System32", StringComparison.OrdinalIgnoreCase)),
                $"the file {path} is not named exactly");
        }
    }

    /// <summary>Keys whose deletion would remove more than a product: fewer than two names below the hive, or Windows' own.</summary>
    private static bool IsBroadKey(string key)
    {
        var names = key.Split('\\');
        return names.Length < 2 || names.Any(n => n.Length == 0 || n.Contains('*', StringComparison.Ordinal))
            || (names.Length == 2 && names[1]
                .ToUpperInvariant() is "MICROSOFT" or "CLASSES" or "CLIENTS" or "POLICIES" or "WOW6432NODE" or "REGISTEREDAPPLICATIONS"
                    or "ODBC" or "CONTROL" or "SERVICES" or "ENUM")
            || (names[0].Equals("SYSTEM", StringComparison.OrdinalIgnoreCase) && names.Length < 5)
            || (names.Length >= 3 && names[1].Equals("Microsoft", StringComparison.OrdinalIgnoreCase) && names.Length < 5);
    }

    private static bool IsSafePath(string path)
    {
        var names = path.Split('\\');
        for (var i = 0; i < names.Length; i++)
        {
            var star = names[i].IndexOf('*', StringComparison.Ordinal);
            if (names[i].Length == 0 || names[i] is "." or ".." || names[i].AsSpan().ContainsAny(NoNames)
                || (star >= 0 && !(names[i] == "*" && i == 1 && names[0].Equals("Users", StringComparison.OrdinalIgnoreCase))
                    && !(i == names.Length - 1 && star == names[i].Length - 1 && star >= 4)))
            {
                return false;
            }
        }

        return true;
    }

    private static bool IsSystemFolder(string path)
    {
        var names = path.Split('\\');
        if (names[0].Equals("Windows", StringComparison.OrdinalIgnoreCase))
        {
            return names.Length < 3 || names[1].ToUpperInvariant() is not "TEMP";
        }

        return names[^1].ToUpperInvariant() is "COMMON FILES" or "MICROSOFT" or "WINDOWS" or "APPDATA" or "LOCAL" or "LOCALLOW" or "ROAMING"
            or "PROGRAMS" or "START MENU" or "TEMP" or "*" or "PUBLIC"
            || (names.Length == 2 && names[0].Equals("Users", StringComparison.OrdinalIgnoreCase));
    }

    private static IEnumerable<T> Concat<T>(params IReadOnlyList<T>?[] lists) => lists.SelectMany(l => l ?? []);

    private static void Require(string source, bool condition, string why)
    {
        if (!condition)
        {
            throw ToolsError.Broken(source, why + ".");
        }
    }
}
