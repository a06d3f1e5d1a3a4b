using OfflinePatch.Drivers;
using OfflinePatch.Windows.DriverStore;
using OfflinePatch.Windows.Targets;

namespace OfflinePatch.Windows.Rules.Drivers;

/// <summary>
/// <c>drivers.devices</c>: Windows has a driver for each PCI device that the target gives the machine, one of its own or a staged one whose
/// files are whole. The list is that of the profile, or the user's, for a host whose devices he knows (bare metal, passed-through cards).
/// Without a list nothing is said.
/// </summary>
internal sealed class DriversDevicesRule() : Rule(Description)
{
    private static readonly RuleContract Description = new("drivers.devices")
    {
        Title = "Windows has a driver for each device of the target",
        Severity = RuleSeverity.Warning,
        Source = "learn.microsoft.com: Identifiers for PCI Devices; the devices of QEMU machines: docs/specs/pci-ids of QEMU",
        Summary = @"DriverDatabase\DeviceIds\PCI of SYSTEM and DRIVERS (the INFs of Windows\INF on Windows 7), for the devices of "
            + @"--devices. A storage or network device without a driver is an error.",
        UsesDriverSources = false,
    };

    /// <inheritdoc/>
    public override Finding Inspect(RuleContext context)
    {
        if (context.Sources.Devices is not { Count: > 0 } devices)
        {
            return Finding.NotApplicable("No list of the target's devices was given (--devices).");
        }

        var drivers = DeviceDrivers.Of(context.Windows);
        var target = DriverTarget.Of(context.Windows);
        var staged = GuestDriverStore.Inspect(context.Windows, context.Sources.Manifest);
        var missing = new List<string>();
        var found = new List<string>();
        var isError = false;
        foreach (var device in devices)
        {
            var (driver, problem) = Best(context, drivers, staged, target, device);
            if (driver is not null && problem is null)
            {
                found.Add($"{Name(device)}: {driver.Inf}");
                continue;
            }

            missing.Add(driver is null ? $"{Name(device)}: none" : $"{Name(device)}: {driver.Inf}, and {problem}");
            isError |= device.IsStorage || device.IsNetwork;
        }

        var unknown = drivers.IsComplete ? "" : " The DRIVERS hive is not there: drivers that it indexes are not known.";
        return missing.Count == 0
            ? Finding.Ok($"Each of the {devices.Count} devices has a driver.{unknown}") with { Before = string.Join("; ", found) }
            : Finding.Failed(
                $"{missing.Count} of {devices.Count} devices of the target have no driver that can be used: "
                    + $"{string.Join("; ", missing.Take(12))}{(missing.Count > 12 ? $"; and {missing.Count - 12} more" : "")}.{unknown}",
                "Stage one with `offlinepatch drivers add IMAGE PATH`, or for VirtIO and Xen with `fix --drivers PATH`.",
                string.Join("; ", missing.Concat(found))) with
            { Severity = isError ? RuleSeverity.Error : RuleSeverity.Warning };
    }

    /// <summary>The first driver that can be used, or else the best with what is wrong with it.</summary>
    private static (DeviceDriver? Driver, string? Problem) Best(RuleContext context, DeviceDrivers drivers,
        IReadOnlyList<StagedDriver> staged, WindowsTarget target, PciDevice device)
    {
        (DeviceDriver? Driver, string? Problem) best = default;
        foreach (var driver in drivers.Find(device))
        {
            var packages = staged.Where(s => s.PublishedName.Equals(driver.Inf, StringComparison.OrdinalIgnoreCase)).ToList();
            var problem = packages.Count == 0 ? null
                : packages.TrueForAll(p => !p.HasFiles) ? "its INF is not in the driver store"
                : packages.Select(p => StoreCheck.Problems(context.Windows, p, target, context.Request.AllowUnsigned))
                    .MinBy(p => p.Count) is [var first, ..] ? first
                : null;
            if (problem is null)
            {
                return (driver, null);
            }

            best = best.Driver is null ? (driver, problem) : best;
        }

        return best;
    }

    private static string Name(PciDevice device) => $"{device.Vendor}:{device.Device}{(device.Title.Length > 0 ? $" {device.Title}" : "")}";
}
