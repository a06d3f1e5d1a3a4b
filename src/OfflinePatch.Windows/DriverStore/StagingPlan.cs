using OfflinePatch.Core;
using OfflinePatch.Drivers;
using OfflinePatch.Drivers.Inf;
using OfflinePatch.Drivers.Manifest;
using OfflinePatch.Drivers.Packages;
using OfflinePatch.Windows.Guest;

namespace OfflinePatch.Windows.DriverStore;

/// <summary>How one package is staged into one Windows: everything that the writers need, decided once.</summary>
internal sealed class StagingPlan
{
    private const int MaximumIdLength = 200; // MAX_DEVICE_ID_LEN

    public StagingPlan(
        WindowsSystem system, DriverPackage package, WindowsTarget target, PublishedNames names, bool isNew, DriverEntry? entry,
        string signerName, bool isSigned, StagingOptions options)
    {
        System = system;
        Package = package;
        Target = target;
        Names = names;
        IsNew = isNew;
        Entry = entry;
        SignerName = signerName;
        IsSigned = isSigned;
        Clock = options.Clock;
        IsStoreOnly = options.StoreOnly;
        Directories = new GuestDirectories(system, target.Architecture, names.Package);
        var includes = new Dictionary<string, InfFile?>(StringComparer.OrdinalIgnoreCase);
        Effects = package.Effects(target,
            new InfEvaluationOptions { Include = name => Include(name, includes), Directory = Directories.GuestPath });
        Models = package.Models(target).Models;
        Hive = target.HasDriverDatabase ? DriverClass.HiveOf(system, ClassGuid) : HiveName.System;
        IsBootCritical = !IsStoreOnly && entry is not { BootCritical: false } && DriverClass.IsBootCritical(ClassGuid, Effects);
        if (Models.SelectMany(m => m.Ids).FirstOrDefault(i => i.Length > MaximumIdLength) is { } longId)
        {
            throw DriverStoreError.IdTooLong(package.Path, longId);
        }

        foreach (var service in Effects.SelectMany(e => e.Services)
            .Where(s => IsBootCritical && s.StartType == 0 && s.Binary is not null && Owns(s)))
        {
            if (SourceOf(service.Binary!.FileName) is null)
            {
                throw DriverStoreError.ServiceFileMissing(service.Name, package.Path);
            }
        }
    }

    public WindowsSystem System { get; }

    public DriverPackage Package { get; }

    public WindowsTarget Target { get; }

    public PublishedNames Names { get; }

    /// <summary>Whether the package gets names of its own now; false when it is in the store already and is only completed.</summary>
    public bool IsNew { get; }

    /// <summary>The driver of the manifest that this package is, or null.</summary>
    public DriverEntry? Entry { get; }

    public string SignerName { get; }

    public bool IsSigned { get; }

    public TimeProvider Clock { get; }

    /// <summary>Whether nothing of it may run before Windows meets its device.</summary>
    public bool IsStoreOnly { get; }

    public GuestDirectories Directories { get; }

    public IReadOnlyList<InfModel> Models { get; }

    public IReadOnlyList<InfEffects> Effects { get; }

    /// <summary>The hive of its class.</summary>
    public HiveName Hive { get; }

    /// <summary>Whether Windows may need it to reach its disk: it is then made startable, not only staged.</summary>
    public bool IsBootCritical { get; }

    /// <summary>
    /// Whether the package is configured in the database, with services and files in place, or only staged for user mode to install.
    /// </summary>
    public bool IsConfigured => Hive == HiveName.System && !IsStoreOnly && !IsExtension;

    /// <summary>
    /// Whether the INF extends the drivers of others (class Extension): Windows applies it when it installs a device, after the INF of the
    /// device.
    /// </summary>
    public bool IsExtension => ClassGuid == DriverClass.Extension;

    public Guid ClassGuid => Package.Inf.Version.ClassGuid;

