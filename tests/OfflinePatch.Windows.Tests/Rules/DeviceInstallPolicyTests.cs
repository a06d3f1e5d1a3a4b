using OfflinePatch.Windows.Guest;
using OfflinePatch.Windows.Rules;
using OfflinePatch.Windows.Rules.Windows;
using OfflinePatch.Windows.Targets;
using OfflinePatch.Windows.Tests.Machines;

namespace OfflinePatch.Windows.Tests.Rules;

/// <summary>Device installation policies, held against what Microsoft's description of each and of their order says.</summary>
[Trait("tier", "unit")]
public sealed class DeviceInstallPolicyTests
{
    private const string Net = "{4d36e972-e325-11ce-bfc1-08002be10318}";
    private const string Scsi = "{4d36e97b-e325-11ce-bfc1-08002be10318}";
    private const string Disks = "{4d36e967-e325-11ce-bfc1-08002be10318}";
    private const string Volumes = "{71a27cdd-812a-11d0-bec7-08002be2092f}";
    private const string Hdc = "{4d36e96a-e325-11ce-bfc1-08002be10318}";
    private const string Adapters = @"PCI\VEN_1AF4&DEV_1000|PCI\VEN_1AF4&DEV_1041";
    private const string Adapter = @"PCI\VEN_1AF4&DEV_1000&SUBSYS_00011AF4&REV_00\3&13C0B0C5&0&18";
    private const string All = $"{Net}|{Scsi}|{Disks}|{Volumes}|{Hdc}";

    /// <summary>
    /// Policies as NAME or NAME=ITEM|ITEM, and whether Windows installs what the target needs: +, - or ? where it is not known.
    /// </summary>
    public static TheoryData<string[], char> Cases => new()
    {
        { [], '+' },
        { ["DenyDeviceClasses={36fc9e60-c465-11cf-8056-444553540000}"], '+' },
        { [$"DenyDeviceClasses={Net}"], '-' },
        { [$"DenyDeviceClasses={Net.ToUpperInvariant()}"], '-' },
        { [$"DenyDeviceClasses={Scsi}"], '-' },
        { [$"DenyDeviceClasses={Disks}"], '?' },
        { [@"DenyDeviceIDs=USB\Class_08"], '+' },
        { [@"DenyDeviceIDs=PCI\VEN_1AF4&DEV_1041"], '-' },
        { [@"DenyDeviceIDs=pci\ven_1af4&dev_1001&subsys_00021af4&rev_00"], '-' },
        { [@"DenyDeviceIDs=PCI\VEN_1AF4&DEV_1000&SUBSYS_000119E5"], '?' }, // the cloud's own subsystem
        { [@"DenyDeviceIDs=PCI\CC_0200"], '-' },
        { [@"DenyDeviceIDs=PCI\VEN_10EC"], '+' },
        { ["DenyDeviceIDs=PCI"], '+' }, // whole ids are compared
        { [@"DenyDeviceIDs=XENVIF\VEN_XP0001&DEV_NET"], '?' }, // Xen is one of the target's hosts
        { [$"DenyInstanceIDs={Adapter}"], '?' },
        { [@"DenyInstanceIDs=USB\VID_0951&PID_1666\1"], '+' },
        { ["DenyRemovableDevices"], '?' },

        // By default whatever prevents goes first.
        { [$"DenyDeviceClasses={Net}", $"AllowDeviceIDs={Adapters}"], '-' },
        { [$"DenyDeviceClasses={Net}", $"AllowInstanceIDs={Adapter}"], '-' },
        { ["DenyUnspecified"], '-' },
        { ["DenyUnspecified", $"AllowDeviceIDs={Adapters}"], '-' }, // the disk controllers are not named
        { ["DenyUnspecified", $"AllowDeviceIDs={Adapters}", $"AllowDeviceClasses={Scsi}|{Disks}|{Volumes}|{Hdc}"], '?' }, // nor is Xen
        { ["DenyUnspecified", $"AllowDeviceClasses={All}|{{4d36e97d-e325-11ce-bfc1-08002be10318}}"], '+' },
        { ["DenyUnspecified", $"AllowDeviceClasses={Scsi}|{Disks}|{Volumes}|{Hdc}|{{4d36e97d-e325-11ce-bfc1-08002be10318}}",
            @"AllowDeviceIDs=PCI\CC_0200"], '?' }, // Xen's adapter is not on PCI
        { ["DenyUnspecified", $"AllowInstanceIDs={Adapter}"], '-' },

        // In layers the more specific one goes first, and DenyUnspecified is ignored.
        { ["AllowDenyLayered", "DenyUnspecified"], '+' },
        { ["AllowDenyLayered", $"DenyDeviceClasses={Net}"], '-' },
        { ["AllowDenyLayered", $"DenyDeviceClasses={Net}", @"AllowDeviceIDs=PCI\VEN_1AF4"], '?' }, // all but Xen
        { ["AllowDenyLayered", $"DenyDeviceClasses={Scsi}", @"AllowDeviceIDs=PCI\VEN_1AF4&DEV_1001|PCI\VEN_1AF4&DEV_1042"], '-' },
        { ["AllowDenyLayered", $"DenyDeviceClasses={Net}", $"AllowInstanceIDs={Adapter}"], '-' }, // the modern one has another id
        { ["AllowDenyLayered", $"DenyDeviceIDs={Adapters}", $"AllowDeviceClasses={Net}"], '-' },
        { ["AllowDenyLayered", $"DenyDeviceIDs={Adapters}", $"AllowDeviceIDs={Adapters}"], '-' },
        { ["AllowDenyLayered", "DenyRemovableDevices", $"AllowDeviceClasses={All}|{{4d36e97d-e325-11ce-bfc1-08002be10318}}"], '+' },
        { ["AllowDenyLayered", $"DenyInstanceIDs={Adapter}", $"AllowDeviceIDs={Adapters}"], '?' },
    };

