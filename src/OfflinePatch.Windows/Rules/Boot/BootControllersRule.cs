using OfflinePatch.Drivers;
using OfflinePatch.Windows.Guest;
using OfflinePatch.Windows.Targets;

namespace OfflinePatch.Windows.Rules.Boot;

/// <summary>
/// <c>boot.controllers</c>: Windows can find its disk behind IDE, AHCI and NVMe with its own drivers, and no filter stops the boot
/// (images-and-cloud.md §4.2 and §4.3, drivers.md §12). The first start on the target is on an IDE disk, whatever VirtIO drivers are
/// staged.
/// </summary>
internal sealed class BootControllersRule() : Rule(Description)
{
    /// <summary>What every boot needs; Start may also be one of the values in the last column.</summary>
    private static readonly (string Service, uint Wanted, uint[] Allowed)[] Chain =
    [
        ("ACPI", 0, [0]), ("pci", 0, [0]), ("volmgr", 0, [0]), ("mountmgr", 0, [0]), ("disk", 0, [0]), ("partmgr", 0, [0, 1]),
    ];

    /// <summary>
    /// Other drivers between the disk and Windows, with the value of healthy systems (Windows 7, 8.1 and 10). Only
    /// Start=4 is evidence.
    /// </summary>
    private static readonly (string Service, uint Start)[] NeverDisabled =
        [("volume", 0), ("volsnap", 0), ("FltMgr", 0), ("Wdf01000", 0), ("KSecDD", 0), ("CNG", 0), ("CLFS", 0), ("Ntfs", 3)];

    private static readonly string[] DefaultControllers = ["intelide", "pciide", "atapi", "storahci", "msahci", "stornvme"];

    /// <summary>
    /// Compatible ids that Windows 7 and older need in the CriticalDeviceDatabase (KB 314082 "mergeide"; 7010 is QEMU's PIIX3).
    /// </summary>
    private static readonly (string Id, string Service, string ClassGuid)[] CriticalDevices =
    [
        ("primary_ide_channel", "atapi", DeviceClass.Hdc),
        ("secondary_ide_channel", "atapi", DeviceClass.Hdc),
        ("gendisk", "disk", DeviceClass.DiskDrive),
        ("pci#cc_0101", "pciide", DeviceClass.Hdc),
        ("pci#ven_8086&dev_7010", "intelide", DeviceClass.Hdc),
        ("pci#cc_010601", "msahci", DeviceClass.Hdc),
    ];

    private static readonly ListParameter Controllers = new("controllers", DefaultControllers,
        "The services of Windows' own disk controllers that must start at boot.");

    private static readonly RuleContract Description = new("boot.controllers")
    {
        Title = "Windows starts from an IDE, AHCI or NVMe disk",
        Source = "Huawei IMS/OTC: the IDE driver is restored for the initial start; Azure win-fix-inaccessible-boot-device.ps1; KB 314082",
        Summary = @"Services\{ACPI, pci, volmgr, mountmgr, disk, partmgr} and {intelide, pciide, atapi, storahci, msahci, stornvme}: "
            + @"Start=0, no StartOverride, their files; {volume, volsnap, FltMgr, Wdf01000, KSecDD, CNG, CLFS, Ntfs} not disabled; files "
            + @"of drivers with Start=0 and ErrorControl 2 or 3; UpperFilters and LowerFilters of Control\Class (DiskDrive, HDC, "
            + @"SCSIAdapter, System, Volume) and of such devices under Enum: filters without service or file, and disabled ones, "
            + @"removed; others Start=0, no StartOverride; Windows 7: Control\CriticalDeviceDatabase entries of IDE.",
        CanFix = true,
        Parameters = [Controllers],
    };

    /// <inheritdoc/>
    public override Finding Inspect(RuleContext context)
    {
        var repairs = context.Windows.BootControlSets.SelectMany(s => Repairs(context, s)).ToList();
        if (repairs.Where(r => r.Blocker is not null).ToList() is [var first, ..] blockers)
        {
            return Finding.Failed(
                $"{first.Blocker}{(blockers.Count > 1 ? $" There are {blockers.Count - 1} more." : "")}",
                "Repair Windows in the source machine (`sfc /scannow`; a third-party driver: install it again, or remove it), then "
                    + "export it again.",
                string.Join("; ", blockers.Select(b => b.Before)));
        }

        return repairs.Count == 0
            ? Finding.Ok($"Windows' own drivers for disk controllers ({string.Join(", ", Present(context))}) start at boot, and so "
                + "does every filter in the lists of the classes and devices between processor and disk.")
            : Finding.Broken(
                $"{repairs[0].Before}{(repairs.Count == 1 ? "" : $", and {repairs.Count - 1} more")}: Windows may not find its disk.",
                string.Join("; ", repairs.Select(r => r.Before)), string.Join("; ", repairs.Select(r => r.After).Distinct()));
    }

