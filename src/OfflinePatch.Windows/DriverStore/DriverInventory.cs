using OfflinePatch.Core;
using OfflinePatch.Drivers;
using OfflinePatch.Drivers.Inf;
using OfflinePatch.Drivers.Manifest;
using OfflinePatch.Windows.Guest;

namespace OfflinePatch.Windows.DriverStore;

/// <summary>
/// Reads which driver packages of others (oemN.inf) an image has: from the driver database of Windows 8 and later; on Windows 7 from the
/// INFs in <c>Windows\INF</c>, because that Windows keeps its index in files whose form is not public.
/// </summary>
internal static class DriverInventory
{
    private const int MaximumPackages = 4096;
    private const int MaximumIds = 200_000;

    /// <param name="system">The Windows.</param>
    /// <param name="manifest">The families.</param>
    /// <param name="infName">Only packages whose INF had this name; null for all. On Windows 7 all are read.</param>
    public static IReadOnlyList<StagedDriver> Read(WindowsSystem system, DriverManifest manifest, string? infName = null) =>
        system.System.Root.Find("DriverDatabase") is not null ? ReadDatabase(system, manifest, infName) : ReadInfs(system, manifest);

    private static List<StagedDriver> ReadDatabase(WindowsSystem system, DriverManifest manifest, string? infName)
    {
        var drivers = new List<StagedDriver>();
        foreach (var hive in (HiveName[])[HiveName.System, HiveName.Drivers])
        {
            if (system.Find(hive)?.Root.Find("DriverDatabase") is not { } database)
            {
                continue;
            }

            Dictionary<string, List<string>>? ids = null; // thousands of keys: read only when there is a package to describe
            foreach (var inf in database.Find("DriverInfFiles")?.SubKeys ?? [])
            {
                if (PublishedNames.NumberOf(inf.Name) is null)
                {
                    continue;
                }

                var active = inf.GetString("Active");
                foreach (var name in inf.GetMultiString("") ?? [])
                {
                    // The name is that of a folder in the store, and packages are removed by it: a path is not one.
                    if (name.Length > 0 && !name.Contains('\\', StringComparison.Ordinal)
                        && (infName is null || name.StartsWith(infName + "_", StringComparison.OrdinalIgnoreCase))
                        && drivers.Count < MaximumPackages && database.Find($@"DriverPackages\{name}") is { } package)
                    {
                        ids ??= ReadIds(database);
                        drivers.Add(Describe(system, hive, inf, name, package, active,
                            ids.GetValueOrDefault(inf.Name.ToUpperInvariant()) ?? [], manifest));
                    }
                }
            }
        }

        return drivers;
    }

    private static StagedDriver Describe(
        WindowsSystem system, HiveName hive, GuestKey inf, string name, GuestKey package, string? active, List<string> ids,
        DriverManifest manifest)
    {
        var infName = package.GetString("InfName") ?? (name.IndexOf('_', StringComparison.Ordinal) is > 0 and var cut ? name[..cut] : name);
        var version = DriverVersionBlob.TryParse(package.GetBinary("Version") ?? []);
        var owner = manifest.Classify(infName, ids);
        return new StagedDriver
        {
            PublishedName = inf.Name,
            PackageName = name,
            InfName = infName,
            Provider = package.GetString("Provider") ?? "",
            SignerName = package.GetString("SignerName") ?? "",
            Date = version?.Date ?? DateTime.MinValue,
            Version = version?.Version ?? default,
            Architecture = version?.Architecture,
            ClassGuid = version?.ClassGuid ?? Guid.Empty,
            Hive = hive,
            IsActive = string.Equals(active, name, StringComparison.OrdinalIgnoreCase),
            HasFiles = system.Volume.RequireFiles().FileExists(FileRepository.PathOf(system, name, infName)),
            IsConfigured = package.Find("Descriptors") is { } descriptors && descriptors.SubKeys.Any()
                && package.Find("Configurations") is not null,
            Ids = ids,
            Family = owner?.Family,
            Entry = owner?.Entry,
        };
    }

