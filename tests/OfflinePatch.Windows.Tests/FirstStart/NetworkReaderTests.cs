using OfflinePatch.Registry;
using OfflinePatch.Registry.Logs;
using OfflinePatch.Testing;
using OfflinePatch.Windows.FirstStart;
using OfflinePatch.Windows.Guest;
using OfflinePatch.Windows.Tests.Machines;

namespace OfflinePatch.Windows.Tests.FirstStart;

/// <summary>Static settings and MAC addresses, out of hives of real machines.</summary>
[Trait("tier", "unit")]
public sealed class NetworkReaderTests
{
    [SkippableTheory]
    // the record of the adapter in the store
    [InlineData("hives/win7-sp1-x86/SYSTEM", "{6AAFC9A9-0542-4DB2-8760-CCFFA953737C}", "00:0C:29:77:D9:81")]
    [InlineData("hives/win7-sp1-x86/SYSTEM", "{698E50A9-4F58-4D86-B61D-F42E58DCACF6}", "00:50:56:A5:12:69")]
    [InlineData("hives/win81-x64/SYSTEM", "{B0E24C4B-50F2-4B60-BCB3-EF2C3FF3394E}", "08:00:27:49:97:16")] // also in its DHCPv6 identifier
    // the instance id; also in its DHCPv6 identifier
    [InlineData("hives/win10-1709-x64/SYSTEM", "{5F3F359E-9D52-4566-9BEC-37EFDFB25ABE}", "00:0C:29:F3:FF:DE")]
    public void The_MAC_address_of_a_real_adapter_is_found(string hive, string id, string mac)
    {
        var machine = new Machine(Generation.Windows10)
        {
            System = Hive.Open(Corpus.Read(hive), options: new HiveOpenOptions { Unclean = UncleanHive.Reconcile }),
        };
        var key = machine.AddInterface(id);
        key.SetDword("EnableDHCP", 0);
        key.SetMultiString("IPAddress", ["192.0.2.10", "192.0.2.11"]);
        key.SetMultiString("SubnetMask", ["255.255.255.0", "255.255.255.0"]);
        key.SetMultiString("DefaultGateway", ["192.0.2.1"]);
        key.SetMultiString("DefaultGatewayMetric", ["7"]);
        key.SetString("NameServer", "192.0.2.53,192.0.2.54");
        var read = NetworkReader.Read(machine.Start().Windows.Current).Where(s => s.Addresses.Contains("192.0.2.10/255.255.255.0"))
            .ToList();
        var settings = Assert.Single(read);
        Assert.Equal(mac, settings.Mac);
        Assert.Equal(["192.0.2.10/255.255.255.0", "192.0.2.11/255.255.255.0"], settings.Addresses);
        Assert.Equal(["192.0.2.1/7"], settings.Gateways);
        Assert.Equal(["192.0.2.53", "192.0.2.54"], settings.DnsServers);
        Assert.StartsWith("PCI", settings.Device, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("000C29FFFFF3FFDE00", "00:0C:29:F3:FF:DE")]
    [InlineData("FF565000B37984FE00", "00:50:56:84:79:B3")]
    [InlineData("3&267A616A&2&18", null)]
    [InlineData("000000FFFF00000000", null)]
    [InlineData("010C29FFFFF3FFDE00", null)] // of a group
    [InlineData("0123456789ABCDEF00", null)]
    public void A_serial_number_in_an_instance_id(string instance, string? mac) => Assert.Equal(mac, NetworkReader.MacOfSerial(instance));

    [Fact]
    public void IPv6_addresses_belong_to_their_adapter_and_hostile_values_to_nobody()
    {
        var machine = new Machine();
        const string Id = "{AAAAAAAA-0000-0000-0000-000000000001}";
        var adapter = machine.Set(@"Control\Class\{4d36e972-e325-11ce-bfc1-08002be10318}\0001");
        adapter.SetString("NetCfgInstanceId", Id);
        adapter.SetDword("NetLuidIndex", 0x8000);
        adapter.SetDword("*IfType", 6);
        var store = machine.Set(@"Control\Nsi\{eb004a01-9b1a-11d4-9123-0050047759bc}\10");
        var data = new byte[48];
        data[0x10] = 64;
        store.SetBinary("0000000080000600" + "20010db8000000000000000000000001", data);
        store.SetBinary("0000000080000600" + "fe800000000000000000000000000001", data); // link-local
        store.SetBinary("0000000080000700" + "20010db8000000000000000000000002", data); // of another adapter
        store.SetBinary("0000000080000600" + "20010db8000000000000000000000003", [1, 2]); // too short
        store.SetBinary("0000000080000600" + "zz", data);
        machine.Set(@"Services\Tcpip\Parameters\PersistentRoutes").SetString("10.0.0.0,255.0.0.0,10.0.0.1,1", "");
        machine.Set(@"Services\Tcpip\Parameters\PersistentRoutes").SetString("10.0.0.0,255.0.0.0,;shutdown,1", "");
        var guest = machine.Start();
        var set = guest.Windows.Current;
        Assert.Equal(["2001:db8::1/64"], Assert.Single(NetworkReader.Read(set)).Addresses6);
        Assert.Equal(["10.0.0.0,255.0.0.0,10.0.0.1,1"], NetworkReader.PersistentRoutes(set));
        var six = set.Key.Create(@"Services\Tcpip6\Parameters\Interfaces\{AAAAAAAA-0000-0000-0000-000000000001}");
        six.SetString("NameServer", "2001:db8::53");
        NetworkReader.Clear(set, keepDns: true);
        Assert.Equal("2001:db8::53", six.GetString("NameServer"));
        Assert.False(NetworkReader.HasMore(set, keepDns: true));
        Assert.True(NetworkReader.HasMore(set, keepDns: false));
        NetworkReader.Clear(set, keepDns: false);
        Assert.Equal("", six.GetString("NameServer"));
        Assert.False(NetworkReader.HasMore(set, keepDns: false));
        Assert.Equal(4, set.Find(@"Control\Nsi\{eb004a01-9b1a-11d4-9123-0050047759bc}\10")!.Values.Count());
    }

    [Theory]
    [InlineData("mac=52-54-00-12-34-56,address=192.0.2.10/24,gateway=192.0.2.1,dns=192.0.2.53;2001:db8::53", "52:54:00:12:34:56",
        "192.0.2.10/255.255.255.0")]
    [InlineData("address=192.0.2.10/31", null, "192.0.2.10/255.255.255.254")]
    public void Static_settings_of_the_command_line(string text, string? mac, string address)
    {
        Assert.True(NetworkSettings.TryParse(text, out var settings, out _));
        Assert.Equal(mac, settings.Mac);
        Assert.Equal([address], settings.Addresses);
    }

    [Theory]
    [InlineData("")]
    [InlineData("mac=52:54:00:12:34:56")]
    [InlineData("mac=zz,address=192.0.2.10/24")]
    [InlineData("address=192.0.2.10")]
    [InlineData("address=192.0.2.10/33")]
    [InlineData("address=192.0.2.10/0")]
    [InlineData("address=10/8")]
    [InlineData("address=192.0.2.10/24,gateway=fe80::1")]
    [InlineData("address=192.0.2.10/24,dns=a;b")]
    [InlineData("address=192.0.2.10/24,x=1")]
    public void Static_settings_that_are_not_taken(string text)
    {
        Assert.False(NetworkSettings.TryParse(text, out _, out var problem));
        Assert.NotEqual("", problem);
    }
}
