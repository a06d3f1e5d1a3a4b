using System.Buffers;
using System.Buffers.Binary;
using System.Net;
using OfflinePatch.Windows.Guest;

namespace OfflinePatch.Windows.FirstStart;

/// <summary>
/// Reads the static settings of the adapters of a control set: IPv4 and DNS from <c>Services\Tcpip\Parameters\Interfaces</c>, IPv6 from the
/// network store interface. Source: gprovision <c>netexport</c> (names and layout of the store), <c>ifdef.h</c> (IF_PHYSICAL_ADDRESS: u16
/// length, 32 bytes); seen in hives of Windows 7 and 8.1.
/// </summary>
internal static class NetworkReader
{
    private const string UnicastIPv6 = @"Control\Nsi\{eb004a01-9b1a-11d4-9123-0050047759bc}\10";
    private const string StoreOfAdapters = @"Control\Nsi\{eb004a11-9b1a-11d4-9123-0050047759bc}\10";
    private const string Routes = @"Services\Tcpip\Parameters\PersistentRoutes";
    private const string InterfacesIPv6 = @"Services\Tcpip6\Parameters\Interfaces";
    private const int MaxAdapters = 256;
    private const int MaxValues = 4096;

    /// <summary>The adapters with static settings.</summary>
    public static IReadOnlyList<NetworkSettings> Read(ControlSet set)
    {
        var found = new List<NetworkSettings>();
        foreach (var key in NetworkInterfaces.Of(set).Take(MaxAdapters))
        {
            var adapter = Adapter(set, key.Name);
            var luid = LuidOf(set, key.Name, adapter);
            var masks = key.GetMultiString("SubnetMask") ?? [];
            var addresses = (key.GetMultiString("IPAddress") ?? []).Select((a, i) => (Address: a, Mask: i < masks.Length ? masks[i] : ""))
                .Where(a => a.Address != "0.0.0.0" && NetworkSettings.IsIPv4(a.Address) && NetworkSettings.IsIPv4(a.Mask))
                .Select(a => $"{a.Address}/{a.Mask}").ToList();
            var metrics = key.GetMultiString("DefaultGatewayMetric") ?? [];
            var gateways = (key.GetMultiString("DefaultGateway") ?? [])
                .Select((g, i) => (Gateway: g, Metric: i < metrics.Length && ushort.TryParse(metrics[i], out var m) ? m : 0))
                .Where(g => g.Gateway != "0.0.0.0" && NetworkSettings.IsIPv4(g.Gateway)).Select(g => $"{g.Gateway}/{g.Metric}").ToList();
            var settings = new NetworkSettings
            {
                Mac = MacOf(set, key.Name, adapter),
                Name = NetworkInterfaces.ConnectionName(set, key.Name),
                Device = set.Find($@"Control\Network\{DeviceClass.Net}\{key.Name}\Connection")?.GetString("PnpInstanceID")
                    ?? adapter?.GetString("DeviceInstanceID"),
                Addresses = key.GetDword("EnableDHCP") == 0 ? addresses : [],
                Gateways = key.GetDword("EnableDHCP") == 0 ? gateways : [],
                DnsServers = [.. Servers(key), .. set.Find($@"{InterfacesIPv6}\{key.Name}") is { } six ? Servers(six) : []],
                Addresses6 = luid is null ? [] : [.. AddressesOf(set, luid).Select(a => a.Text)],
                Metric = key.GetDword("InterfaceMetric") is { } metric and < 10_000 ? metric : 0,
            };
            if (settings.Addresses.Count + settings.Addresses6.Count + settings.DnsServers.Count > 0)
            {
                found.Add(settings);
            }
        }

        return found;
    }

    /// <summary>The persistent routes, as <c>destination,mask,gateway,metric</c>.</summary>
    public static IReadOnlyList<string> PersistentRoutes(ControlSet set) =>
    [
        .. (set.Find(Routes)?.Values.Take(MaxValues) ?? []).Select(v => v.Name)
            .Where(n => n.Split(',') is [var to, var mask, var gateway, var metric] && NetworkSettings.IsIPv4(to)
                && NetworkSettings.IsIPv4(mask) && NetworkSettings.IsIPv4(gateway) && ushort.TryParse(metric, out _)),
    ];

    /// <summary>Whether there is a static IPv6 address or a persistent route, which <see cref="Clear"/> removes.</summary>
    public static bool HasMore(ControlSet set, bool keepDns) =>
        PersistentRoutes(set).Count > 0 || StaticIPv6(set).Count > 0 || (!keepDns && ServersIPv6(set).Any());

    /// <summary>Removes static IPv6 addresses and persistent routes, and IPv6 name servers where they are not to be kept; IPv4 is what
    /// <c>network.dhcp</c> clears.</summary>
    public static void Clear(ControlSet set, bool keepDns)
    {
        foreach (var name in StaticIPv6(set))
        {
            set.Find(UnicastIPv6)!.DeleteValue(name);
        }

        foreach (var key in keepDns ? [] : ServersIPv6(set).ToList())
        {
            key.SetString("NameServer", "");
        }

        foreach (var name in PersistentRoutes(set))
        {
            set.Find(Routes)!.DeleteValue(name);
        }
    }

    private static IEnumerable<GuestKey> ServersIPv6(ControlSet set) =>
        (set.Find(InterfacesIPv6)?.SubKeys.Take(MaxAdapters) ?? []).Where(k => k.GetString("NameServer") is { Length: > 0 });

