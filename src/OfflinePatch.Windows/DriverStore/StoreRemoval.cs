using OfflinePatch.Core;
using OfflinePatch.Windows.Guest;

namespace OfflinePatch.Windows.DriverStore;

/// <summary>A third-party driver package that can be removed from the store.</summary>
/// <param name="InfName">The INF's own name: <c>vmci.inf</c>.</param>
/// <param name="Published"><c>oem3.inf</c>; empty where no record names one.</param>
/// <param name="Package">Its directory in the store; empty where there is none.</param>
internal sealed record StorePackage(string InfName, string Published, string Package);

/// <summary>
/// Removes driver packages from a Windows as <c>pnputil /delete-driver</c> does: records of DriverDatabase (DriverPackages, DriverInfFiles,
/// DeviceIds, OemInfMap), owners of files in PnpLockdownFiles, the published INF and catalogue, the directory in the store (drivers.md §3).
/// Packages that come with Windows are never found. Before Windows 8 the index of the store has no public form: packages are found there,
/// and stay.
/// </summary>
internal static class StoreRemoval
{
    private const int MaximumInf = 4 * 1024 * 1024;

    /// <summary>The packages whose INF had one of some names.</summary>
    public static IReadOnlyList<StorePackage> Find(WindowsSystem system, IEnumerable<string> infNames)
    {
        var names = infNames.ToList();
        if (names.Count == 0)
        {
            return [];
        }

        var found = new List<StorePackage>();
        var inbox = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        foreach (var database in Databases(system))
        {
            foreach (var package in database.Find("DriverPackages")?.SubKeys ?? [])
            {
                var published = package.GetString("") ?? "";
                if (published.Length > 0 && PublishedNames.NumberOf(published) is null)
                {
                    inbox.Add(package.Name);
                }
                else if (InfOf(package.Name, names) is { } inf)
                {
                    found.Add(new StorePackage(inf, published, package.Name));
                }
            }

            foreach (var key in database.Find("DriverInfFiles")?.SubKeys ?? [])
            {
                foreach (var package in PublishedNames.NumberOf(key.Name) is null ? [] : key.GetMultiString("") ?? [])
                {
                    if (InfOf(package, names) is { } inf)
                    {
                        found.Add(new StorePackage(inf, key.Name, package));
                    }
                }
            }
        }

        var files = system.Volume.RequireFiles();
        var root = FileRepository.Of(system);
        foreach (var entry in files.DirectoryExists(root) ? files.Enumerate(root).Where(e => e.IsDirectory).ToList() : [])
        {
            if (InfOf(entry.Name, names) is { } inf && !inbox.Contains(entry.Name)
                && !found.Exists(f => f.Package.Equals(entry.Name, StringComparison.OrdinalIgnoreCase)))
            {
                found.Add(new StorePackage(inf, PublishedByContent(system, files, $@"{root}\{entry.Name}\{inf}") ?? "", entry.Name));
            }
        }

        return [.. found.GroupBy(f => (f.Package.ToUpperInvariant(), f.Published.ToUpperInvariant())).Select(g => g.First())
            .Where(f => f.Published.Length > 0
                || !found.Exists(o => o.Published.Length > 0 && o.Package.Equals(f.Package, StringComparison.OrdinalIgnoreCase)))];
    }

    /// <summary>Whether the index of this Windows has a public form, so that a package can be removed from it.</summary>
    public static bool CanRemove(WindowsSystem system) => Databases(system).Any();

    /// <summary>The folder of a package in the store.</summary>
    public static string FolderOf(WindowsSystem system, StorePackage package) => FileRepository.PathOf(system, package.Package);

    /// <summary>Removes a package. Does nothing where it is removed already.</summary>
    public static void Remove(WindowsSystem system, StorePackage package)
    {
        foreach (var database in Databases(system))
        {
            DriverIndex.Remove(database, package.Published, package.Package);
        }

        if (package.Package.Length > 0)
        {
            system.Files.DeleteTree(FolderOf(system, package));
        }

        var keepsName = package.Published.Length == 0
            || Databases(system).Any(d => d.Find($@"DriverInfFiles\{package.Published}") is not null);
        foreach (var set in system.ControlSets)
        {
            ServiceOwners.Remove(set, keepsName ? "" : package.Published, package.Package);
        }

        if (keepsName)
        {
            return; // another package is published under this name
        }

        RemoveOwner(system, package.Published);
        PublishedNames.Delete(system, package.Published);
    }

    private static void RemoveOwner(WindowsSystem system, string published)
    {
        if (system.Software.Root.Find(PnpLockdown.Key) is not { } root)
        {
            return;
        }

        foreach (var key in root.SubKeys.ToList())
        {
            var owners = key.GetMultiString("Owners") ?? [];
            var rest = owners.Where(o => !o.Equals(published, StringComparison.OrdinalIgnoreCase)).ToList();
            if (rest.Count == owners.Length)
            {
                continue;
            }

            if (rest.Count == 0)
            {
                root.DeleteSubKeyTree(key.Name);
            }
            else
            {
                key.SetMultiString("Owners", rest);
            }
        }
    }

    private static string? InfOf(string package, List<string> names) =>
        names.Find(n => package.Length > n.Length && package[n.Length] == '_' && !package.Contains('\\', StringComparison.Ordinal)
            && package.StartsWith(n, StringComparison.OrdinalIgnoreCase));

    private static IEnumerable<GuestKey> Databases(WindowsSystem system) =>
        ((HiveName[])[HiveName.System, HiveName.Drivers]).Select(h => system.Find(h)?.Root.Find("DriverDatabase")).OfType<GuestKey>();

    /// <summary>The published INF with exactly the bytes of one in the store.</summary>
    private static string? PublishedByContent(WindowsSystem system, IFileSystem files, string path)
    {
        var folder = system.PathOf("INF");
        if (files.Find(path) is not { IsDirectory: false, Length: > 0 and <= MaximumInf } stored || !files.DirectoryExists(folder))
        {
            return null;
        }

        var content = files.ReadFile(path, MaximumInf);
        return files.Enumerate(folder)
            .Where(e => !e.IsDirectory && e.Length == stored.Length && PublishedNames.NumberOf(e.Name) is not null).ToList()
            .FirstOrDefault(e => files.ReadFile($@"{folder}\{e.Name}", MaximumInf).AsSpan().SequenceEqual(content)).Name;
    }
}