    /// <inheritdoc/>
    public override void Fix(RuleContext context)
    {
        foreach (var repair in context.Windows.BootControlSets.SelectMany(s => Repairs(context, s)).ToList())
        {
            repair.Apply();
        }
    }

    private static IEnumerable<string> Present(RuleContext context) =>
        context.Profile.Value(Description.Id, Controllers).Where(c => context.Windows.Current.Service(c)?.GetDword("Start") == 0);

    private static IEnumerable<Repair> Repairs(RuleContext context, ControlSet set)
    {
        foreach (var (service, wanted, allowed) in Chain)
        {
            if (set.Service(service) is not { } key)
            {
                yield return NoService(set, service);
                continue;
            }

            foreach (var repair in StartRepairs(context, set, key, wanted, allowed))
            {
                yield return repair;
            }
        }

        foreach (var (service, start) in NeverDisabled)
        {
            if (set.Service(service) is { } key && key.GetDword("Start") == ServiceImage.Disabled)
            {
                yield return new Repair(
                    key, $@"{set.Name}\Services\{key.Name}\Start=4 (disabled)", $"{key.Name}: {ServiceImage.StartText(start)}", null,
                    () => key.SetDword("Start", start));
            }
        }

        foreach (var repair in IdeRepairs(context, set).Concat(BootDriverRepairs(context, set)))
        {
            yield return repair;
        }

        foreach (var service in context.Profile.Value(Description.Id, Controllers))
        {
            if (set.Service(service) is { } key)
            {
                foreach (var repair in StartRepairs(context, set, key, 0, [0]))
                {
                    yield return repair;
                }
            }
        }

        foreach (var (filter, fault) in DeviceFilters.Broken(context.Windows, set))
        {
            if (FilterRepair(context, set, filter, fault) is { } repair)
            {
                yield return repair;
            }
        }

        foreach (var repair in CriticalDeviceRepairs(context, set))
        {
            yield return repair;
        }
    }