    [Theory]
    [MemberData(nameof(Cases))]
    public void What_Windows_may_install_is_judged_as_it_would(string[] policies, char expected)
    {
        Assert.Equal(expected, Judge(policies, 19045, 3000));
        foreach (var generation in new[] { Generation.Windows10, Generation.Server2019 })
        {
            foreach (var firmware in new[] { Firmware.Bios, Firmware.Uefi })
            {
                Assert.Equal(expected, Judge(policies, 22631, 1, generation, firmware));
            }
        }
    }

    /// <summary>The layers came with updates; where they are not known to be there, both orders are judged.</summary>
    [Theory]
    [InlineData(17763, 2145u, '+')]
    [InlineData(17763, 2144u, '?')]
    [InlineData(18363, 1714u, '+')]
    [InlineData(19044, 1151u, '+')]
    [InlineData(19044, 1150u, '?')]
    [InlineData(20348, 256u, '+')]
    [InlineData(14393, 9999u, '?')]
    [InlineData(22000, 1u, '+')]
    public void An_order_that_Windows_may_not_know_is_not_relied_on(int build, uint update, char expected)
    {
        Assert.Equal(expected, Judge(["AllowDenyLayered", "DenyUnspecified"], build, update));
        Assert.Equal('-', Judge(["AllowDenyLayered", $"DenyDeviceClasses={Net}"], build, update));
    }

    /// <summary>A list that is not switched on, as a policy leaves it that was taken back.</summary>
    [Fact]
    public void A_list_without_its_switch_counts_for_nothing()
    {
        var machine = new Machine();
        DeviceDefects.Deny(machine, "DenyDeviceClasses", Net);
        machine.Software.Create(@"Policies\Microsoft\Windows\DeviceInstall\Restrictions").SetDword("DenyDeviceClasses", 0);
        Assert.Equal(FindingState.Ok, new WindowsDeviceInstallRule().Inspect(machine.Start()).State);
    }

    /// <summary>On Xen the bus, its network bus and the adapter are needed, each by its own id.</summary>
    [Theory]
    [InlineData(@"DenyDeviceIDs=PCI\VEN_5853&DEV_0001", '-')]
    [InlineData(@"DenyDeviceIDs=XENBUS\VEN_XP0001&DEV_VIF", '-')]
    [InlineData(@"DenyDeviceIDs=XENBUS\VEN_XP0001&DEV_VIF&REV_0800000B", '?')]
    [InlineData(@"DenyDeviceIDs=PCI\VEN_1AF4", '+')]
    public void The_chain_of_Xen_is_what_a_Xen_host_needs(string policy, char expected) =>
        Assert.Equal(expected, Judge([policy], 19045, 3000, profile: "xen"));

    private static char Judge(string[] policies, int build, uint update, Generation generation = Generation.Windows10,
        Firmware firmware = Firmware.Uefi, string profile = TargetCatalog.DefaultId)
    {
        var machine = new Machine(generation, firmware) { Profile = TargetCatalog.Get(profile) };
        var version = machine.Software.Create(@"Microsoft\Windows NT\CurrentVersion");
        version.SetString("CurrentBuildNumber", $"{build}");
        version.SetDword("UBR", update);
        foreach (var policy in policies)
        {
            var (name, items) = policy.Split('=') is [var n, var list] ? (n, list.Split('|')) : (policy, []);
            machine.Software.Create(@"Policies\Microsoft\Windows\DeviceInstall\Restrictions").SetDword(name, 1);
            foreach (var item in items)
            {
                DeviceDefects.Deny(machine, name, item);
            }
        }

        var finding = new WindowsDeviceInstallRule().Inspect(machine.Start());
        Assert.False(finding.Fixable);
        return finding.State == FindingState.Ok ? '+' : finding.Severity == RuleSeverity.Warning ? '?' : '-';
    }
}
