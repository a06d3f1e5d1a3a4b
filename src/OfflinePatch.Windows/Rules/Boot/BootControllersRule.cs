using OfflinePatch.Windows.Guest;
using OfflinePatch.Windows.Targets;

namespace OfflinePatch.Windows.Rules.Boot;

/// <summary>
/// <c>boot.controllers</c>: Windows can find its disk behind IDE, AHCI and NVMe with its own drivers, and no filter stops the boot
/// (images-and-cloud.md §4.2 and §4.3, drivers.md §12). The first start on the target is on an IDE disk, whatever VirtIO drivers are staged.
/// </summary>
internal sealed class BootControllersRule() : Rule(Description)
{
    /// <summary>What every boot goes through; Start may also be one of the values in the last column.</summary>
    private static readonly (string Service, uint Wanted, uint[] Allowed)[] Chain =
    [
        ("ACPI", 0, [0]), ("pci", 0, [0]), ("volmgr", 0, [0]), ("mountmgr", 0, [0]), ("disk", 0, [0]), ("partmgr", 0, [0, 1]),
    ];

    private static readonly string[] DefaultControllers = ["intelide", "pciide", "atapi", "storahci", "msahci", "stornvme"];

    /// <summary>Compatible ids that Windows 7 and older need in the CriticalDeviceDatabase (KB 314082 "mergeide"; 7010 is QEMU's PIIX3).</summary>
    private static readonly (string Id, string Service, string ClassGuid)[] CriticalDevices =
    [
        ("primary_ide_channel", "atapi", "{4D36E96A-E325-11CE-BFC1-08002BE10318}"),
        ("secondary_ide_channel", "atapi", "{4D36E96A-E325-11CE-BFC1-08002BE10318}"),
        ("gendisk", "disk", "{4D36E967-E325-11CE-BFC1-08002BE10318}"),
        ("pci#cc_0101", "pciide", "{4D36E96A-E325-11CE-BFC1-08002BE10318}"),
        ("pci#ven_8086&dev_7010", "intelide", "{4D36E96A-E325-11CE-BFC1-08002BE10318}"),
    ];

    private static readonly ListParameter Controllers = new("controllers", DefaultControllers, "The services of Windows' own disk controllers that must start at boot.");

    private static readonly RuleContract Description = new("boot.controllers")
    {
        Title = "Windows starts from an IDE, AHCI or NVMe disk",
        Source = "Huawei IMS/OTC: the IDE driver is restored for the initial start; Azure win-fix-inaccessible-boot-device.ps1; KB 314082",
        Summary = @"Services\{ACPI, pci, volmgr, mountmgr, disk, partmgr} and {intelide, pciide, atapi, storahci, msahci, stornvme}: Start=0, no StartOverride; UpperFilters and LowerFilters of Control\Class (DiskDrive, HDC, SCSIAdapter, System, Volume) and of such devices under Enum: filters without service or file removed; Windows 7: Control\CriticalDeviceDatabase entries of IDE.",
        CanFix = true,
        Parameters = [Controllers],
    };

    /// <inheritdoc/>
    public override Finding Inspect(RuleContext context)
    {
        var repairs = context.Windows.BootControlSets.SelectMany(s => Repairs(context, s)).ToList();
        if (repairs.Find(r => r.Missing is not null) is { } missing)
        {
            return Finding.Failed(
                $@"{missing.Key.Path} has to be enabled, but its file {context.Windows.GuestPath(missing.Missing!)} is missing.",
                "Repair Windows in the source machine (`sfc /scannow`), then export it again.",
                $"Start={missing.Key.GetDword("Start")}");
        }

        return repairs.Count == 0
            ? Finding.Ok("The inbox drivers of IDE, AHCI and NVMe start at boot, and every filter on the way to the disk has its driver.")
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

    private static IEnumerable<Repair> Repairs(RuleContext context, ControlSet set)
    {
        foreach (var (service, wanted, allowed) in Chain)
        {
            if (set.Service(service) is { } key)
            {
                foreach (var repair in StartRepairs(context, set, key, wanted, allowed))
                {
                    yield return repair;
                }
            }
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

        foreach (var filter in DeviceFilters.Broken(context.Windows, set))
        {
            yield return new Repair(
                filter.Key, $@"{filter.Key.Path}\{filter.Value}: {filter.Filter} has no driver file", $"{filter.Filter} removed", null,
                () => DeviceFilters.Remove(filter));
        }

        foreach (var repair in CriticalDeviceRepairs(context, set))
        {
            yield return repair;
        }
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

            yield return new Repair(
                key, $@"{set.Name}\Services\{key.Name}\Start={start} ({ServiceImage.StartText(start)})", $"{key.Name}: boot", missing,
                () => key.SetDword("Start", wanted));
        }

        if (key.Find("StartOverride") is { } overrides
            && overrides.Values.FirstOrDefault(v => overrides.GetDword(v.Name) is not 0) is { } value)
        {
            yield return new Repair(
                key, $@"{set.Name}\Services\{key.Name}\StartOverride\{value.Name}={overrides.GetDword(value.Name)}", $"{key.Name}: no override", null,
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
            if (set.Service(service) is not null && database.Find(id)?.GetString("Service") is null)
            {
                yield return new Repair(
                    database, $@"{set.Name}\Control\CriticalDeviceDatabase\{id} is missing", $"{id} → {service}", null,
                    () =>
                    {
                        var key = database.Create(id);
                        key.SetString("Service", service);
                        key.SetString("ClassGUID", classGuid);
                    });
            }
        }
    }

    /// <summary>One thing to mend.</summary>
    /// <param name="Key">The key.</param>
    /// <param name="Before">What is there.</param>
    /// <param name="After">What shall be there.</param>
    /// <param name="Missing">The file that is missing, so that it cannot be mended; or null.</param>
    /// <param name="Apply">Mends it.</param>
    private sealed record Repair(GuestKey Key, string Before, string After, string? Missing, Action Apply);
}
