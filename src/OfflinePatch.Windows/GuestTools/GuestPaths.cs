using OfflinePatch.Windows.Guest;

namespace OfflinePatch.Windows.GuestTools;

/// <summary>Which files belong to a product: those in its folders. The path in a record decides who owns the record.</summary>
internal sealed class GuestPaths
{
    private const int MaximumProfiles = 4096;

    private static readonly (string Variable, string Folder)[] Variables =
    [
        ("%ProgramFiles%", "Program Files"), ("%ProgramW6432%", "Program Files"), ("%ProgramFiles(x86)%", "Program Files (x86)"),
        ("%CommonProgramFiles%", @"Program Files\Common Files"),
        ("%CommonProgramW6432%", @"Program Files\Common Files"), ("%CommonProgramFiles(x86)%", @"Program Files (x86)\Common Files"),
        ("%ProgramData%", "ProgramData"),
        ("%ALLUSERSPROFILE%", "ProgramData"), ("%SystemDrive%", ""),
    ];

    private readonly WindowsSystem _system;

    public GuestPaths(WindowsSystem system, IEnumerable<string> folders, IEnumerable<string> files)
    {
        _system = system;
        Folders = [.. folders.SelectMany(Expand).Distinct(StringComparer.OrdinalIgnoreCase)];
        Files = [.. files.SelectMany(Expand).Distinct(StringComparer.OrdinalIgnoreCase)];
    }

    /// <summary>The product's folders on the volume, whether they exist or not; only existing ones for patterns.</summary>
    public IReadOnlyList<string> Folders { get; }

    /// <summary>The product's files outside its folders.</summary>
    public IReadOnlyList<string> Files { get; }

    /// <summary>
    /// Whether a text that begins with a path (a command line, a list separated by semicolons) leads into a folder of the product, or to
    /// one of its files.
    /// </summary>
    public bool Owns(string? text) =>
        text is { Length: > 2 and < 8192 }
            && text.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Any(OwnsPath);

    /// <summary>Whether a path on the volume is in a folder of the product, or one of its files.</summary>
    public bool OwnsVolumePath(string path) => Folders.Any(f => IsIn(path, f)) || Files.Contains(path, StringComparer.OrdinalIgnoreCase);

    /// <summary>The path on the volume that a text begins with, arguments kept; null when it is on another drive or no path.</summary>
    public string? VolumePath(string text)
    {
        var path = text.TrimStart();
        if (path.StartsWith('"'))
        {
            var end = path.IndexOf('"', 1);
            path = end < 0 ? path[1..] : path[1..end];
        }

        if (path.StartsWith(@"\??\", StringComparison.Ordinal))
        {
            path = path[4..];
        }

        foreach (var root in (ReadOnlySpan<string>)[@"\SystemRoot\", @"%SystemRoot%\", @"%windir%\"])
        {
            if (path.StartsWith(root, StringComparison.OrdinalIgnoreCase))
            {
                return _system.PathOf(path[root.Length..]);
            }
        }

        foreach (var (variable, folder) in Variables)
        {
            if (path.StartsWith(variable + "\\", StringComparison.OrdinalIgnoreCase))
            {
                return folder.Length == 0 ? path[(variable.Length + 1)..] : folder + path[variable.Length..];
            }
        }

        // Windows Installer writes C?\ for a file that is counted in SharedDLLs
        if (path.Length > 3 && path[1] is ':' or '?' && path[2] == '\\')
        {
            return char.ToUpperInvariant(path[0]) == char.ToUpperInvariant(_system.DriveLetter[0]) ? path[3..] : null;
        }

        return path.StartsWith(@"system32\", StringComparison.OrdinalIgnoreCase) ? _system.PathOf(path) : null;
    }

    private bool OwnsPath(string text)
    {
        if (VolumePath(text) is not { } path)
        {
            return false;
        }

        return Folders.Any(f => IsIn(path, f))
            || Files.Any(f => path.StartsWith(f, StringComparison.OrdinalIgnoreCase)
                && (path.Length == f.Length || path[f.Length] is ' ' or ',' or '"' or '|'));
    }

    private static bool IsIn(string path, string folder) =>
        path.StartsWith(folder, StringComparison.OrdinalIgnoreCase)
            && (path.Length == folder.Length || path[folder.Length] is '\\' or '"' or '|');

    /// <summary>
    /// The paths that a pattern stands for: every profile for <c>Users\*</c>, every entry that begins so for a star at the end.
    /// </summary>
    private IEnumerable<string> Expand(string pattern)
    {
        var path = _system.SystemRoot.Equals("Windows", StringComparison.OrdinalIgnoreCase)
            || !pattern.StartsWith(@"Windows\", StringComparison.OrdinalIgnoreCase)
            ? pattern : _system.PathOf(pattern["Windows\\".Length..]);
        return Profiles(path).SelectMany(Beginning);
    }

    private IEnumerable<string> Profiles(string path)
    {
        const string Every = @"Users\*\";
        return !path.StartsWith(Every, StringComparison.OrdinalIgnoreCase)
            ? [path]
            : Profiles(_system).Select(p => $@"Users\{p}\{path[Every.Length..]}");
    }

    private IEnumerable<string> Beginning(string path)
    {
        if (!path.EndsWith('*'))
        {
            return [path];
        }

        var folder = FilePath.ParentOf(path);
        var start = FilePath.NameOf(path)[..^1];
        var files = _system.Volume.RequireFiles();
        return files.DirectoryExists(folder)
            ? [.. files.Enumerate(folder).Where(e => e.Name.StartsWith(start, StringComparison.OrdinalIgnoreCase)).Take(MaximumProfiles)
                .Select(e => $@"{folder}\{e.Name}")]
            : [];
    }

    /// <summary>The folders of users: not the links that Windows keeps for old programs.</summary>
    public static IReadOnlyList<string> Profiles(WindowsSystem system)
    {
        var files = system.Volume.RequireFiles();
        return files.DirectoryExists("Users")
            ? [.. files.Enumerate("Users").Where(e => e.IsDirectory && (e.Attributes & FileAttributes.ReparsePoint) == 0)
                .Take(MaximumProfiles).Select(e => e.Name)]
            : [];
    }
}
