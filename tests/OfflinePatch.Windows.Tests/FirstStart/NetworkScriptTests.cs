using OfflinePatch.Testing;
using OfflinePatch.Windows.FirstStart;

namespace OfflinePatch.Windows.Tests.FirstStart;

/// <summary>
/// The script that gives settings to adapters, run by PowerShell 7 with netsh, route and WMI replaced by functions that record their calls.
/// </summary>
[Trait("tier", "oracle")]
public sealed class NetworkScriptTests
{
    private static readonly NetworkSettings First = new()
    {
        Mac = "00:50:56:84:79:B3",
        Name = "It's the LAN",
        Device = @"PCI\VEN_15AD&DEV_07B0\1",
        Addresses = ["192.0.2.10/255.255.255.0", "192.0.2.11/255.255.255.0"],
        Gateways = ["192.0.2.1/0"],
        DnsServers = ["192.0.2.53", "192.0.2.54", "2001:db8::53"],
        Addresses6 = ["2001:db8::10/64"],
        Metric = 15,
    };

    [SkippableFact]
    public void An_adapter_with_the_MAC_address_gets_everything()
    {
        var calls = Run([First], ["10.0.0.0,255.0.0.0,192.0.2.254,5", "10.1.0.0,255.255.0.0,192.0.2.254,0"],
            ("3", "AA:BB:CC:00:00:01", "Ethernet"), ("7", "00:50:56:84:79:B3", "Ethernet 2"));
        Assert.Equal(
            [
                "netsh interface set interface name=Ethernet 2 newname=It's the LAN",
                "netsh interface ipv4 set address name=7 source=static address=192.0.2.10 mask=255.255.255.0 gateway=none",
                "netsh interface ipv4 add address name=7 address=192.0.2.11 mask=255.255.255.0",
                "netsh interface ipv4 add route prefix=0.0.0.0/0 interface=7 nexthop=192.0.2.1 store=persistent",
                "netsh interface ipv6 add address interface=7 address=2001:db8::10/64 store=persistent",
                "netsh interface ipv4 set dnsservers name=7 source=static address=192.0.2.53 validate=no",
                "netsh interface ipv4 add dnsservers name=7 address=192.0.2.54 validate=no",
                "netsh interface ipv6 set dnsservers name=7 source=static address=2001:db8::53 validate=no",
                "netsh interface ipv4 set interface interface=7 metric=15",
                "route -p add 10.0.0.0 mask 255.0.0.0 192.0.2.254 metric 5",
                "route -p add 10.1.0.0 mask 255.255.0.0 192.0.2.254",
            ],
            calls);
    }

    [SkippableFact]
    public void Routes_alone_need_no_adapter() =>
        Assert.Equal(["route -p add 10.0.0.0 mask 255.0.0.0 192.0.2.254 metric 5"],
            Run([], ["10.0.0.0,255.0.0.0,192.0.2.254,5"], ("4", "FA:16:3E:00:00:01", "Ethernet")));

    [SkippableFact]
    public void The_only_adapter_gets_the_only_settings_whatever_its_MAC_address() =>
        Assert.Contains("netsh interface ipv4 set address name=4 source=static address=192.0.2.10 mask=255.255.255.0 gateway=none",
            Run([First], [], ("4", "FA:16:3E:00:00:01", "Ethernet")));

    [SkippableFact]
    public void What_cannot_be_told_apart_stays_on_DHCP()
    {
        Assert.Empty(Run([First], ["10.0.0.0,255.0.0.0,192.0.2.254,5"], ("4", "FA:16:3E:00:00:01", "Ethernet"),
            ("5", "FA:16:3E:00:00:02", "Ethernet 2")));
        Assert.Empty(Run([First with { Mac = null }, First with { Mac = null, Addresses = ["192.0.2.20/255.255.255.0"] }], [],
            ("4", "FA:16:3E:00:00:01", "Ethernet")));
    }

