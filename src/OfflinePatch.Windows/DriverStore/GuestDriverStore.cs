using OfflinePatch.Core;
using OfflinePatch.Drivers;
using OfflinePatch.Drivers.Manifest;
using OfflinePatch.Drivers.Packages;
using OfflinePatch.Windows.Guest;

namespace OfflinePatch.Windows.DriverStore;

/// <summary>The driver store of a Windows in an image: what is in it, and how a package gets into it.</summary>
public static class GuestDriverStore
{
    /// <summary>The driver packages of others (oemN.inf) that an image has.</summary>
    /// <param name="system">The Windows.</param>
    /// <param name="manifest">The families to sort them by; null for the embedded ones.</param>
    public static IReadOnlyList<StagedDriver> Inspect(WindowsSystem system, DriverManifest? manifest = null) =>
        DriverInventory.Read(system, manifest ?? DriverManifest.Embedded);

    /// <summary>
    /// Puts a package into a Windows as DISM would, so that its devices are installed on the first boot; a driver that the disk depends on
    /// starts at boot. When the same package or a newer one is there already, that one is completed instead. Doing it again changes
    /// nothing.
    /// </summary>
    /// <param name="system">The Windows; hives and files are changed through it.</param>
    /// <param name="check">The package, checked for this Windows.</param>
    /// <param name="options">How; null for the usual way.</param>
    /// <exception cref="RefusedException">The package is not usable, or a file of another driver is in the way.</exception>
    public static StagingResult Stage(WindowsSystem system, DriverPackageCheck check, StagingOptions? options = null)
    {
        options ??= new StagingOptions();
        if (!check.IsUsable(options.AllowUnsigned))
        {
            throw DriverStoreError.Unusable(check.Package.Path, check.Findings.First(f => f.Kind != DriverFindingKind.Warning).Message);
        }

        var entry = options.Manifest.Classify(check.Package.InfName, check.Package.Ids(check.Target))?.Entry;
        if (!check.Target.HasDriverDatabase)
        {
            return StageLegacy(system, check, entry, options);
        }

        if (system.System.Root.Find("DriverDatabase") is null)
        {
            throw DriverStoreError.NoDriverDatabase(system.GuestPath(system.SystemRoot));
        }

        // One that lost files is completed where the source holds exactly the same package; else it is ignored.
        var staged = DriverInventory.Read(system, options.Manifest, check.Package.InfName);
        var whole = staged.Where(s => s.HasFiles && StoreCheck.Problems(system, s, check.Target, options.AllowUnsigned).Count == 0
            && IsAccepted(system, s, check, options));
        var existing = options.IsExact ? whole.FirstOrDefault(s => IsSame(FromStore(system, s), check)) : FindExisting(whole, check);
        var damaged = existing is null
            ? FindExisting(staged.Where(s => s.HasFiles
                && FromStore(system, s).InfContent.AsSpan().SequenceEqual(check.Package.InfContent)), check)
            : null;
        if (existing is null && damaged is null && check.Package.Inf.Version.ClassGuid == Guid.Empty)
        {
            throw DriverStoreError.NoClass(check.Package.Path);
        }

        var plan = existing is not null || damaged is not null
            ? new StagingPlan(system, damaged is null ? FromStore(system, existing!) : check.Package, check.Target,
                new PublishedNames((existing ?? damaged)!.PublishedName, (existing ?? damaged)!.PackageName), isNew: false, entry,
                (existing ?? damaged)!.SignerName, isSigned: true, options)
            : new StagingPlan(system, check.Package, check.Target, PublishedNames.Choose(system, check.Package, check.Target.Architecture),
                isNew: true, entry,
                check.SignerName, check.IsSigned, options);
        if (plan.IsNew || plan.IsBootCritical || damaged is not null)
        {
            new StagedFiles(plan).Write();
            new DriverDatabaseWriter(plan).Write();
            if (plan.IsConfigured)
            {
                new ServiceWriter(plan).Write();
            }
        }

        return new StagingResult(plan.IsNew ? StagingOutcome.Staged : StagingOutcome.Completed, plan.Names.Published, plan.Names.Package,
            plan.Package.InfName, plan.Package.Version);
    }

