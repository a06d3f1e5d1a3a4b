using OfflinePatch.Registry;
using OfflinePatch.Windows.Rules;
using OfflinePatch.Windows.Rules.Network;
using OfflinePatch.Windows.Targets;
using OfflinePatch.Windows.Tests.Machines;

namespace OfflinePatch.Windows.Tests.Rules;

/// <summary>What <c>network.dhcp</c> takes away, leaves, and says: values are written and looked for by their names.</summary>
[Trait("tier", "unit")]
public sealed class NetworkDhcpTests
{
    private const string Id = "{AAAAAAAA-0000-0000-0000-000000000007}";
    private const string Parameters = @"Services\Tcpip\Parameters";

    [Fact]
    public void Every_value_of_a_static_address_goes_and_no_other()
    {
        var machine = new Machine();
        var key = MakeStatic(machine);
        key.SetString("Domain", "example.test");
        key.SetDword("RegisterAdapterName", 1);
        key.SetMultiString("DhcpDefaultGateway", "10.9.9.9");
        var guest = machine.Start();
        new NetworkDhcpRule().Fix(guest);
        Machine.Save(guest);

        var after = SystemOf(machine).Find($@"ControlSet001\{Parameters}\Interfaces\{Id}")!;
        Assert.Equal(["DhcpDefaultGateway", "Domain", "EnableDHCP", "NameServer", "RegisterAdapterName"],
            after.Values.Select(v => v.Name).Order(StringComparer.Ordinal));
        Assert.Equal((1u, ""), (after.GetDword("EnableDHCP"), after.GetString("NameServer")));
    }

    [Theory]
    [InlineData(0, "", "", "EnableDHCP=0 without an address")]
    [InlineData(1, "10.0.0.5", "", "10.0.0.5/255.0.0.0")]
    [InlineData(1, "", "10.0.0.1", "gateway 10.0.0.1")]
    [InlineData(0, "10.0.0.5", "10.0.0.1", "10.0.0.5/255.0.0.0, gateway 10.0.0.1")]
    [InlineData(1, "0.0.0.0", "", null)] // as Windows leaves it
    public void Each_part_of_a_static_address_counts(int enabled, string address, string gateway, string? told)
    {
        var machine = new Machine();
        var key = machine.AddInterface(Id);
        key.SetDword("EnableDHCP", (uint)enabled);
        key.SetMultiString("IPAddress", address.Length == 0 ? [] : [address]);
        key.SetMultiString("SubnetMask", "255.0.0.0");
        key.SetMultiString("DefaultGateway", gateway.Length == 0 ? [] : [gateway]);
        var guest = machine.Start();
        var finding = new NetworkDhcpRule().Inspect(guest);
        Assert.Equal(told is null ? FindingState.Ok : FindingState.Failed, finding.State);
        if (told is not null)
        {
            Assert.Equal($"ControlSet001 {Id}: {told}", finding.Before);
            Assert.StartsWith("1 of 2 interfaces ", finding.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Kept_DNS_servers_stay_and_are_not_told()
    {
        var machine = new Machine { Options = new RuleOptions { KeepDns = true } };
        MakeStatic(machine);
        machine.Set(Parameters).SetString("NameServer", "10.0.0.2");
        var guest = machine.Start();
        Assert.Equal("DHCP; DNS servers kept", new NetworkDhcpRule().Inspect(guest).After);
        new NetworkDhcpRule().Fix(guest);
        Assert.Equal(FindingState.Ok, new NetworkDhcpRule().Inspect(guest).State);
        Machine.Save(guest);
        Assert.Equal("10.0.0.2", SystemOf(machine).Find($@"ControlSet001\{Parameters}")!.GetString("NameServer"));
        Assert.Equal("10.0.0.53", SystemOf(machine).Find($@"ControlSet001\{Parameters}\Interfaces\{Id}")!.GetString("NameServer"));
    }

    [Fact]
    public void The_default_route_of_a_static_gateway_goes_with_it()
    {
        var machine = new Machine();
        MakeStatic(machine);
        string[] kept = ["0.0.0.0,0.0.0.0,10.0.0.254,1", "10.5.0.0,255.255.0.0,10.0.0.1,1", "0.0.0.0,128.0.0.0,10.0.0.1,1"];
        foreach (var route in kept.Append("0.0.0.0,0.0.0.0,10.0.0.1,1"))
        {
            machine.Set($@"{Parameters}\PersistentRoutes").SetString(route, "");
        }

        var guest = machine.Start();
        new NetworkDhcpRule().Fix(guest);
        Machine.Save(guest);
        Assert.Equal(kept.Order(StringComparer.Ordinal),
            SystemOf(machine).Find($@"ControlSet001\{Parameters}\PersistentRoutes")!.Values.Select(v => v.Name)
                .Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("0.0.0.0,0.0.0.0,10.0.0.1,1", true)]
    [InlineData("169.254.169.254,255.255.255.255,10.0.0.1,1", true)]
    [InlineData("169.254.0.0,255.255.0.0,10.0.0.1,1", true)]
    [InlineData("169.254.169.0,255.255.255.0,10.0.0.1,-1", true)]
    [InlineData("169.254.169.253,255.255.255.255,10.0.0.1,1", false)]
    [InlineData("10.5.0.0,255.255.0.0,10.0.0.1,1", false)]
    [InlineData("0.0.0.0", false)]
    [InlineData("x,0.0.0.0,10.0.0.1,1", false)]
    [InlineData("0.0.0.0,y,10.0.0.1,1", false)]
    public void A_route_that_takes_the_way_to_the_metadata_is_told(string route, bool isHarmful)
    {
        var machine = new Machine();
        machine.Set($@"{Parameters}\PersistentRoutes").SetString(route, "");
        var finding = new NetworkDhcpRule().Inspect(machine.Start());
        Assert.Equal(isHarmful ? (FindingState.Failed, RuleSeverity.Warning, false) : (FindingState.Ok, null, false),
            (finding.State, finding.Severity, finding.Fixable));
        Assert.Contains(route, finding.Message, StringComparison.Ordinal);
        Assert.Equal(isHarmful ? route : null, finding.Before);
    }

    [Fact]
    public void Fixed_IPv6_addresses_are_told_and_those_that_mean_nothing_are_not()
    {
        var machine = new Machine();
        var store = machine.Set(@"Control\Nsi\{eb004a01-9b1a-11d4-9123-0050047759bc}\10");
        foreach (var address in (string[])["20010db8000000000000000000000005", "fe800000000000000000000000000001",
            "ff020000000000000000000000000001", "00000000000000000000000000000001", "20010db80000000000000000000000"])
        {
            store.SetBinary($"0000000000000600{address}", [1]);
        }

        var finding = new NetworkDhcpRule().Inspect(machine.Start());
        Assert.Equal(FindingState.Ok, finding.State);
        Assert.Contains("bc} stay (2001:db8::5): ", finding.Message, StringComparison.Ordinal);
    }

    private static HiveKey MakeStatic(Machine machine)
    {
        var key = machine.AddInterface(Id);
        key.SetDword("EnableDHCP", 0);
        key.SetMultiString("IPAddress", "10.0.0.5");
        key.SetMultiString("SubnetMask", "255.0.0.0");
        key.SetMultiString("DefaultGateway", "10.0.0.1");
        key.SetMultiString("DefaultGatewayMetric", "1");
        key.SetString("NameServer", "10.0.0.53");
        return key;
    }

    private static Hive SystemOf(Machine machine) => Hive.Open(machine.WindowsFiles.ReadFile(@"Windows\System32\config\SYSTEM"));
}