    /// <summary>The device ids of every oemN.inf, by its upper-case name.</summary>
    private static Dictionary<string, List<string>> ReadIds(GuestKey database)
    {
        var ids = new Dictionary<string, List<string>>(StringComparer.Ordinal);
        if (database.Find("DeviceIds") is not { } root)
        {
            return ids;
        }

        var pending = new Stack<(GuestKey Key, string Id)>();
        foreach (var key in root.SubKeys)
        {
            if (!key.Name.StartsWith('{'))
            {
                pending.Push((key, key.Name));
            }
        }

        var count = 0;
        while (pending.TryPop(out var next) && count < MaximumIds)
        {
            foreach (var value in next.Key.Inner.ValueCount > 0 ? next.Key.Values : [])
            {
                if (PublishedNames.NumberOf(value.Name) is not null)
                {
                    var inf = value.Name.ToUpperInvariant();
                    if (!ids.TryGetValue(inf, out var list))
                    {
                        ids.Add(inf, list = []);
                    }

                    list.Add(next.Id);
                    count++;
                }
            }

            foreach (var key in next.Key.Inner.SubKeyCount > 0 ? next.Key.SubKeys : [])
            {
                pending.Push((key, $"{next.Id}\\{key.Name}"));
            }
        }

        return ids;
    }

    private static List<StagedDriver> ReadInfs(WindowsSystem system, DriverManifest manifest)
    {
        var drivers = new List<StagedDriver>();
        var files = system.Volume.RequireFiles();
        var target = DriverTarget.Of(system);
        foreach (var (directory, name) in InfFiles(system, files))
        {
            try
            {
                var inf = InfFile.Parse(files.ReadFile($"{directory}\\{name}", InfLimits.FileBytes), name);
                var models = InfModels.Select(inf, target).Models;
                if (models.Count == 0)
                {
                    continue;
                }

                var ids = models.SelectMany(m => m.Ids).Distinct(StringComparer.OrdinalIgnoreCase).ToList();
                var owner = manifest.Classify(name, ids);
                drivers.Add(new StagedDriver
                {
                    PublishedName = PublishedNames.NumberOf(name) is null ? "" : name,
                    PackageName = "",
                    InfName = owner?.Entry.Inf[0] ?? name,
                    Provider = inf.Version.Provider,
                    Date = inf.Version.DriverDate,
                    Version = inf.Version.DriverVersion,
                    Architecture = target.Architecture,
                    ClassGuid = inf.Version.ClassGuid,
                    Hive = HiveName.System,
                    IsActive = true,
                    HasFiles = true,
                    Ids = ids,
                    Family = owner?.Family,
                    Entry = owner?.Entry,
                });
            }
            catch (Exception e) when (e is CorruptImageException or UnsupportedImageException)
            {
                // an INF that cannot be read is skipped
            }
        }

        return drivers;
    }

    private static IEnumerable<(string Directory, string Name)> InfFiles(WindowsSystem system, IFileSystem files)
    {
        var inf = system.PathOf("INF");
        foreach (var entry in files.DirectoryExists(inf) ? files.Enumerate(inf).Take(20_000).ToList() : [])
        {
            if (!entry.IsDirectory && PublishedNames.NumberOf(entry.Name) is not null)
            {
                yield return (inf, entry.Name);
            }
        }

        foreach (var directory in DevicePath.OwnDirectories(system))
        {
            foreach (var entry in files.DirectoryExists(directory) ? files.Enumerate(directory).Take(1000).ToList() : [])
            {
                if (!entry.IsDirectory && entry.Name.EndsWith(".inf", StringComparison.OrdinalIgnoreCase))
                {
                    yield return (directory, entry.Name);
                }
            }
        }
    }
}
