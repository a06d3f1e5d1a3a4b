using System.Buffers;
using System.Net;
using OfflinePatch.Windows.FirstStart;
using OfflinePatch.Windows.Guest;
using OfflinePatch.Windows.Rules.Start;
using OfflinePatch.Windows.Targets;

namespace OfflinePatch.Windows.Rules.Network;

/// <summary>
/// <c>network.dhcp</c>: every TCP/IP interface of every control set gets its address, gateway and DNS servers from DHCP
/// (boot-network-accounts.md §2.1, images-and-cloud.md §4.5). The ghosts of old adapters count, because a Xen PV adapter inherits the
/// settings of the adapter that it replaces.
/// </summary>
internal sealed class NetworkDhcpRule() : Rule(Description)
{
    private const string NsiIPv6 = "{eb004a01-9b1a-11d4-9123-0050047759bc}";
    private const string Parameters = @"Services\Tcpip\Parameters";
    private const string KeptScript = "10-kept-network.ps1";
    private static readonly byte[] Metadata = [169, 254, 169, 254];
    private static readonly string[] StaticValues = ["IPAddress", "SubnetMask", "DefaultGateway", "DefaultGatewayMetric"];

    private static readonly RuleContract Description = new("network.dhcp")
    {
        Title = "Every network interface uses DHCP",
        Source = "Huawei IMS/OTC: the NIC of an external image must use DHCP, for its address and for DNS; Azure "
            + "win-fix-network-connectivity.ps1",
        Summary = @"ControlSetNNN\Services\Tcpip\Parameters\Interfaces\{GUID}: EnableDHCP=1; IPAddress, SubnetMask, DefaultGateway, "
            + @"DefaultGatewayMetric deleted; NameServer emptied (not with --keep-dns); PersistentRoutes: the default route of a deleted "
            + @"gateway. The old values are in the report. With --network keep they are saved first, static IPv6 addresses and "
            + @"persistent routes too, and a script gives them to the adapter of the new machine at its first start (start.scripts).",
        CanFix = true,
    };

    /// <inheritdoc/>
    public override Finding Inspect(RuleContext context)
    {
        var before = new List<string>();
        var interfaces = 0;
        foreach (var set in context.Windows.ControlSets)
        {
            foreach (var key in NetworkInterfaces.Of(set))
            {
                interfaces++;
                if (IsStatic(key) || (!context.Request.KeepDns && HasStaticDns(key)))
                {
                    before.Add(Describe(set, key));
                }
            }

            if (!context.Request.KeepDns && set.Find(Parameters) is { } global && HasStaticDns(global))
            {
                before.Add($@"{set.Name}\{Parameters}: DNS {global.GetString("NameServer")}");
            }
        }

        if (context.Request.KeepNetwork && (before.Count > 0 || NetworkReader.HasMore(context.Windows.Current, context.Request.KeepDns)))
        {
            return InspectKept(context, before, interfaces);
        }

        if (before.Count > 0)
        {
            return Finding.Broken(
                $@"{before.Count} of {interfaces} interfaces under Services\Tcpip\Parameters\Interfaces have static settings.",
                string.Join("; ", before),
                context.Request.KeepDns ? "DHCP; DNS servers kept" : "DHCP for address, gateway and DNS");
        }

        var routes = PersistentRoutes(context.Windows.Current);
        if (routes.Where(IsHarmful).ToList() is { Count: > 0 } harmful)
        {
            return Finding.Failed(
                $@"All {interfaces} interfaces use DHCP, but {context.Windows.Current.Name}\{Parameters}\PersistentRoutes holds "
                    + $@"{string.Join("; ", harmful)}: a default route, or the one to the metadata of the cloud, that leads to the "
                    + @"gateway of the old network.",
                "In the source machine: `route delete DESTINATION`, then export it again; or delete the value with `offlinepatch reg "
                    + "delete`.", string.Join("; ", harmful)) with
            { Severity = RuleSeverity.Warning };
        }

        var note = routes.Count == 0
            ? ""
            : $@" Persistent routes stay ({string.Join("; ", routes)}): remove them with `route delete` if the old network is gone.";
        if (StaticIPv6(context.Windows.Current) is { Count: > 0 } fixedAddresses)
        {
            note += $@" Addresses in Control\Nsi\{NsiIPv6} stay ({string.Join(", ", fixedAddresses)}): they are those of "
                + @"adapters that the machine had.";
        }

        return Finding.Ok(interfaces == 0
            ? @"There is no interface under Services\Tcpip\Parameters\Interfaces: a new adapter starts with DHCP."
            : $"All {interfaces} interfaces of all control sets use DHCP.{note}");
    }

