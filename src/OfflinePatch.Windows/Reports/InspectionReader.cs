using OfflinePatch.Disks.Partitions;
using OfflinePatch.Registry;
using OfflinePatch.Registry.Bcd;
using OfflinePatch.Windows.CloudbaseInit;
using OfflinePatch.Windows.Guest;
using OfflinePatch.Windows.GuestTools;
using OfflinePatch.Windows.Rules;
using OfflinePatch.Windows.Rules.Windows;

namespace OfflinePatch.Windows.Reports;

/// <summary>Everything that <c>inspect</c> reports beyond the common facts. A hive that cannot be read leaves its part empty.</summary>
internal static class InspectionReader
{
    private static readonly (string Prefix, string Origin)[] Origins =
    [
        ("viostor", "VirtIO"), ("vioscsi", "VirtIO"), ("netkvm", "VirtIO"), ("vioser", "VirtIO"), ("virtioserial", "VirtIO"),
        ("viorng", "VirtIO"),
        ("balloon", "VirtIO"), ("viogpu", "VirtIO"), ("vioinput", "VirtIO"), ("viofs", "VirtIO"), ("pvpanic", "VirtIO"),
        ("qemufwcfg", "VirtIO"),
        ("xenbus", "Xen PV"), ("xenfilt", "Xen PV"), ("xenvbd", "Xen PV"), ("xenvif", "Xen PV"), ("xennet", "Xen PV"),
        ("xeniface", "Xen PV"),
        ("pvscsi", "VMware"), ("vmxnet", "VMware"), ("vmci", "VMware"), ("vm3dmp", "VMware"), ("vmhgfs", "VMware"), ("vmmemctl", "VMware"),
        ("vmrawdsk", "VMware"), ("vsock", "VMware"), ("vmmouse", "VMware"), ("vmusbmouse", "VMware"), ("vbox", "VirtualBox"),
        ("prl_", "Parallels"),
        ("vmbus", "Hyper-V (inbox)"), ("storvsc", "Hyper-V (inbox)"), ("netvsc", "Hyper-V (inbox)"),
    ];

    private static readonly (string Service, string Name)[] Agents =
    [
        ("cloudbase-init", "Cloudbase-Init"), ("QEMU-GA", "QEMU guest agent"), ("VMTools", "VMware Tools"),
        ("VBoxService", "VirtualBox Guest Additions"),
        ("WindowsAzureGuestAgent", "Azure guest agent"), ("AmazonSSMAgent", "AWS Systems Manager agent"),
        ("GCEAgent", "Google guest agent"),
        ("cloudResetPwdAgent", "Huawei password reset agent"), ("prl_tools", "Parallels Tools"),
    ];

    /// <summary>Reads it.</summary>
    public static InspectionReport Read(RuleContext context) => new()
    {
        Container = context.Disk.Properties,
        PartitionScheme = context.Partitions.Scheme.ToString().ToLowerInvariant(),
        DiskId = context.Partitions.Scheme switch
        {
            PartitionScheme.Gpt => context.Partitions.DiskGuid.ToString(),
            PartitionScheme.Mbr => $"{context.Partitions.MbrSignature:X8}",
            _ => null,
        },
        SectorSize = context.Partitions.DeviceSectorSize,
        TableSectorSize = context.Partitions.Scheme == PartitionScheme.None ? null : context.Partitions.SectorSize,
        Systems = [.. context.Systems.OrderByDescending(s => s == context.FoundWindows).Select(SessionSummary.Describe)],
        BootStores = [.. Stores(context)],
        NetworkInterfaces = HasSystemHive(context) ? [.. Interfaces(context.FoundWindows!)] : [],
        Drivers = HasSystemHive(context) ? [.. Drivers(context.FoundWindows!)] : [],
        DriverFamilies = HasSystemHive(context)
            ? InstalledDrivers.Describe(context.FoundWindows!, context.Sources.Manifest, context.Profile, context.Signatures,
                context.Firmware == Firmware.Uefi)
            : [],
        Agents = HasSystemHive(context) ? [.. InstalledAgents(context.FoundWindows!)] : [],
        GuestTools = HasSystemHive(context)
            ? [.. ToolsFinder.Find(context.FoundWindows!, context.Sources.Tools)
                .Select(t => new GuestToolsReport(t.Product.Id, t.Product.Title, t.Version, t.State.ToString().ToLowerInvariant()))]
            : [],
        Programs = InstalledSoftware.Programs(context.FoundWindows),
        Hotfixes = InstalledSoftware.Hotfixes(context.FoundWindows),
        Roles = InstalledSoftware.Roles(context.FoundWindows),
        Accounts = [.. Accounts(context)],
        Registration = Registration(context),
    };

    private static bool HasSystemHive(RuleContext context) => context.FoundWindows is { } windows && windows.ControlSetName is not null;

    private static IEnumerable<BootStoreReport> Stores(RuleContext context)
    {
        foreach (var (load, firmware, path) in new[]
            {
                (context.Boot.UefiStore, "uefi", BootFilesFinder.UefiStorePath),
                (context.Boot.BiosStore, "bios", BootFilesFinder.BiosStorePath),
            })
        {
            if (load?.Hive is { } hive)
            {
                var store = BootEntries.Read(hive);
                var standard = store?.DefaultLoader?.Id;
                yield return new BootStoreReport('\\' + path, firmware,
                [
                    .. (store?.Objects ?? [])
                        .Where(o => o.ProgramPath is not null && (o.Type & 0xF0F00000) == 0x10200000)
                        .OrderByDescending(o => o.Id == standard)
                        .Select(o =>
                            new BootEntryReport($"{o.Id:B}", o.Description, o.ProgramPath, DeviceText(context, o), o.Id == standard)),
                ]);
            }
        }
    }