    /// <summary>The values of static addresses of adapters that are there; loopback, link-local and multicast ones stay.</summary>
    private static List<string> StaticIPv6(ControlSet set) =>
        [.. NetworkInterfaces.Of(set).Take(MaxAdapters).Select(k => LuidOf(set, k.Name, Adapter(set, k.Name))).OfType<string>()
            .Distinct(StringComparer.OrdinalIgnoreCase).SelectMany(l => AddressesOf(set, l)).Select(a => a.Value)];

    private static IEnumerable<(string Value, string Text)> AddressesOf(ControlSet set, string luid)
    {
        foreach (var value in (set.Find(UnicastIPv6)?.Values ?? []).Take(MaxValues).ToList())
        {
            var bytes = new byte[16];
            if (value.Name.Length == 48 && value.Name.StartsWith(luid, StringComparison.OrdinalIgnoreCase)
                && Convert.FromHexString(value.Name.AsSpan(16), bytes, out _, out _) == OperationStatus.Done
                && new IPAddress(bytes) is { IsIPv6LinkLocal: false, IsIPv6Multicast: false } address && !IPAddress.IsLoopback(address)
                && value.ReadData() is { Length: > Layout.PrefixLength } data && data[Layout.PrefixLength] is > 0 and <= 128 and var bits)
            {
                yield return (value.Name, $"{address}/{bits}");
            }
        }
    }

    private static IEnumerable<string> Servers(GuestKey key) =>
        (key.GetString("NameServer") ?? "").Split([',', ' ', ';'], StringSplitOptions.RemoveEmptyEntries)
            .Where(s => IPAddress.TryParse(s, out _)).Take(16);

    /// <summary>The key of the adapter with this interface GUID in its class.</summary>
    private static GuestKey? Adapter(ControlSet set, string id) =>
        set.Find($@"Control\Class\{DeviceClass.Net}")
            ?.SubKeys.Take(MaxAdapters)
                .FirstOrDefault(k => string.Equals(k.GetString("NetCfgInstanceId"), id, StringComparison.OrdinalIgnoreCase));

    /// <summary>The LUID as names of the store begin with it: 3 zero bytes, the index, the type, each in memory order.</summary>
    private static string? LuidOf(ControlSet set, string id, GuestKey? adapter)
    {
        if (adapter?.GetDword("NetLuidIndex") is { } index and <= 0xFFFFFF && adapter.GetDword("*IfType") is { } type and <= 0xFFFF)
        {
            return $"000000{index & 255:X2}{(index >> 8) & 255:X2}{index >> 16:X2}{type & 255:X2}{type >> 8:X2}";
        }

        return RecordOf(set, id)?.Name;
    }

    /// <summary>
    /// The MAC address, from what is certain: an address that was set by hand, the record of the adapter in the store, or a PCI Express
    /// device's serial number in its instance id. The DHCPv6 identifier is not one: it is the address of the adapter with which Windows
    /// was installed, also in a copy of a template.
    /// </summary>
    private static string? MacOf(ControlSet set, string id, GuestKey? adapter)
    {
        if (adapter?.GetString("NetworkAddress") is { Length: > 0 } own && NetworkSettings.MacText(own) is { } mac)
        {
            return mac;
        }

        if (RecordOf(set, id)?.Data is { } record && BinaryPrimitives.ReadUInt16LittleEndian(record.AsSpan(Layout.AddressLength)) == 6)
        {
            return NetworkSettings.MacText(record.AsSpan(Layout.Address, 6));
        }

        var device = adapter?.GetString("DeviceInstanceID")
            ?? set.Find($@"Control\Network\{DeviceClass.Net}\{id}\Connection")?.GetString("PnpInstanceID");
        return device is null ? null : MacOfSerial(device.Split('\\')[^1]);
    }

    /// <summary>
    /// <c>000C29FFFFF3FFDE00</c> (Intel 82574L: the address around FFFF), <c>FF565000B37984FE00</c> (vmxnet3: the EUI-64 of the address,
    /// each half in reverse order). Both seen in published logs, the first in a hive whose DHCPv6 identifier has the same address.
    /// </summary>
    internal static string? MacOfSerial(string instance)
    {
        if (instance.Length != 18 || !instance.All(char.IsAsciiHexDigit) || !instance.EndsWith("00", StringComparison.Ordinal))
        {
            return null;
        }

        var b = Convert.FromHexString(instance);
        return b is [_, _, _, 0xFF, 0xFF, ..] ? NetworkSettings.MacText([b[0], b[1], b[2], b[5], b[6], b[7]])
            : b is [0xFF, _, _, _, _, _, _, 0xFE, _] ? NetworkSettings.MacText([b[3], b[2], b[1], b[6], b[5], b[4]])
            : null;
    }

    private static (string Name, byte[] Data)? RecordOf(ControlSet set, string id)
    {
        if (!Guid.TryParse(id, out var guid))
        {
            return null;
        }

        foreach (var value in (set.Find(StoreOfAdapters)?.Values ?? []).Take(MaxValues))
        {
            if (value.Name.Length == 16 && value.ReadData() is { Length: >= Layout.Minimum } data
                && new Guid(data.AsSpan(Layout.Interface, 16)) == guid)
            {
                return (value.Name, data);
            }
        }

        return null;
    }

    /// <summary>Offsets in values of the store.</summary>
    private static class Layout
    {
        public const int PrefixLength = 0x10; // of an IPv6 address: u8
        public const int Interface = 0x410; // of an adapter: GUID
        public const int AddressLength = 0x440; // u16, of the address that it uses
        public const int Address = 0x442;
        public const int Minimum = 0x470;
    }
}
