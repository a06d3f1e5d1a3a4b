namespace OfflinePatch.Drivers.Inf;

/// <summary>
/// The files of a package, from <c>SourceDisksFiles</c> and <c>SourceDisksNames</c> of one architecture.
/// Source: learn.microsoft.com inf-sourcedisksfiles-section, inf-sourcedisksnames-section.
/// </summary>
public sealed class InfSourceFiles
{
    private readonly Dictionary<string, string> _paths = new(StringComparer.OrdinalIgnoreCase);

    private InfSourceFiles()
    {
    }

    /// <summary>Paths below the package's directory, separated by <c>\</c>.</summary>
    public IEnumerable<string> Paths => _paths.Values;

    /// <summary>The path of a file by its name, without case, or null when it is not listed.</summary>
    public string? Find(string file) => _paths.GetValueOrDefault(file);

    /// <summary>Reads the lists; the decorated ones go before the plain ones.</summary>
    public static InfSourceFiles Of(InfFile inf, ProcessorArchitecture architecture)
    {
        var files = new InfSourceFiles();
        var folders = Folders(inf, architecture);
        foreach (var list in (InfSection?[])[inf.Find($"SourceDisksFiles.{architecture.InfName()}"), inf.Find("SourceDisksFiles")])
        {
            foreach (var line in list?.Lines ?? [])
            {
                if (line.Key is null)
                {
                    continue;
                }

                var folder = folders.GetValueOrDefault(inf.Expand(line.Field(0)), "");
                var file = inf.Expand(line.Key);
                var path = Join(Join(folder, inf.Expand(line.Field(1))), file);
                if (file.Length > 0 && StaysInside(path))
                {
                    files._paths.TryAdd(file, path);
                }
            }
        }

        return files;
    }

    /// <summary>Names of all files that the INF lists, for whatever architecture.</summary>
    public static HashSet<string> Names(InfFile inf) => inf.Sections
        .Where(s => s.Name.Equals("SourceDisksFiles", StringComparison.OrdinalIgnoreCase)
            || s.Name.StartsWith("SourceDisksFiles.", StringComparison.OrdinalIgnoreCase))
        .SelectMany(s => s.Lines).Where(l => l.Key is not null).Select(l => inf.Expand(l.Key!)).ToHashSet(StringComparer.OrdinalIgnoreCase);

    /// <summary>Whether a relative path names nothing outside its directory: no <c>..</c>, no drive, no stream.</summary>
    public static bool StaysInside(string path) => !path.Contains(':', StringComparison.Ordinal)
        && !path.Split('\\', '/').Any(p => p.Trim() is "..");

    // The folder of each disk, the decorated list before the plain one, the first line of a disk before later ones.
    private static Dictionary<string, string> Folders(InfFile inf, ProcessorArchitecture architecture)
    {
        var folders = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (var disks in (InfSection?[])[inf.Find($"SourceDisksNames.{architecture.InfName()}"), inf.Find("SourceDisksNames")])
        {
            foreach (var line in disks?.Lines ?? [])
            {
                if (line.Key is not null)
                {
                    folders.TryAdd(inf.Expand(line.Key), inf.Expand(line.Field(3)));
                }
            }
        }

        return folders;
    }

    private static string Join(string folder, string name)
    {
        folder = Clean(folder);
        name = Clean(name);
        return folder.Length == 0 ? name : name.Length == 0 ? folder : $"{folder}\\{name}";
    }

    private static string Clean(string path) =>
        string.Join('\\', path.Replace('/', '\\').Split('\\', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            .Where(p => p is not "."));
}
