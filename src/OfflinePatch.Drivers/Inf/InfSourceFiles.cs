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
        InfSection?[] disks = [inf.Find($"SourceDisksNames.{architecture.InfName()}"), inf.Find("SourceDisksNames")];
        foreach (var list in (InfSection?[])[inf.Find($"SourceDisksFiles.{architecture.InfName()}"), inf.Find("SourceDisksFiles")])
        {
            foreach (var line in list?.Lines ?? [])
            {
                if (line.Key is null)
                {
                    continue;
                }

                var disk = inf.Expand(line.Field(0));
                var folder = "";
                foreach (var names in disks)
                {
                    if (names?.Lines.FirstOrDefault(l => l.Key is not null && string.Equals(inf.Expand(l.Key), disk, StringComparison.OrdinalIgnoreCase)) is { } name)
                    {
                        folder = inf.Expand(name.Field(3));
                        break;
                    }
                }

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

    /// <summary>Whether a relative path names nothing above or beside its directory: no <c>..</c>, no drive, no stream.</summary>
    public static bool StaysInside(string path) => !path.Contains(':', StringComparison.Ordinal) && !path.Split('\\', '/').Any(p => p.Trim() is "..");

    private static string Join(string folder, string name)
    {
        folder = Clean(folder);
        name = Clean(name);
        return folder.Length == 0 ? name : name.Length == 0 ? folder : $"{folder}\\{name}";
    }

    private static string Clean(string path) =>
        string.Join('\\', path.Replace('/', '\\').Split('\\', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Where(p => p is not "."));
}
