using OfflinePatch.Windows.Guest;

namespace OfflinePatch.Windows.Reports;

/// <summary>What <c>inspect</c> says beyond the facts of every report.</summary>
public sealed record InspectionReport
{
    /// <summary>What the container says about itself (descriptor entries, creator…).</summary>
    public IReadOnlyDictionary<string, string> Container { get; init; } = new Dictionary<string, string>();

    /// <summary><c>mbr</c>, <c>gpt</c> or <c>none</c>.</summary>
    public string? PartitionScheme { get; init; }

    /// <summary>The GPT disk GUID or the MBR signature.</summary>
    public string? DiskId { get; init; }

    /// <summary>Bytes of a sector of the disk: 512 or 4096. Containers that do not say have 512.</summary>
    public int? SectorSize { get; init; }

    /// <summary>Bytes of a sector that the partition table counts in: 512 or 4096; null without a table.</summary>
    public int? TableSectorSize { get; init; }

    /// <summary>Every Windows installation found, the one that the rules look at first.</summary>
    public IReadOnlyList<WindowsReport> Systems { get; init; } = [];

    /// <summary>The boot configuration stores.</summary>
    public IReadOnlyList<BootStoreReport> BootStores { get; init; } = [];

    /// <summary>The network interfaces of the current control set.</summary>
    public IReadOnlyList<NetworkInterfaceReport> NetworkInterfaces { get; init; } = [];

    /// <summary>Drivers of virtual hardware that are installed, and boot-start drivers.</summary>
    public IReadOnlyList<DriverReport> Drivers { get; init; } = [];

    /// <summary>The driver packages of others than Windows, by family, and what the target misses.</summary>
    public IReadOnlyList<DriverFamilyReport> DriverFamilies { get; init; } = [];

    /// <summary>Agents (Cloudbase-Init, guest tools).</summary>
    public IReadOnlyList<AgentReport> Agents { get; init; } = [];

    /// <summary>Tools of other hypervisors, and of this one.</summary>
    public IReadOnlyList<GuestToolsReport> GuestTools { get; init; } = [];

    /// <summary>Programs that are installed for the whole machine, by name.</summary>
    public IReadOnlyList<ProgramReport> Programs { get; init; } = [];

    /// <summary>Updates of Windows that are installed: <c>KB5012345</c>.</summary>
    public IReadOnlyList<string> Hotfixes { get; init; } = [];

    /// <summary>Roles and features of a server that are installed: <c>Web-Server</c>.</summary>
    public IReadOnlyList<string> Roles { get; init; } = [];

    /// <summary>Local accounts; never anything secret.</summary>
    public IReadOnlyList<AccountReport> Accounts { get; init; } = [];

    /// <summary>What to specify when the image is registered with the target: <c>os_version</c>, <c>hw_firmware_type</c>.</summary>
    public IReadOnlyDictionary<string, string> Registration { get; init; } = new Dictionary<string, string>();
}

/// <summary>A boot configuration store.</summary>
/// <param name="Path">Where it is.</param>
/// <param name="Firmware"><c>bios</c> or <c>uefi</c>.</param>
/// <param name="Entries">Its loader entries, the default one first.</param>
public sealed record BootStoreReport(string Path, string Firmware, IReadOnlyList<BootEntryReport> Entries);

/// <summary>A loader entry.</summary>
/// <param name="Id">Its GUID.</param>
/// <param name="Description">Its name in the boot menu.</param>
/// <param name="Loader">The program it starts.</param>
/// <param name="Device">The partition it names, in words.</param>
/// <param name="IsDefault">Whether it starts by default.</param>
public sealed record BootEntryReport(string Id, string? Description, string? Loader, string? Device, bool IsDefault);

/// <summary>A network interface.</summary>
/// <param name="Id">Its GUID.</param>
/// <param name="Name">The connection's name.</param>
/// <param name="Description">The adapter.</param>
/// <param name="Dhcp">Whether its address comes from DHCP.</param>
/// <param name="Addresses">Static IPv4 addresses with their masks.</param>
/// <param name="Gateways">Static gateways.</param>
/// <param name="DnsServers">Static DNS servers.</param>
public sealed record NetworkInterfaceReport(
    string Id, string? Name, string? Description, bool Dhcp, IReadOnlyList<string> Addresses, IReadOnlyList<string> Gateways,
    IReadOnlyList<string> DnsServers);

/// <summary>A driver service.</summary>
/// <param name="Service">Its name.</param>
/// <param name="Start"><c>boot</c>, <c>system</c>, <c>auto</c>, <c>demand</c> or <c>disabled</c>.</param>
/// <param name="File">Its file.</param>
/// <param name="FilePresent">Whether that file exists.</param>
/// <param name="Origin">Whose it is: <c>VirtIO</c>, <c>Xen PV</c>, <c>VMware</c>…</param>
public sealed record DriverReport(string Service, string Start, string? File, bool FilePresent, string? Origin);

/// <summary>An agent in the guest.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Version">Its version, or null.</param>
/// <param name="Start">How its service starts, or null.</param>
/// <param name="Path">Where it is.</param>
public sealed record AgentReport(string Name, string? Version, string? Start, string? Path);

/// <summary>Tools of a hypervisor or a cloud in the guest.</summary>
/// <param name="Id">The product, as <c>--remove-tools</c> names it.</param>
/// <param name="Name">Its name.</param>
/// <param name="Version">Its version, or null.</param>
/// <param name="State"><c>active</c>, <c>silenced</c> (installed, and nothing starts) or <c>remains</c> (parts are left).</param>
public sealed record GuestToolsReport(string Id, string Name, string? Version, string State);

/// <summary>An installed program.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Version">Its version, or null.</param>
/// <param name="Publisher">Who made it, or null.</param>
public sealed record ProgramReport(string Name, string? Version, string? Publisher);

/// <summary>A local account.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Rid">Its relative id.</param>
/// <param name="Enabled">Whether it may log on.</param>
/// <param name="Administrator">Whether it is in the local group Administrators.</param>
/// <param name="HasPassword">Whether a password is set.</param>
/// <param name="Note">Anything odd: <c>locked</c>, <c>expired</c>.</param>
public sealed record AccountReport(string Name, uint Rid, bool Enabled, bool Administrator, bool HasPassword, string? Note);