    /// <summary>
    /// What makes a filter harmless: one that Windows does not need and that has no driver, or is disabled, leaves its list; one that has a
    /// driver starts at boot.
    /// </summary>
    private static Repair? FilterRepair(RuleContext context, ControlSet set, DeviceFilter filter, FilterFault fault)
    {
        var service = set.Service(filter.Filter);
        var place = $@"{filter.Key.Path}\{filter.Value}: {filter.Filter}";
        var isInbox = DeviceFilters.IsInbox(filter.Filter);
        if (fault is FilterFault.NoService or FilterFault.NotADriver or FilterFault.NoFile or FilterFault.WrongMachine && isInbox)
        {
            return fault is FilterFault.NoService or FilterFault.NotADriver
                ? NoService(set, filter.Filter)
                : NoFile(context, service!, $"{place} has no driver file");
        }

        return fault switch
        {
            FilterFault.NoService or FilterFault.NotADriver or FilterFault.NoFile or FilterFault.WrongMachine =>
                Removal(DeviceFilters.Text(fault)),
            FilterFault.Disabled when !isInbox => Removal($@"is disabled ({set.Name}\Services\{filter.Filter}\Start=4)"),
            FilterFault.Overridden => new Repair(
                filter.Key, $@"{place} is overridden ({set.Name}\Services\{filter.Filter}\StartOverride)", $"{filter.Filter}: no override",
                null, () => service!.DeleteSubKeyTree("StartOverride")),

            // winload opens a boot driver below the Windows directory only: \??\C:\… is a path for later.
            FilterFault.NotBootStart when !isInbox
                && service!.GetString("ImagePath")?.StartsWith(@"\??\", StringComparison.Ordinal) == true =>
                    Removal("cannot start at boot"),
            // as in Chain
            _ when set.Service("partmgr")?.Name is { } name && name.Equals(filter.Filter, StringComparison.OrdinalIgnoreCase)
                && service!.GetDword("Start") == 1 => null,
            _ => new Repair(
                filter.Key, $@"{place} does not start at boot ({set.Name}\Services\{filter.Filter}\Start={service!.GetDword("Start")})",
                $"{filter.Filter}: boot", null,
                () => service.SetDword("Start", 0)),
        };

        Repair Removal(string why) =>
            new(filter.Key, $"{place} {why}", $"{filter.Filter} removed", null, () => DeviceFilters.Remove(filter));
    }

    private static IEnumerable<Repair> StartRepairs(RuleContext context, ControlSet set, GuestKey key, uint wanted, uint[] allowed)
    {
        if (key.GetDword("Start") is { } start && !allowed.Contains(start))
        {
            var missing = ServiceImage.HasFile(context.Windows, key) == false ? ServiceImage.Resolve(context.Windows, key) : null;
            if (missing is not null && start != ServiceImage.Disabled)
            {
                yield break; // a driver on demand that is not there (an unused generation of AHCI): leave it
            }

            var before = $@"{set.Name}\Services\{key.Name}\Start={start} ({ServiceImage.StartText(start)})";
            yield return missing is not null
                ? NoFile(context, key, before)
                : new Repair(key, before, $"{key.Name}: boot", null, () => key.SetDword("Start", wanted));
        }
        else if (ServiceImage.HasFile(context.Windows, key) != true)
        {
            yield return NoFile(context, key, $@"{set.Name}\Services\{key.Name} has no driver file");
        }

        if (key.Find("StartOverride") is { } overrides
            && overrides.Values.FirstOrDefault(v => overrides.GetDword(v.Name) is not 0) is { } value)
        {
            yield return new Repair(
                key, $@"{set.Name}\Services\{key.Name}\StartOverride\{value.Name}={overrides.GetDword(value.Name)}",
                $"{key.Name}: no override", null,
                () => key.DeleteSubKeyTree("StartOverride"));
        }
    }

    private static IEnumerable<Repair> CriticalDeviceRepairs(RuleContext context, ControlSet set)
    {
        if (context.Windows.Facts.AtLeast(6, 2) || set.Find(@"Control\CriticalDeviceDatabase") is not { } database)
        {
            yield break;
        }

        foreach (var (id, service, classGuid) in CriticalDevices)
        {
            var named = database.Find(id)?.GetString("Service");
            if (set.Service(service) is not null
                && (named is null || (!named.Equals(service, StringComparison.OrdinalIgnoreCase)
                    && set.Service(named)?.GetDword("Start") is not 0)))
            {
                yield return new Repair(
                    database,
                    $@"{set.Name}\Control\CriticalDeviceDatabase\{id} "
                        + (named is null ? "is missing" : $"names {named}, which does not start at boot"),
                    $"{id} → {service}", null,
                    () =>
                    {
                        var key = database.Create(id);
                        key.SetString("Service", service);
                        key.SetString("ClassGUID", classGuid);
                    });
            }
        }
    }

    /// <summary>
    /// IDE needs the driver of the channels and one of the controllers' drivers; where Windows has neither, they cannot be added here.
    /// </summary>
    private static IEnumerable<Repair> IdeRepairs(RuleContext context, ControlSet set)
    {
        var wanted = context.Profile.Value(Description.Id, Controllers);
        if (context.Windows.Facts is not { Architecture: ProcessorArchitecture.Amd64 or ProcessorArchitecture.X86 }
            || !wanted.Contains("atapi", StringComparer.OrdinalIgnoreCase))
        {
            yield break;
        }

        if (set.Service("atapi") is null)
        {
            yield return NoService(set, "atapi");
        }

        if (set.Service("intelide") is null && set.Service("pciide") is null)
        {
            yield return NoService(set, "intelide");
        }
    }

    /// <summary>
    /// Third-party drivers that start at boot, that Windows requires (ErrorControl 2 or 3), and whose file is missing: the start
    /// fails there. Source: learn.microsoft.com, INF AddService directive (ErrorControl: SERVICE_ERROR_SEVERE, SERVICE_ERROR_CRITICAL).
    /// </summary>
    private static IEnumerable<Repair> BootDriverRepairs(RuleContext context, ControlSet set)
    {
        var known = Chain.Select(c => c.Service).Concat(context.Profile.Value(Description.Id, Controllers))
            .ToHashSet(StringComparer.OrdinalIgnoreCase);
        foreach (var service in set.Find("Services")?.SubKeys ?? [])
        {
            if (service.GetDword("Start") == 0 && service.GetDword("ErrorControl") is 2 or 3 && ServiceImage.IsDriver(service)
                && !known.Contains(service.Name)
                && ServiceImage.HasFile(context.Windows, service) != true)
            {
                yield return NoFile(context, service,
                    $@"{set.Name}\Services\{service.Name} (Start=0, ErrorControl={service.GetDword("ErrorControl")}) has no driver file");
            }
        }
    }

    private static Repair NoService(ControlSet set, string service) =>
        new(set.Key, $@"{set.Name}\Services\{service} is missing", "",
            $@"{set.Key.Path}\Services\{service} is missing: Windows does not find its disk without it.", () => { });

    private static Repair NoFile(RuleContext context, GuestKey service, string before)
    {
        var path = ServiceImage.Resolve(context.Windows, service);
        var file = path is null ? service.GetString("ImagePath") ?? "a driver file" : context.Windows.GuestPath(path);
        return new Repair(service, before, "", $"{service.Path} needs {file}, which is missing.", () => { });
    }

    /// <summary>One thing to repair.</summary>
    /// <param name="Key">The key.</param>
    /// <param name="Before">What is there.</param>
    /// <param name="After">What should be there.</param>
    /// <param name="Blocker">Why it cannot be repaired, as a sentence; or null.</param>
    /// <param name="Apply">Fixes it.</param>
    private sealed record Repair(GuestKey Key, string Before, string After, string? Blocker, Action Apply);
}