    /// <summary>What is saved for the first start, and why it cannot be.</summary>
    private static Finding InspectKept(RuleContext context, List<string> before, int interfaces)
    {
        var queue = StartScriptsRule.Queue(context, needsNetwork: false);
        var kept = NetworkReader.Read(context.Windows.Current);
        var routes = NetworkReader.PersistentRoutes(context.Windows.Current);
        if (queue.Problem is { } problem)
        {
            return Finding.Failed($"The network settings cannot be kept: {problem}, and the script that gives them to the new adapter "
                + "cannot be registered.", "Leave out --network keep; the machine then uses DHCP.");
        }

        if (queue.HasRun(KeptScript))
        {
            return Finding.Failed("The network settings were kept once, and given to the adapter at the first start: these are the ones "
                + "of now.", "Leave out --network keep; the settings are those of the machine as it runs.");
        }

        return Finding.Broken(
            $@"{kept.Count} of {interfaces} interfaces have static settings; they are kept for the first start.",
            before.Count > 0 ? string.Join("; ", before) : string.Join("; ", kept.SelectMany(k => k.Addresses6).Concat(routes)),
            "DHCP until the first start; then "
                + $"{string.Join("; ", kept.Select(Text))}{(routes.Count > 0 ? $"; routes {string.Join("; ", routes)}" : "")}") with
        {
            Remarks = [.. kept.Where(k => k.Mac is null)
            .Select(k =>
                $"The MAC address of {k.Name ?? "an adapter"} is not in the image: its settings go to the only adapter of the new "
                    + "machine, or to none."), .. StartScriptsRule.Remarks(queue)]
        };

        static string Text(NetworkSettings settings) =>
            $"{settings.Name ?? "adapter"} ({settings.Mac ?? "MAC unknown"}) "
                + $"{string.Join(", ", settings.Addresses.Concat(settings.Addresses6))} DNS {string.Join(", ", settings.DnsServers)}";
    }

    /// <summary>Saves the settings into the script of the first start, and removes what DHCP would not.</summary>
    private static void Keep(RuleContext context)
    {
        var queue = StartScriptsRule.Queue(context, needsNetwork: false);
        queue.Add(KeptScript,
            NetworkScript.Create(NetworkReader.Read(context.Windows.Current), NetworkReader.PersistentRoutes(context.Windows.Current)));
        queue.Register();
        foreach (var set in context.Windows.ControlSets)
        {
            NetworkReader.Clear(set, context.Request.KeepDns);
        }
    }

    /// <inheritdoc/>
    public override void Fix(RuleContext context)
    {
        if (context.Request.KeepNetwork)
        {
            Keep(context);
        }

        foreach (var set in context.Windows.ControlSets)
        {
            RemoveRoutesOfStaticGateways(set);
            foreach (var key in NetworkInterfaces.Of(set).ToList())
            {
                if (IsStatic(key))
                {
                    key.SetDword("EnableDHCP", 1);
                    foreach (var name in StaticValues)
                    {
                        key.DeleteValue(name);
                    }
                }

                ClearDns(context, key);
            }

            if (set.Find(Parameters) is { } global)
            {
                ClearDns(context, global);
            }
        }
    }

    private static bool IsStatic(GuestKey key) =>
        key.GetDword("EnableDHCP") == 0 || NetworkInterfaces.Addresses(key, "IPAddress").Count > 0
            || NetworkInterfaces.Addresses(key, "DefaultGateway").Count > 0;