    private static string DeviceText(RuleContext context, BcdObject entry)
    {
        var device = entry.OsDevice.Kind == BcdDeviceKind.Unknown ? entry.Device : entry.OsDevice;
        return device.FindOn(context.Partitions) is { } partition ? $"partition {partition.Number}" : device.Describe();
    }

    private static IEnumerable<NetworkInterfaceReport> Interfaces(WindowsSystem windows)
    {
        var descriptions = (windows.Current.Find($@"Control\Class\{DeviceClass.Net}")?.SubKeys ?? [])
            .Where(k => k.GetString("NetCfgInstanceId") is not null)
            .GroupBy(k => k.GetString("NetCfgInstanceId")!, StringComparer.OrdinalIgnoreCase)
            .ToDictionary(g => g.Key, g => g.First().GetString("DriverDesc"), StringComparer.OrdinalIgnoreCase);
        foreach (var key in NetworkInterfaces.Of(windows.Current))
        {
            var masks = key.GetMultiString("SubnetMask") ?? [];
            yield return new NetworkInterfaceReport(
                key.Name, NetworkInterfaces.ConnectionName(windows.Current, key.Name), descriptions.GetValueOrDefault(key.Name),
                key.GetDword("EnableDHCP") is not 0,
                [.. NetworkInterfaces.Addresses(key, "IPAddress").Select((a, i) => i < masks.Length ? $"{a}/{masks[i]}" : a)],
                NetworkInterfaces.Addresses(key, "DefaultGateway"),
                [.. (key.GetString("NameServer") ?? "").Split([',', ' '], StringSplitOptions.RemoveEmptyEntries)]);
        }
    }

    private static IEnumerable<DriverReport> Drivers(WindowsSystem windows)
    {
        foreach (var key in windows.Current.Find("Services")?.SubKeys ?? [])
        {
            if (key.GetDword("Type") is not (1 or 2))
            {
                continue;
            }

            var origin = Origins.FirstOrDefault(o => key.Name.StartsWith(o.Prefix, StringComparison.OrdinalIgnoreCase)).Origin;
            if (origin is not null)
            {
                var path = ServiceImage.Resolve(windows, key);
                yield return new DriverReport(
                    key.Name, ServiceImage.StartText(key.GetDword("Start")), path is null ? null : windows.GuestPath(path),
                    ServiceImage.HasFile(windows, key) == true, origin);
            }
        }
    }

    private static IEnumerable<AgentReport> InstalledAgents(WindowsSystem windows)
    {
        foreach (var (service, name) in Agents)
        {
            if (windows.Current.Service(service) is { } key)
            {
                var path = ServiceImage.Resolve(windows, key);
                yield return new AgentReport(
                    name, UninstallVersion(windows, name)
                        ?? (service == CloudbaseInitPlan.ServiceName ? CloudbaseInitInstallation.Find(windows)?.Version : null),
                    ServiceImage.StartText(key.GetDword("Start")), path is null ? null : windows.GuestPath(path));
            }
        }
    }

    private static string? UninstallVersion(WindowsSystem windows, string name)
    {
        var root = windows.Load(HiveName.Software).Hive?.Root;
        foreach (var path in (string[])[@"Microsoft\Windows\CurrentVersion\Uninstall",
            @"WOW6432Node\Microsoft\Windows\CurrentVersion\Uninstall"])
        {
            foreach (var key in root?.Find(path)?.SubKeys ?? [])
            {
                if (key.GetString("DisplayName")?.Contains(name, StringComparison.OrdinalIgnoreCase) == true)
                {
                    return key.GetString("DisplayVersion");
                }
            }
        }

        return null;
    }

    private static IEnumerable<AccountReport> Accounts(RuleContext context)
    {
        if (context.FoundWindows?.Load(HiveName.Sam).Hive is not { } sam)
        {
            return [];
        }

        var now = context.Clock.GetUtcNow().UtcDateTime;
        return LocalAccounts.Read(sam).Select(a => new AccountReport(
            a.Name, a.Rid, a.IsEnabled, a.IsAdministrator || a.Rid == LocalAccount.AdministratorRid, a.HasPassword,
            a.IsLocked ? "locked" : a.ExpiresUtc <= now ? "expired" : null));
    }

    /// <summary>What to specify when the image is registered with the target.</summary>
    public static Dictionary<string, string> Registration(RuleContext context)
    {
        var words = new Dictionary<string, string>(StringComparer.Ordinal);
        if (context.FoundWindows is { } windows)
        {
            words["os_version"] = WindowsSupportedRule.RegistrationName(context);
        }

        if (SessionSummary.FirmwareText(context.Boot.Firmware) is { } firmware)
        {
            words["hw_firmware_type"] = firmware;
        }

        words["min_disk"] = $"{(context.Disk.Length + (1L << 30) - 1) >> 30}";
        return words;
    }
}
