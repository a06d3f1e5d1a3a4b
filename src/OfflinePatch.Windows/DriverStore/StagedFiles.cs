using OfflinePatch.Core;
using OfflinePatch.Drivers.Inf;
using OfflinePatch.Drivers.Pe;
using OfflinePatch.Drivers.Signatures;
using OfflinePatch.Windows.Guest;

namespace OfflinePatch.Windows.DriverStore;

/// <summary>Writes the files of a package (drivers.md §3.1), and tells Windows which of them it protects (§3.7).</summary>
internal sealed class StagedFiles(StagingPlan plan)
{
    /// <summary>The directory of catalogues of drivers, in every Windows (DRIVER_ACTION_VERIFY).</summary>
    public const string CatalogRoot = @"System32\CatRoot\{F750E6C3-38EE-11D1-85E5-00C04FC295EE}";

    private const int MaximumCompared = 256 * 1024 * 1024;

    private readonly IWritableFileSystem _files = plan.System.Files;

    /// <summary>The store, the published INF and catalogue, and for configured packages the files that belong elsewhere.</summary>
    public void Write()
    {
        WriteStore();
        var inf = plan.System.PathOf("INF");
        _files.CreateDirectory(inf);
        WriteMissing($"{inf}\\{plan.Names.Published}", plan.Package.InfContent);
        WriteCatalog(plan.Names.Catalog);
        if (plan.IsConfigured)
        {
            WriteReflected();
        }
    }

    /// <summary>The package's catalogue among the others, under a name of its own.</summary>
    public void WriteCatalog(string name)
    {
        if (plan.Package.CatalogName(plan.Target.Architecture) is { } catalog && plan.Package.ReadFile(catalog) is { } content)
        {
            var directory = plan.System.PathOf(CatalogRoot);
            _files.CreateDirectory(directory);
            WriteMissing($"{directory}\\{name}", content);
        }
    }

    /// <summary>Files whose destination is not the package's own directory; and every boot driver, into System32\drivers.</summary>
    public void WriteReflected()
    {
        foreach (var (source, path, directoryId) in plan.Reflected())
        {
            if (Reflect(source, path))
            {
                ProtectFile(directoryId, path, source);
            }
        }
    }

    private void WriteStore()
    {
        var directory = plan.Directories.PackageDirectory;
        if (plan.IsNew && _files.FileExists($"{directory}\\{plan.Package.InfName}")
            && !_files.ReadFile($"{directory}\\{plan.Package.InfName}", MaximumCompared).AsSpan().SequenceEqual(plan.Package.InfContent))
        {
            throw DriverStoreError.PackageNameTaken(plan.Names.Package);
        }

        _files.CreateDirectory(directory);
        WriteMissing($"{directory}\\{plan.Package.InfName}", plan.Package.InfContent);
        foreach (var file in plan.Package.Files(plan.Target).Append(plan.Package.CatalogName(plan.Target.Architecture)))
        {
            if (file is not null && plan.Package.ReadFile(file) is { } content)
            {
                if (FilePath.ParentOf(file) is { Length: > 0 } folder)
                {
                    _files.CreateDirectory($"{directory}\\{folder}");
                }

                WriteListed($"{directory}\\{file}", file, content);
            }
        }
    }

    /// <summary>Writes a file into a place that is the package's own, unless it is there.</summary>
    private void WriteMissing(string path, byte[] content)
    {
        if (!_files.FileExists(path))
        {
            _files.WriteFile(path, content);
        }
    }

    /// <summary>
    /// Writes a file of the store; one that is there stays, unless the catalogue of the package lists another content for it.
    /// </summary>
    private void WriteListed(string path, string file, byte[] content)
    {
        if (!_files.FileExists(path))
        {
            _files.WriteFile(path, content);
        }
        else if (!plan.IsNew && StoreCheck.IsWhole(plan.Package, plan.Target, file)
            && !_files.ReadFile(path, MaximumCompared).AsSpan().SequenceEqual(content))
        {
            _files.WriteFile(path, content);
        }
    }

    /// <summary>
    /// Writes a file to its place, and says whether it is there as a file of drivers. One that was there with the same content and without
    /// a record belongs to something else: it gets none, and stays when the package is removed.
    /// </summary>
    private bool Reflect(string source, string path)
    {
        if (plan.Package.ReadFile(source) is not { } content)
        {
            return false;
        }

        if (_files.FileExists(path))
        {
            var existing = _files.ReadFile(path, MaximumCompared);
            if (existing.AsSpan().SequenceEqual(content))
            {
                return IsOurs(path);
            }

            var there = PeImage.TryParse(existing, out _);
            var (old, own) = (there?.FileVersion, PeImage.TryParse(content, out _)?.FileVersion);
            if (there?.Architecture == plan.Target.Architecture && old is not null && own is not null
                && old.Value.CompareTo(own.Value) > 0 && IsOurs(path))
            {
                return true; // the newer one stays
            }

            if (existing.Length > 0 && !IsOurs(path))
            {
                throw DriverStoreError.ForeignFile(plan.System.GuestPath(path), plan.Package.Path);
            }
        }

        if (FilePath.ParentOf(path) is { Length: > 0 } folder)
        {
            _files.CreateDirectory(folder);
        }

        _files.WriteFile(path, content);
        return true;
    }

    /// <summary>
    /// A file may be replaced when the manifest knows it as one of this driver's, or when Windows says that an oemN.inf brought it. Nothing
    /// else is overwritten: a package may list any name, also one of Windows' own drivers.
    /// </summary>
    private bool IsOurs(string path)
    {
        var name = FilePath.NameOf(path);
        if (plan.Entry is { } entry
            && entry.Inf.Select(i => System.IO.Path.ChangeExtension(i, ".sys")).Concat(entry.Services.Select(s => s + ".sys"))
                .Concat(entry.Files ?? [])
            .Contains(name, StringComparer.OrdinalIgnoreCase))
        {
            return true;
        }

        return plan.System.Find(HiveName.Software)?.Root.Find($@"{PnpLockdown.Key}\{PnpLockdown.NameOf(plan.System, path)}") is { } record
            && (record.GetMultiString("Owners") ?? []).Any(o => PublishedNames.NumberOf(o) is not null);
    }

    private void ProtectFile(int directoryId, string path, string source)
    {
        if (PnpLockdown.Covers(plan.System, directoryId, path) && plan.Target.HasDriverDatabase)
        {
            PnpLockdown.Add(plan, path, source);
        }
    }
}
