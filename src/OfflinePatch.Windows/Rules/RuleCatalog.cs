using OfflinePatch.Windows.Rules.Accounts;
using OfflinePatch.Windows.Rules.Agent;
using OfflinePatch.Windows.Rules.Boot;
using OfflinePatch.Windows.Rules.Drivers;
using OfflinePatch.Windows.Rules.Gates;
using OfflinePatch.Windows.Rules.Image;
using OfflinePatch.Windows.Rules.Input;
using OfflinePatch.Windows.Rules.Network;
using OfflinePatch.Windows.Rules.Remote;
using OfflinePatch.Windows.Rules.Start;
using OfflinePatch.Windows.Rules.Storage;
using OfflinePatch.Windows.Rules.Windows;
using OfflinePatch.Windows.Targets;

namespace OfflinePatch.Windows.Rules;

/// <summary>
/// Every rule, in the order in which they run: gates, the image, Windows, boot, drivers, network, agent, accounts, comfort.
/// </summary>
internal static class RuleCatalog
{
    /// <summary>Every rule.</summary>
    public static IReadOnlyList<Rule> All { get; } =
    [
        new DiskDynamicGate(),
        new VolumeBitLockerGate(),
        new VolumeHibernatedGate(),
        new VolumeDirtyGate(),
        new VolumeLogUncleanGate(),
        new VolumeAllocationGate(),
        new HiveCorruptGate(),
        new HiveUncleanGate(),
        new WindowsServicingPendingGate(),

        new ImageFormatRule(),
        new ImageSizeRule(),
        new ImageSectorSizeRule(),
        new ImageSingleDiskRule(),
        new ImageEncryptionRule(),
        new ImageVmdkOriginRule(),

        new WindowsSupportedRule(),
        new WindowsBootModeRule(),
        new WindowsSysprepRule(),
        new WindowsPendingRestartRule(),
        new WindowsFreeSpaceRule(),
        new WindowsDeviceInstallRule(),
        new WindowsDeviceGuardRule(),
        new WindowsClockRule(),

        new BootSameDiskRule(),
        new BootLoaderRule(),
        new BootNextStartRule(),
        new BootDriveLetterRule(),
        new BootControllersRule(),

        VirtioRule.Storage,
        VirtioRule.Network,
        VirtioRule.Other,
        new XenPvRule(),
        new DriversLeftoversRule(),
        new DriversStaleDevicesRule(),
        new DriversDevicesRule(),
        new DriversDatabaseRule(),

        new NetworkDhcpRule(),
        new NetworkServicesRule(),

        new CloudbaseInitRule(),
        new QemuGuestAgentRule(),
        new WindowsPendingRenamesRule(), // after every rule that may have staged a file that an operation names

        new AccountsAdministratorRule(),
        new AccountsPasswordRule(),

        new StartScriptsRule(),
        new ComputerNameRule(),
        new TimeZoneRule(),
        new CloneStateRule(),

        new StorageSanPolicyRule(),
        new InputMouseKeyboardRule(),
        new RemoteRdpRule(),
        new RemoteFirewallRule(),
    ];

    /// <summary>The rule of this id, or null.</summary>
    public static RuleContract? Find(string id) => All.FirstOrDefault(r => r.Id == id)?.Contract;

    /// <summary>The rules of a target: gates, and what its profile lists.</summary>
    public static IEnumerable<Rule> For(TargetProfile profile) => All.Where(r => r.Contract.IsGate || profile.Includes(r.Id));

    /// <summary>How much a failure of a rule matters for a target. A gate is always an error.</summary>
    public static RuleSeverity SeverityOf(Rule rule, TargetProfile profile) =>
        rule.Contract.IsGate ? RuleSeverity.Error : profile.SeverityOf(rule.Id) ?? rule.Contract.Severity;
}