    /// <summary>Windows keeps the default route of a static gateway as a persistent one, too: it goes with the gateway.</summary>
    private static void RemoveRoutesOfStaticGateways(ControlSet set)
    {
        var gateways = NetworkInterfaces.Of(set).Where(IsStatic).SelectMany(k => NetworkInterfaces.Addresses(k, "DefaultGateway"))
            .ToHashSet(StringComparer.Ordinal);
        if (set.Find(Parameters + @"\PersistentRoutes") is not { } routes)
        {
            return;
        }

        foreach (var name in routes.Values.Select(v => v.Name)
            .Where(n => n.Split(',') is ["0.0.0.0", "0.0.0.0", var gateway, ..] && gateways.Contains(gateway)).ToList())
        {
            routes.DeleteValue(name);
        }
    }

    private static bool HasStaticDns(GuestKey key) => key.GetString("NameServer") is { Length: > 0 } servers && servers.Trim().Length > 0;

    private static void ClearDns(RuleContext context, GuestKey key)
    {
        if (!context.Request.KeepDns && HasStaticDns(key))
        {
            key.SetString("NameServer", "");
        }
    }

    private static string Describe(ControlSet set, GuestKey key)
    {
        var addresses = NetworkInterfaces.Addresses(key, "IPAddress");
        var masks = key.GetMultiString("SubnetMask") ?? [];
        var parts = new List<string>();
        if (addresses.Count > 0)
        {
            parts.Add(string.Join(", ", addresses.Select((a, i) => i < masks.Length ? $"{a}/{masks[i]}" : a)));
        }
        else if (key.GetDword("EnableDHCP") == 0)
        {
            parts.Add("EnableDHCP=0 without an address");
        }

        if (NetworkInterfaces.Addresses(key, "DefaultGateway") is { Count: > 0 } gateways)
        {
            parts.Add("gateway " + string.Join(", ", gateways));
        }

        if (HasStaticDns(key))
        {
            parts.Add("DNS " + key.GetString("NameServer"));
        }

        var name = NetworkInterfaces.ConnectionName(set, key.Name);
        return $"{set.Name} {key.Name}{(name is null ? "" : $" ({name})")}: {string.Join(", ", parts)}";
    }

    /// <summary>
    /// The IPv6 addresses that the network store interface keeps for adapters (boot-network-accounts.md §2.2): value names of 16
    /// hexadecimal digits LUID and 32 of address. Loopback, link-local and multicast ones mean nothing. Reported and not edited: the
    /// store belongs to adapters that a new machine does not have.
    /// </summary>
    private static List<string> StaticIPv6(ControlSet set)
    {
        var found = new List<string>();
        foreach (var value in set.Find($@"Control\Nsi\{NsiIPv6}\10")?.Values ?? [])
        {
            var bytes = new byte[16];
            if (value.Name.Length == 48 && Convert.FromHexString(value.Name.AsSpan(16), bytes, out _, out _) == OperationStatus.Done
                && new IPAddress(bytes) is { IsIPv6LinkLocal: false, IsIPv6Multicast: false } address && !IPAddress.IsLoopback(address))
            {
                found.Add(address.ToString());
            }
        }

        return found;
    }

    /// <summary>
    /// A default route, or one that covers the metadata address. The value's name is destination, mask, gateway, metric, separated by
    /// commas.
    /// </summary>
    private static bool IsHarmful(string route) =>
        route.Split(',') is [var destination, var mask, ..] && IPAddress.TryParse(destination, out var network)
            && IPAddress.TryParse(mask, out var bits)
        && network.GetAddressBytes() is { Length: 4 } n && bits.GetAddressBytes() is { Length: 4 } m
        && Metadata.Select((part, i) => (part & m[i]) == (n[i] & m[i])).All(same => same);

    private static List<string> PersistentRoutes(ControlSet set) =>
        [.. set.Find(Parameters + @"\PersistentRoutes")?.Values.Select(v => v.Name) ?? []];
}
