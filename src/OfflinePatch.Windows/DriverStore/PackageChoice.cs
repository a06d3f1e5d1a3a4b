using OfflinePatch.Drivers;
using OfflinePatch.Drivers.Manifest;
using OfflinePatch.Drivers.Packages;
using OfflinePatch.Windows.Targets;

namespace OfflinePatch.Windows.DriverStore;

/// <summary>Which packages of several sources a Windows is given, where more than one would do.</summary>
internal static class PackageChoice
{
    /// <summary>Packages of known families that are superseded by a better one of the same driver.</summary>
    public static Dictionary<DriverPackage, DriverFinding> PassedOver(IReadOnlyList<DriverPackage> packages, WindowsTarget target,
        StagingOptions options)
    {
        var passed = new Dictionary<DriverPackage, DriverFinding>();
        foreach (var family in options.Manifest.Families)
        {
            var selection = DriverSelection.Choose(packages, family, target, options.AllowUnsigned ? null : options.Signatures);
            foreach (var package in packages)
            {
                if (options.Manifest.Classify(package.InfName, package.Ids(target)) is { } owner && owner.Family == family
                    && selection.Find(owner.Entry.Id) is { } chosen && chosen != package)
                {
                    passed.Add(package, selection.PassedOver(owner.Entry.Id).FirstOrDefault(f => f.File == package.Path)
                        ?? DriverFinding.GivesWay(package.Path, chosen.Path));
                }
            }
        }

        return passed;
    }

    /// <summary>
    /// The package that serves a PCI device on a Windows, checked; null when there is none. One that may be used goes first, then the one
    /// with the most exact id, as Windows ranks drivers, then the newest.
    /// </summary>
    /// <param name="device">The device.</param>
    /// <param name="packages">The packages, without those that are skipped.</param>
    /// <param name="target">The Windows.</param>
    /// <param name="options">How they are staged.</param>
    public static DriverPackageCheck? For(PciDevice device, IEnumerable<DriverPackage> packages, WindowsTarget target,
        StagingOptions options) => packages
        .Select(p => (Package: p, Exactness: Exactness(device, p.Ids(target))))
        .Where(c => c.Exactness > 0)
        .Select(c => (Check: DriverPackageCheck.Run(c.Package, target, options.Signatures), c.Exactness))
        .OrderByDescending(c => c.Check.IsUsable(options.AllowUnsigned))
        .ThenByDescending(c => c.Exactness)
        .ThenByDescending(c => c.Check.Package.Version)
        .Select(c => c.Check)
        .FirstOrDefault();

    private static int Exactness(PciDevice device, IEnumerable<string> ids) => ids
        .Where(i => i.StartsWith(DeviceDrivers.Bus, StringComparison.OrdinalIgnoreCase))
        .Select(i => DeviceDrivers.Exactness(device, i[DeviceDrivers.Bus.Length..]))
        .DefaultIfEmpty(0).Max();
}
