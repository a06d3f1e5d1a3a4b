using OfflinePatch.Core;

namespace OfflinePatch.Drivers.Packages;

/// <summary>All driver packages of a tree of files: a folder, a disc, an archive, a floppy image.</summary>
public sealed class DriverSource
{
    /// <summary>Directories that are searched.</summary>
    public const int MaxDirectories = 50_000;

    /// <summary>INFs that are read; the largest public collections hold fewer in one disc.</summary>
    public const int MaxInfs = 20_000;

    /// <summary>How deep directories may nest.</summary>
    public const int MaxDepth = 24;

    private readonly List<DriverPackage> _packages = [];
    private readonly List<DriverFinding> _rejected = [];

    private DriverSource(IFileSystem fileSystem) => FileSystem = fileSystem;

    /// <summary>The tree.</summary>
    public IFileSystem FileSystem { get; }

    /// <summary>The packages, in the order of the tree.</summary>
    public IReadOnlyList<DriverPackage> Packages => _packages;

    /// <summary>INFs that cannot be read, each with the reason.</summary>
    public IReadOnlyList<DriverFinding> Rejected => _rejected;

    /// <summary>Finds and parses every INF. INFs that install no device are listed as rejected.</summary>
    /// <param name="fileSystem">The tree; it must stay open as long as packages are used.</param>
    /// <param name="folder">Where to begin.</param>
    /// <param name="exclude">Folder or INF names (without extension) that are skipped.</param>
    /// <exception cref="UnsupportedImageException"><c>DRV-0001</c>: more directories or INFs than the limits.</exception>
    public static DriverSource Scan(IFileSystem fileSystem, string folder = "", IReadOnlyCollection<string>? exclude = null)
    {
        var source = new DriverSource(fileSystem);
        var pending = new Stack<(string Path, int Depth)>();
        pending.Push((folder.Replace('/', '\\').Trim('\\'), 0));
        int directories = 0, infs = 0;
        while (pending.TryPop(out var next))
        {
            if (++directories > MaxDirectories)
            {
                throw DriverError.SourceTooLarge(fileSystem.Source, "directories", MaxDirectories);
            }

            var below = new List<string>();
            foreach (var entry in fileSystem.Enumerate(next.Path))
            {
                var path = next.Path.Length == 0 ? entry.Name : $"{next.Path}\\{entry.Name}";
                var stem = System.IO.Path.GetFileNameWithoutExtension(entry.Name);
                if (exclude is not null && exclude.Contains(entry.IsDirectory ? entry.Name : stem, StringComparer.OrdinalIgnoreCase))
                {
                    continue;
                }

                if (entry.IsDirectory)
                {
                    if (next.Depth < MaxDepth)
                    {
                        below.Add(path);
                    }
                }
                else if (entry.Name.EndsWith(".inf", StringComparison.OrdinalIgnoreCase)
                    && !entry.Name.Equals("autorun.inf", StringComparison.OrdinalIgnoreCase))
                {
                    if (++infs > MaxInfs)
                    {
                        throw DriverError.SourceTooLarge(fileSystem.Source, "INF files", MaxInfs);
                    }

                    source.Add(path);
                }
            }

            for (var i = below.Count - 1; i >= 0; i--)
            {
                pending.Push((below[i], next.Depth + 1));
            }
        }

        return source;
    }

    private void Add(string path)
    {
        try
        {
            var package = DriverPackage.Read(FileSystem, path);
            if (package.Inf.Find("Manufacturer") is not null)
            {
                _packages.Add(package);
            }
            else
            {
                _rejected.Add(DriverFinding.Broken(path, $"{path} installs no device: it has no [Manufacturer] section."));
            }
        }
        catch (Exception e) when (e is CorruptImageException or UnsupportedImageException)
        {
            _rejected.Add(DriverFinding.Broken(path, e.Message));
        }
    }
}