    /// <summary>Removes a package from a Windows, with everything that it alone installed.</summary>
    /// <param name="system">The Windows; hives and files are changed through it.</param>
    /// <param name="driver">The package, as <see cref="Inspect"/> gave it.</param>
    /// <param name="options">The families and the clock; null for the usual ones.</param>
    /// <param name="force">Whether it is removed although a device uses it.</param>
    /// <exception cref="RefusedException"><c>STG-0011</c>: a device runs with it.</exception>
    /// <exception cref="UnsupportedImageException"><c>STG-0012</c>: Windows 7 installed it itself, into an index that is not
    /// public.</exception>
    public static void Remove(WindowsSystem system, StagedDriver driver, StagingOptions? options = null, bool force = false) =>
        DriverRemoval.Remove(system, driver, options ?? new StagingOptions(), force);

    /// <summary>The package in the store that makes staging needless: the same INF, not older, with its files.</summary>
    internal static StagedDriver? FindExisting(IEnumerable<StagedDriver> staged, DriverPackageCheck check) => staged
        .Where(s => s.HasFiles && s.InfName.Equals(check.Package.InfName, StringComparison.OrdinalIgnoreCase)
            && s.Architecture == check.Target.Architecture
            && s.ClassGuid == check.Package.Inf.Version.ClassGuid && s.Version.CompareTo(check.Package.Version) >= 0
            && SharesAnId(s, check))
        .OrderByDescending(s => s.IsActive).ThenByDescending(s => s.Version).FirstOrDefault();

    /// <summary>Whether this Windows accepts the signatures of a package that is in the store.</summary>
    private static bool IsAccepted(WindowsSystem system, StagedDriver staged, DriverPackageCheck check, StagingOptions options) =>
        options.AllowUnsigned || PackageOf(system, staged) is not { } package
            || DriverPackageCheck.Run(package, check.Target, check.Options).IsSigned;

    private static bool IsSame(DriverPackage stored, DriverPackageCheck check) =>
        stored.InfContent.AsSpan().SequenceEqual(check.Package.InfContent)
        && (check.Package.CatalogName(check.Target.Architecture) is not { } catalog
            || (stored.ReadFile(catalog) ?? []).AsSpan().SequenceEqual(check.Package.ReadFile(catalog) ?? []));

    private static bool SharesAnId(StagedDriver staged, DriverPackageCheck check) =>
        staged.Ids.Count == 0 || check.Package.Ids(check.Target).Any(i => staged.Ids.Contains(i, StringComparer.OrdinalIgnoreCase));

    /// <summary>A package as its copy in the image has it, or null when Windows 7 installed it into an index that is not public.</summary>
    internal static DriverPackage? PackageOf(WindowsSystem system, StagedDriver staged)
    {
        if (staged.PackageName.Length > 0)
        {
            return FromStore(system, staged);
        }

        var path = system.PathOf($@"{DevicePath.Folder}\{LegacyStaging.FolderOf(staged.InfName)}\{staged.InfName}");
        return staged.PublishedName.Length == 0 && system.Volume.RequireFiles().FileExists(path)
            ? DriverPackage.Read(system.Volume.RequireFiles(), path)
            : null;
    }

    private static DriverPackage FromStore(WindowsSystem system, StagedDriver existing) =>
        DriverPackage.Read(system.Volume.RequireFiles(),
            FileRepository.PathOf(system, existing.PackageName, existing.InfName));

    private static StagingResult StageLegacy(WindowsSystem system, DriverPackageCheck check, DriverEntry? entry, StagingOptions options)
    {
        var folder = system.PathOf($@"{DevicePath.Folder}\{LegacyStaging.FolderOf(check.Package.InfName)}\{check.Package.InfName}");
        var files = system.Volume.RequireFiles();
        var package = check.Package;
        if (files.FileExists(folder) && DriverPackage.Read(files, folder) is { } ours && ours.Version.CompareTo(package.Version) > 0)
        {
            package = ours; // a newer one of ours stays
        }

        var plan = new StagingPlan(system, package, check.Target, new PublishedNames("", ""), ReferenceEquals(package, check.Package),
            entry, check.SignerName, check.IsSigned, options);
        var known = Inspect(system, options.Manifest).Where(s => s.Entry is not null && s.Entry.Id == entry?.Id).ToList();
        if (!plan.IsBootCritical && known.Exists(s => s.Version.CompareTo(package.Version) >= 0 && (s.PublishedName.Length > 0
            || (DevicePath.Contains(system, LegacyStaging.FolderOf(s.InfName))
                && StoreCheck.Problems(system, s, check.Target, options.AllowUnsigned).Count == 0))))
        {
            var best = known.MaxBy(s => s.Version)!;
            return new StagingResult(StagingOutcome.Completed, best.PublishedName, "", best.InfName, best.Version);
        }

        new LegacyStaging(plan).Write();
        return new StagingResult(StagingOutcome.Staged, "", "", package.InfName, package.Version);
    }
}
