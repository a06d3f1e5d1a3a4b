using OfflinePatch.Windows.DriverStore;
using OfflinePatch.Windows.Guest;
using OfflinePatch.Windows.Targets;

namespace OfflinePatch.Windows.Rules.Drivers;

/// <summary>
/// <c>drivers.database</c>: the index of drivers leads to drivers. Packages that are in the index only (tools for the migration of
/// machines invent them) break <c>pnputil</c> and Windows Update; a claim of <c>hidinterrupt.inf</c> on processors breaks their hot-plug;
/// and since Windows 8 entries of <c>CriticalDeviceDatabase</c> start nothing: a machine that was prepared with them alone stops with 0x7B.
/// Reported; the first two are removed with <c>--repair-devices</c>.
/// </summary>
internal sealed class DriversDatabaseRule() : Rule(Description)
{
    private const string Database = "DriverDatabase";
    private const string NoHash = "_0000000000000000";
    private const string Invented = "guestor.inf";
    private const string ProcessorId = @"DeviceIds\ACPI\ACPI0010";
    private const string ProcessorClaim = "hidinterrupt.inf";

    private static readonly string[] DiskDevices = ["VEN_1AF4&DEV_1001", "VEN_1AF4&DEV_1042", "VEN_1AF4&DEV_1004", "VEN_1AF4&DEV_1048"];

    private static readonly RuleContract Description = new("drivers.database")
    {
        Title = "The index of drivers leads to drivers",
        Severity = RuleSeverity.Warning,
        Source = "libguestfs-common pull request 17 (packages without files); migration-manager hivex-cpu-hotplug-compat.sh (ACPI0010); "
            + "boot logs of windows-auto-build-pipeline (CriticalDeviceDatabase)",
        Summary = $@"SYSTEM and DRIVERS: {Database}\DriverPackages\*{NoHash} and {Invented} without a folder in the driver store; "
            + $@"{Database}\{ProcessorId}: {ProcessorClaim}; Control\CriticalDeviceDatabase\pci#ven_1af4… without {Database}\DeviceIds. "
            + @"Reported; --repair-devices removes the packages, and the claim on processors.",
        CanFix = true,
    };

    /// <inheritdoc/>
    public override Finding Inspect(RuleContext context)
    {
        if (context.Windows.System.Root.Find(Database) is not { } system)
        {
            return Finding.NotApplicable("This Windows has no index of drivers.");
        }

        var phantoms = Phantoms(context).ToList();
        if (phantoms.Count > 0)
        {
            return WithRepair(context, Finding.Failed(
                $@"{phantoms[0].Database.Path}\DriverPackages\{phantoms[0].Package}"
                    + $"{(phantoms.Count > 1 ? $" and {phantoms.Count - 1} more" : "")}: the index of drivers names a package that is not "
                    + "in the driver store. It breaks `pnputil` and Windows Update.",
                "Run `offlinepatch fix --repair-devices`: it is removed from the index.",
                string.Join("; ", phantoms.Select(p => p.Package)), "not in the index"));
        }

        if (OldPreparation(context, system) is { } prepared)
        {
            return Finding.Failed(
                $@"{prepared}: a tool has prepared this machine with entries of CriticalDeviceDatabase, which Windows 8 and later do not "
                    + $@"read. {Database}\DeviceIds has no VirtIO disk: the machine stops with 0x7B.",
                "Name the VirtIO drivers with --drivers: they are staged as Windows itself does.", prepared);
        }

        return system.Find(ProcessorId)?.HasValue(ProcessorClaim) == true
            ? WithRepair(context, Finding.Failed(
                $@"{system.Path}\{ProcessorId}: {ProcessorClaim} claims the container of processors, so that a processor that is added "
                    + @"to the running machine gets the wrong driver.",
                "Install the updates of Windows, or run `offlinepatch fix --repair-devices`, which removes the claim.", ProcessorClaim,
                "no claim") with
            { Severity = RuleSeverity.Info })
            : Finding.Ok($@"{Database} has none of the packages without files that tools for migrations leave, and {ProcessorClaim} claims "
                + @"no processors.");
    }

    /// <inheritdoc/>
    public override void Fix(RuleContext context)
    {
        foreach (var (database, package) in Phantoms(context).ToList())
        {
            Remove(database, package);
        }

        var system = context.Windows.System.Root.Find(Database);
        if (system?.Find(ProcessorId) is { } claim && claim.DeleteValue(ProcessorClaim)
            && system.Find($@"DriverInfFiles\{ProcessorClaim}")?.GetString("Active") is { } active)
        {
            system.Find($@"DriverPackages\{active}\Descriptors\ACPI")?.DeleteSubKeyTree("ACPI0010");
        }
    }

    private static Finding WithRepair(RuleContext context, Finding failure) => failure with { Fixable = context.Request.RepairDevices };

    /// <summary>Packages of the index by a name that no Windows gives, and without a folder in the driver store.</summary>
    private static IEnumerable<(GuestKey Database, string Package)> Phantoms(RuleContext context) =>
        from hive in (HiveName[])[HiveName.System, HiveName.Drivers]
        let database = context.Windows.Find(hive)?.Root.Find(Database)
        where database is not null
        from package in database.Find("DriverPackages")?.SubKeys ?? []
        where package.Name.EndsWith(NoHash, StringComparison.Ordinal)
            || package.Name.StartsWith(Invented + "_", StringComparison.OrdinalIgnoreCase)
        where !context.Windows.Volume.RequireFiles()
            .DirectoryExists(FileRepository.PathOf(context.Windows, package.Name))
        select (database, package.Name);

    private static void Remove(GuestKey database, string package)
    {
        foreach (var inf in (database.Find("DriverInfFiles")?.SubKeys ?? [])
            .Where(k => (k.GetMultiString("") ?? []).Contains(package, StringComparer.OrdinalIgnoreCase)).Select(k => k.Name).ToList())
        {
            DriverIndex.Remove(database, inf, package);
        }

        DriverIndex.Remove(database, "", package);
    }

    /// <summary>The entry of a tool that supports Windows 7 only, or null.</summary>
    private static string? OldPreparation(RuleContext context, GuestKey system)
    {
        var known = (system.Find(@"DeviceIds\PCI")?.SubKeys ?? [])
            .Any(k => DiskDevices.Any(d => k.Name.StartsWith(d, StringComparison.OrdinalIgnoreCase)));
        return known ? null : (
            from set in context.Windows.BootControlSets
            from entry in set.Find(@"Control\CriticalDeviceDatabase")?.SubKeys ?? []
            where DiskDevices.Any(d => entry.Name.StartsWith("pci#" + d, StringComparison.OrdinalIgnoreCase))
            select entry.Path).FirstOrDefault();
    }
}