    /// <summary>
    /// Every device id: as hardware id (1) or compatible id (2, with its position), with the install section that serves it; 3 for the ids
    /// of an extension INF (corpus, Windows 10 1709: PerceptionSimulationSixDofModels.inf).
    /// </summary>
    public IEnumerable<(string Id, byte Kind, byte Position, InfModel Model, InfEffects Effects)> Ids()
    {
        var seen = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        foreach (var model in Models)
        {
            if (model.HardwareId.Length > 0 && seen.Add(model.HardwareId))
            {
                yield return (model.HardwareId, (byte)(IsExtension ? 3 : 1), 0, model, EffectsOf(model));
            }
        }

        foreach (var model in Models)
        {
            for (var i = 0; i < model.CompatibleIds.Count; i++)
            {
                if (seen.Add(model.CompatibleIds[i]))
                {
                    yield return (model.CompatibleIds[i], (byte)(IsExtension ? 3 : 2), (byte)Math.Min(i, 255), model, EffectsOf(model));
                }
            }
        }

        // Clouds use subsystem ids of their own: a boot driver must be found by vendor and device alone (virt-v2v leaves the subsystem out
        // too: inject_virtio_win.ml).
        foreach (var generic in IsBootCritical ? Entry?.GenericIds ?? [] : [])
        {
            if (Models.FirstOrDefault(m => m.Ids.Any(i => i.StartsWith(generic, StringComparison.OrdinalIgnoreCase))) is { } model
                && seen.Add(generic))
            {
                yield return (generic, 2, 0, model, EffectsOf(model));
            }
        }
    }

    /// <summary>The effects of the install section of a model.</summary>
    public InfEffects EffectsOf(InfModel model) =>
        Effects.First(e =>
            e.InstallSection.Equals(Package.Inf.FindInstallSection(model.InstallSection, Target.Architecture)?.Name,
                StringComparison.OrdinalIgnoreCase));

    /// <summary>The path in the package of a file by its name, or null.</summary>
    public string? SourceOf(string fileName) =>
        Package.Files(Target)
            .FirstOrDefault(f => f.Equals(fileName, StringComparison.OrdinalIgnoreCase)
                || f.EndsWith("\\" + fileName, StringComparison.OrdinalIgnoreCase));

    /// <summary>
    /// Whether a service is the package's own: its file is in the package. Others are services of Windows that an included INF names.
    /// </summary>
    public bool Owns(InfService service) => service.Binary is { } binary && SourceOf(binary.FileName) is not null;

    /// <summary>
    /// Where the file of a service is run from. A driver that starts at boot is always put into System32\drivers, also when its INF (DIRID
    /// 13) would run it from the driver store: that is the place that the field has proven for drivers that were put in offline.
    /// </summary>
    public InfService Placed(InfService service) =>
        IsBootCritical && service is { StartType: 0, Binary: { DirectoryId: 13 } binary }
            ? service with { Binary = new InfPath(12, binary.FileName) }
            : service;

    /// <summary>
    /// The files that stand outside the driver store too: those whose destination is not the package's own directory, and every boot
    /// driver, in System32\drivers. With the path in the package, the path on the volume, and the directory id that the INF gives.
    /// </summary>
    public IEnumerable<(string Source, string Path, int DirectoryId)> Reflected()
    {
        var done = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        foreach (var effects in Effects)
        {
            foreach (var copy in effects.Files)
            {
                // Drivers that start at boot are moved to System32\drivers, and what they import (xen.sys) with them.
                var destination = copy.Destination is { DirectoryId: 13 } own && IsBootCritical
                    && own.FileName.EndsWith(".sys", StringComparison.OrdinalIgnoreCase)
                    ? new InfPath(12, own.FileName)
                    : copy.Destination;
                if (copy.Source.Length > 0 && destination.DirectoryId != 13 && Directories.VolumePath(destination) is { } path
                    && done.Add(path))
                {
                    yield return (copy.Source, path, copy.Destination.DirectoryId);
                }
            }

            foreach (var service in effects.Services.Where(s => s is { StartType: 0, Binary: not null } && IsBootCritical && Owns(s)))
            {
                var binary = Placed(service).Binary!;
                if (Directories.VolumePath(binary) is { } path && done.Add(path))
                {
                    yield return (SourceOf(binary.FileName)!, path, 13);
                }
            }
        }
    }

    private InfFile? Include(string name, Dictionary<string, InfFile?> found)
    {
        if (!found.TryGetValue(name, out var inf))
        {
            inf = InboxInfs.Read(System, name);
            found.Add(name, inf);
        }

        return inf;
    }
}