    [SkippableFact]
    public void With_one_known_the_other_pair_is_the_one_that_is_left()
    {
        var second = new NetworkSettings { Addresses = ["198.51.100.5/255.255.255.0"], Name = "Ethernet 5" };
        var calls = Run([second, First], [], ("4", "00:50:56:84:79:B3", "Ethernet"), ("5", "FA:16:3E:00:00:02", "Ethernet 5"));
        Assert.Contains("netsh interface ipv4 set address name=5 source=static address=198.51.100.5 mask=255.255.255.0 gateway=none",
            calls);
        Assert.Contains("netsh interface ipv4 set address name=4 source=static address=192.0.2.10 mask=255.255.255.0 gateway=none", calls);
        Assert.DoesNotContain(calls, c => c.Contains("newname=Ethernet 5", StringComparison.Ordinal));
    }

    [SkippableFact]
    public void Names_out_of_an_image_are_text_and_never_run()
    {
        using var scratch = new ScratchFolder();
        var evil = First with
        {
            Name = "a'; New-Item -Path '" + scratch["harm"] + "' -ItemType File; '\u2019; $(New-Item x)\n`n",
            Device = "'@\n\"$(1/0)",
        };
        var calls = Run([evil], [], ("7", "00:50:56:84:79:B3", "Ethernet"));
        Assert.Contains(calls,
            c => c.StartsWith("netsh interface set interface name=Ethernet newname=a'; New-Item", StringComparison.Ordinal));
        Assert.False(File.Exists(scratch["harm"]));
    }

    [SkippableFact]
    public void A_name_in_any_script_is_kept() =>
        Assert.Contains("netsh interface set interface name=Ethernet newname=\u00DCbersicht \u4E16\u754C \u2019",
            Run([First with { Name = "\u00DCbersicht \u4E16\u754C \u2019" }], [], ("7", "00:50:56:84:79:B3", "Ethernet")));

    /// <summary>
    /// Windows PowerShell reads a script without a mark in the code page of the machine, so every byte is a character of ASCII.
    /// </summary>
    [Fact]
    public void The_script_is_ASCII() =>
        Assert.All(NetworkScript.Create([First with { Name = "\u00A1\u00AE\u4E16\u2019" }], []), c => Assert.InRange(c, '\n', '~'));

    private static List<string> Run(IReadOnlyList<NetworkSettings> wanted, IReadOnlyList<string> routes,
        params (string Index, string Mac, string Name)[] adapters)
    {
        Oracle.Require("pwsh");
        using var scratch = new ScratchFolder();
        File.WriteAllText(scratch["script.ps1"],
            NetworkScript.Create(wanted, routes).Replace("$tries = 60", "$tries = 1", StringComparison.Ordinal)
                .Replace("$pause = 5", "$pause = 0", StringComparison.Ordinal), System.Text.Encoding.Latin1);
        var objects = string.Join(",",
            adapters.Select(a =>
                $"[pscustomobject]@{{ MACAddress = '{a.Mac}'; NetConnectionID = '{a.Name}'; PNPDeviceID = 'PCI\\VEN_1AF4\\{a.Index}'; "
                    + $"InterfaceIndex = {a.Index} }}"));
        File.WriteAllText(scratch["run.ps1"], $$"""
            $errors = $null
            [void][System.Management.Automation.Language.Parser]::ParseFile('{{scratch["script.ps1"]}}', [ref]$null, [ref]$errors)
            if ($errors.Count -gt 0) { $errors | Out-String | Write-Error; exit 9 }
            function global:netsh { Add-Content -Path '{{scratch["calls"]}}' -Value ('netsh ' + ($args -join ' ')) }
            function global:route { Add-Content -Path '{{scratch["calls"]}}' -Value ('route ' + ($args -join ' ')) }
            function global:Get-WmiObject {
                @({{objects}},
                    [pscustomobject]@{
                        MACAddress = '00:00:00:00:00:09'; NetConnectionID = 'VPN'; PNPDeviceID = 'ROOT\NET\0000'; InterfaceIndex = 99 })
            }
            & '{{scratch["script.ps1"]}}'
            """);
        Oracle.Run("pwsh", "-NoLogo", "-NoProfile", "-NonInteractive", "-File", scratch["run.ps1"]).MustSucceed();
        return File.Exists(scratch["calls"]) ? [.. File.ReadAllLines(scratch["calls"])] : [];
    }
}
