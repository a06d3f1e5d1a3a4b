using OfflinePatch.Core;
using OfflinePatch.Drivers;
using OfflinePatch.Drivers.Inf;
using OfflinePatch.Drivers.Manifest;
using OfflinePatch.Windows.DriverStore;
using OfflinePatch.Windows.Guest;

namespace OfflinePatch.Windows.Reports;

/// <summary>Describes the driver packages of others that an image has, with who uses them.</summary>
internal static class DriverStoreListing
{
    /// <summary>All packages, by the number of their published names.</summary>
    public static IReadOnlyList<DriverStorePackage> Describe(WindowsSystem system, DriverManifest manifest)
    {
        var target = DriverTarget.Of(system);
        var devices = DriverUse.Devices(system);
        return [.. GuestDriverStore.Inspect(system, manifest)
            .OrderBy(s => PublishedNames.NumberOf(s.PublishedName) ?? int.MaxValue).ThenByDescending(s => s.IsActive)
            .ThenBy(s => s.InfName, StringComparer.OrdinalIgnoreCase)
            .Select(s => Describe(system, s, target, devices.GetValueOrDefault(s.PublishedName.ToLowerInvariant()) ?? []))];
    }

    /// <summary>One package.</summary>
    public static DriverStorePackage Describe(WindowsSystem system, StagedDriver staged, WindowsTarget target,
        IReadOnlyList<string> devices)
    {
        var (directory, inf) = Find(system, staged);
        return new DriverStorePackage(
            NullIfEmpty(staged.PublishedName), inf, ClassName(system, staged.ClassGuid), staged.ClassGuid.ToString("B"),
            NullIfEmpty(staged.Provider), staged.Version.ToString(),
            staged.Date == DateTime.MinValue ? null : $"{staged.Date:yyyy-MM-dd}", NullIfEmpty(staged.SignerName),
            DriverUse.BootServices(system, staged).Count > 0, devices, staged.IsActive,
            staged.PackageName.Length > 0 && !staged.HasFiles
                ? ["its INF is not in the driver store"]
                : StoreCheck.Problems(system, staged, target))
        {
            Directory = directory,
        };
    }

    private static string ClassName(WindowsSystem system, Guid guid) =>
        system.Current.Find($@"Control\Class\{DriverClass.Key(guid)}")?.GetString("Class") is { Length: > 0 } name
            ? name
            : DriverClass.Key(guid);

    /// <summary>
    /// The directory of a package and its INF's own name. Windows 7 keeps the packages that it installed by themselves: the one whose INF
    /// is the published one.
    /// </summary>
    private static (string? Directory, string Inf) Find(WindowsSystem system, StagedDriver staged)
    {
        var files = system.Volume.RequireFiles();
        if (staged.PackageName.Length > 0)
        {
            return (staged.HasFiles ? FileRepository.PathOf(system, staged.PackageName) : null, staged.InfName);
        }

        if (staged.PublishedName.Length == 0)
        {
            return (system.PathOf($@"{DevicePath.Folder}\{LegacyStaging.FolderOf(staged.InfName)}"), staged.InfName);
        }

        var published = system.PathOf($@"INF\{staged.PublishedName}");
        var root = FileRepository.Of(system);
        if (files.FileExists(published) && files.DirectoryExists(root))
        {
            var content = files.ReadFile(published, InfLimits.FileBytes);
            foreach (var folder in files.Enumerate(root)
                .Where(e => e.IsDirectory && e.Name.Contains(".inf_", StringComparison.OrdinalIgnoreCase)).ToList())
            {
                var name = folder.Name[..(folder.Name.IndexOf(".inf_", StringComparison.OrdinalIgnoreCase) + 4)];
                var path = $@"{root}\{folder.Name}\{name}";
                if (files.Find(path) is { IsDirectory: false } inf && inf.Length == content.Length
                    && files.ReadFile(path, InfLimits.FileBytes).AsSpan().SequenceEqual(content))
                {
                    return ($@"{root}\{folder.Name}", name);
                }
            }
        }

        return (null, staged.InfName);
    }

    private static string? NullIfEmpty(string text) => text.Length > 0 ? text : null;
}
