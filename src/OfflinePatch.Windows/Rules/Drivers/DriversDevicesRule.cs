using OfflinePatch.Drivers;
using OfflinePatch.Drivers.Packages;
using OfflinePatch.Windows.DriverStore;
using OfflinePatch.Windows.Targets;

namespace OfflinePatch.Windows.Rules.Drivers;

/// <summary>
/// <c>drivers.devices</c>: Windows has a driver for each PCI device that the target gives the machine, one of its own or a staged one whose
/// files are intact. The list is that of the profile, or the user's, for a host whose devices are known (bare metal, passed-through cards).
/// Without a list nothing is reported. What the sources hold for a device without a driver is staged, whoever made it.
/// </summary>
internal sealed class DriversDevicesRule() : Rule(Description)
{
    private static readonly RuleContract Description = new("drivers.devices")
    {
        Title = "Windows has a driver for each device of the target",
        Severity = RuleSeverity.Warning,
        Source = "learn.microsoft.com: Identifiers for PCI Devices; the devices of QEMU machines: docs/specs/pci-ids of QEMU",
        Summary = @"DriverDatabase\DeviceIds\PCI of SYSTEM and DRIVERS (the INFs of Windows\INF on Windows 7), for the devices of "
            + @"--devices. A storage or network device without a driver is an error. A package of --drivers that serves such a device is "
            + @"staged, with its services and DriverDatabase entries.",
        CanFix = true,
        UsesDriverSources = true,
        MayLackSource = true,
    };

    /// <inheritdoc/>
    public override Finding Inspect(RuleContext context)
    {
        if (context.Sources.Devices is not { Count: > 0 } devices)
        {
            return Finding.NotApplicable("No list of the target's devices was given (--devices).");
        }

        var index = new DeviceIndex(context);
        var (missing, found) = (new List<(PciDevice Device, string State)>(), new List<string>());
        foreach (var device in devices)
        {
            var (driver, problem) = index.Best(device);
            if (driver is not null && problem is null)
            {
                found.Add($"{Name(device)}: {driver.Inf}");
            }
            else
            {
                missing.Add((device, driver is null ? $"{Name(device)}: none" : $"{Name(device)}: {driver.Inf}, and {problem}"));
            }
        }

        var unknown = index.IsComplete ? "" : " The DRIVERS hive is not there: drivers that it indexes are not known.";
        if (missing.Count == 0)
        {
            return Finding.Ok($"Each of the {devices.Count} devices has a driver.{unknown}") with { Before = string.Join("; ", found) };
        }

        var message = $"{missing.Count} of {devices.Count} devices of the target have no driver that can be used: "
            + $"{string.Join("; ", missing.Take(12).Select(m => m.State))}{(missing.Count > 12 ? $"; and {missing.Count - 12} more" : "")}."
            + unknown;
        var before = string.Join("; ", missing.Select(m => m.State).Concat(found));
        var severity = missing.Exists(m => m.Device.IsStorage || m.Device.IsNetwork) ? RuleSeverity.Error : RuleSeverity.Warning;
        var offered = Offered(context, missing.Select(m => m.Device)).ToLookup(o => o.Check.IsUsable(context.Request.AllowUnsigned));
        var after = string.Join("; ",
            offered[true].Select(o => $"{Name(o.Device)}: {o.Check.Package.InfName} {o.Check.Package.Version}"));
        var finding = after.Length > 0 ? Finding.Broken(message, before, after)
            : Finding.Failed(message, Remedy(context, [.. offered[false]]), before);
        return finding with { Severity = severity };
    }

    /// <inheritdoc/>
    public override void Fix(RuleContext context)
    {
        var index = new DeviceIndex(context);
        var missing = context.Sources.Devices.Where(d => index.Best(d) is { Driver: null } or { Problem: not null });
        foreach (var check in Offered(context, missing).Select(o => o.Check).Where(c => c.IsUsable(context.Request.AllowUnsigned))
            .DistinctBy(c => c.Package))
        {
            context.Planner().Stage(check);
        }
    }

    /// <summary>What the sources hold for devices.</summary>
    private static List<(PciDevice Device, DriverPackageCheck Check)> Offered(RuleContext context, IEnumerable<PciDevice> devices)
    {
        if (!context.Sources.HasDrivers)
        {
            return [];
        }

        var target = DriverTarget.Of(context.Windows);
        var packages = context.Sources.DriverPackages.ToList();
        var passedOver = PackageChoice.PassedOver(packages, target, context.Staging);
        packages.RemoveAll(passedOver.ContainsKey);
        return [.. from device in devices
            let check = PackageChoice.For(device, packages, target, context.Staging)
            where check is not null
            select (device, check)];
    }

    private static string Remedy(RuleContext context, List<(PciDevice Device, DriverPackageCheck Check)> offered) => offered switch
    {
        [var (device, check), ..] => $"{check.Package.Path} is for {Name(device)}, but is not used: "
            + $"{check.Findings.First(f => f.Kind != DriverFindingKind.Warning).Message.TrimEnd('.')}. Name a source with another one.",
        [] when context.Sources.HasDrivers => "The sources hold no driver for them. Name one that does with --drivers PATH, repeated.",
        [] => "Name a source that holds their drivers with --drivers PATH, or stage one with `offlinepatch drivers add IMAGE PATH`.",
    };

    private static string Name(PciDevice device) => $"{device.Vendor}:{device.Device}{(device.Title.Length > 0 ? $" {device.Title}" : "")}";

    /// <summary>The drivers that a Windows has now, for devices.</summary>
    private sealed class DeviceIndex(RuleContext context)
    {
        private readonly DeviceDrivers _drivers = DeviceDrivers.Of(context.Windows);
        private readonly WindowsTarget _target = DriverTarget.Of(context.Windows);
        private readonly IReadOnlyList<StagedDriver> _staged = GuestDriverStore.Inspect(context.Windows, context.Sources.Manifest);

        public bool IsComplete => _drivers.IsComplete;

        /// <summary>The first driver that can be used, or else the best with what is wrong with it.</summary>
        public (DeviceDriver? Driver, string? Problem) Best(PciDevice device)
        {
            (DeviceDriver? Driver, string? Problem) best = default;
            foreach (var driver in _drivers.Find(device))
            {
                var packages = _staged.Where(s => s.PublishedName.Equals(driver.Inf, StringComparison.OrdinalIgnoreCase)).ToList();
                var problem = packages.Count == 0 ? null
                    : packages.TrueForAll(p => !p.HasFiles) ? "its INF is not in the driver store"
                    : packages.Select(p => StoreCheck.Problems(context.Windows, p, _target, context.Request.AllowUnsigned))
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
    }
}
