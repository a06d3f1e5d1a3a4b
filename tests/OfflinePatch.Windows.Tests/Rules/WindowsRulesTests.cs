using System.Buffers.Binary;
using OfflinePatch.Core;
using OfflinePatch.Drivers;
using OfflinePatch.Registry;
using OfflinePatch.Registry.Bcd;
using OfflinePatch.Windows.Guest;
using OfflinePatch.Windows.Rules;
using OfflinePatch.Windows.Rules.Accounts;
using OfflinePatch.Windows.Rules.Boot;
using OfflinePatch.Windows.Rules.Gates;
using OfflinePatch.Windows.Rules.Network;
using OfflinePatch.Windows.Rules.Remote;
using OfflinePatch.Windows.Rules.Storage;
using OfflinePatch.Windows.Rules.Windows;
using OfflinePatch.Windows.Tests.Machines;

namespace OfflinePatch.Windows.Tests.Rules;

[Trait("tier", "unit")]
public sealed class WindowsRulesTests
{
    [Theory]
    [InlineData(17763, "ServerDatacenter", true, ProcessorArchitecture.Amd64, "Windows Server 2019 Datacenter 64bit")]
    [InlineData(17763, "ServerStandardEval", true, ProcessorArchitecture.Amd64, "Windows Server 2019 Standard 64bit")]
    [InlineData(20348, "ServerStandard", true, ProcessorArchitecture.Amd64, "Windows Server 2022 Standard 64bit")]
    [InlineData(26100, "ServerDatacenter", true, ProcessorArchitecture.Amd64, "Windows Server 2025 Datacenter 64bit")]
    [InlineData(14393, "ServerStandard", true, ProcessorArchitecture.Amd64, "Windows Server 2016 Standard 64bit")]
    [InlineData(9600, "ServerStandard", true, ProcessorArchitecture.Amd64, "Windows Server 2012 R2 Standard 64bit")]
    [InlineData(9600, "ServerSolution", true, ProcessorArchitecture.Amd64, "Windows Server 2012 Essentials R2 64bit")]
    [InlineData(9200, "ServerDatacenter", true, ProcessorArchitecture.Amd64, "Windows Server 2012 Datacenter 64bit")]
    [InlineData(7601, "ServerEnterprise", true, ProcessorArchitecture.Amd64, "Windows Server 2008 R2 Enterprise 64bit")]
    [InlineData(7601, "ServerWeb", true, ProcessorArchitecture.Amd64, "Windows Server 2008 WEB R2 64bit")]
    [InlineData(7601, "Professional", false, ProcessorArchitecture.X86, "Windows 7 Professional 32bit")]
    [InlineData(16299, "Professional", false, ProcessorArchitecture.Amd64, "Windows 10 64bit")]
    [InlineData(22631, "Professional", false, ProcessorArchitecture.Amd64, "Windows 11 64bit")]
    [InlineData(9600, "Professional", false, ProcessorArchitecture.Amd64, "Windows 8.1 64bit")]
    public void Names_of_the_cloud(int build, string edition, bool server, ProcessorArchitecture architecture, string expected) =>
        Assert.Equal(expected, OsNames.OsVersion(new WindowsFacts
        {
            Build = build,
            EditionId = edition,
            ProductType = server ? "ServerNT" : "WinNT",
            Architecture = architecture,
        }));

    [Fact]
    public void Windows_11_is_called_that_although_its_registry_says_10()
    {
        var machine = new Machine();
        machine.Software.Create(@"Microsoft\Windows NT\CurrentVersion").SetString("CurrentBuildNumber", "22631");
        Assert.Equal("Windows 11 Pro", machine.Start().Windows.Facts.ProductName);
    }

    /// <summary>The ids of the files that a Windows 11 has, as CiTool lists them (drivers.md §13).</summary>
    [Fact]
    public void Code_integrity_policies_that_come_with_Windows_raise_no_alarm()
    {
        var machine = new Machine();
        DeviceDefects.ReadsSeveralPolicies(machine);
        const string Folder = $@"Windows\System32\CodeIntegrity\{DeviceDefects.Policies}";
        foreach (var id in new[]
        {
            "0283AC0F-FFF1-49AE-ADA1-8A933130CAD6", "1283AC0F-FFF1-49AE-ADA1-8A933130CAD6", "784C4414-79F4-4C32-A6A5-F0FB42A51D0D",
            "82443E1E-8A39-4B4A-96A8-F40DDC00B9F3", "CDD5CB55-DB68-4D71-AA38-3DF2B6473A52", "5951A96A-E0B5-4D3D-8FB8-3E5B61030784",
            "1678656C-05EF-481F-BC5B-EBD8C991502D", "2678656C-05EF-481F-BC5B-EBD8C991502D", "5DAC656C-21AD-4A02-AB49-649917162E70",
            "D2BDA982-CCF6-4344-AC5B-0B44427B6816", "0939ED82-BFD5-4D32-B58E-D31D3C49715A", "1939ED82-BFD5-4D32-B58E-D31D3C49715A",
            "A072029F-588B-4B5E-B7F9-05AAD67DF687", "60FD87F8-4593-44A0-91B0-2E0DA022F248",
        })
        {
            machine.WindowsFiles.Put($@"{Folder}\{{{id}}}.cip", [1]);
        }

        machine.WindowsFiles.Put($@"{Folder}\readme.txt", [1]);
        var finding = new WindowsDeviceGuardRule().Inspect(machine.Start());
        Assert.Equal(FindingState.Ok, finding.State);
        Assert.Contains("Microsoft Windows Driver Policy", finding.Message, StringComparison.Ordinal);
        Assert.Empty(finding.Remarks);

        machine.SystemFiles.Put($@"EFI\Microsoft\Boot\{DeviceDefects.Policies}\{{8f9cb695-5d48-48d6-a329-7202b44607e3}}.cip", [1]);
        finding = new WindowsDeviceGuardRule().Inspect(machine.Start());
        Assert.Equal(FindingState.Ok, finding.State);
        Assert.Contains("{8f9cb695-5d48-48d6-a329-7202b44607e3}.cip", Assert.Single(finding.Remarks), StringComparison.Ordinal);

        // A name that only begins like one of them is somebody else's.
        machine.WindowsFiles.Put($@"{Folder}\{{D2BDA982-CCF6-4344-AC5B-0B44427B6816}}-ours.cip", [1]);
        Assert.Equal(FindingState.Failed, new WindowsDeviceGuardRule().Inspect(machine.Start()).State);
    }

    [Fact]
    public void An_Arm_machine_must_boot_by_UEFI()
    {
        var machine = new Machine(Generation.Windows10, Firmware.Bios);
        machine.WindowsFiles.Put(@"Windows\System32\ntoskrnl.exe", Machine.Pe(0xAA64));
        Assert.Equal(FindingState.Failed, new WindowsBootModeRule().Inspect(machine.Start()).State);

        machine = new Machine(Generation.Windows10, Firmware.Uefi);
        machine.WindowsFiles.Put(@"Windows\System32\ntoskrnl.exe", Machine.Pe(0xAA64));
        var guest = machine.Start();
        Assert.Equal(FindingState.Ok, new WindowsBootModeRule().Inspect(guest).State);
        var loader = new BootLoaderRule();
        Assert.Contains("bootaa64.efi", loader.Inspect(guest).Message, StringComparison.Ordinal);
        loader.Fix(guest);
        Assert.Equal(FindingState.Ok, loader.Inspect(guest).State);
        Assert.NotNull(machine.SystemFiles.Find(@"EFI\Boot\bootaa64.efi"));
        Assert.NotNull(machine.SystemFiles.Find(@"EFI\Boot\bootx64.efi"));
    }

    [Fact]
    public void A_fallback_loader_of_somebody_else_is_replaced_and_kept()
    {
        var machine = new Machine();
        machine.SystemFiles.Put(@"EFI\Boot\bootx64.efi", [1, 2, 3]);
        machine.SystemFiles.Put(@"EFI\Boot\grubx64.efi", [4]);
        var guest = machine.Start();
        var rule = new BootLoaderRule();
        Assert.Contains(@"\EFI\Boot\bootx64.efi is not the boot manager", rule.Inspect(guest).Message, StringComparison.Ordinal);
        rule.Fix(guest);
        Assert.Equal(FindingState.Ok, rule.Inspect(guest).State);
        Assert.Equal(machine.SystemFiles.ReadFile(@"EFI\Microsoft\Boot\bootmgfw.efi"),
            machine.SystemFiles.ReadFile(@"EFI\Boot\bootx64.efi"));
        Assert.Equal([1, 2, 3], machine.SystemFiles.ReadFile(@"EFI\Boot\bootx64.efi.before"));
        Assert.Equal([4], machine.SystemFiles.ReadFile(@"EFI\Boot\grubx64.efi"));

        // The loader that was kept first stays, whatever comes to lie in its place later.
        machine.SystemFiles.Put(@"EFI\Boot\bootx64.efi", [5]);
        rule.Fix(machine.Restart());
        Assert.Equal([1, 2, 3], machine.SystemFiles.ReadFile(@"EFI\Boot\bootx64.efi.before"));
    }

    [Fact]
    public void Components_with_a_pending_transaction_are_refused()
    {
        var machine = new Machine();
        var components = Hive.Create(rootName: "COMPONENTS");
        components.Root.SetDword("ExecutionState", 0);
        machine.WindowsFiles.Put(@"Windows\System32\config\COMPONENTS", components.ToArray());
        Assert.Equal(FindingState.Ok, new WindowsServicingPendingGate().Inspect(machine.Start()).State);
        components.Root.SetString("PendingXmlIdentifier", "x");
        machine.WindowsFiles.Put(@"Windows\System32\config\COMPONENTS", components.ToArray());
        var finding = new WindowsServicingPendingGate().Inspect(machine.Start());
        Assert.Equal(FindingState.Failed, finding.State);
        Assert.Contains("PendingXmlIdentifier", finding.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Sessions_that_are_complete_are_no_evidence()
    {
        var machine = new Machine();
        var session = machine.Software.Create(@"Microsoft\Windows\CurrentVersion\Component Based Servicing\SessionsPending\30000000_1");
        session.SetDword("Complete", 1);
        Assert.Equal(FindingState.Ok, new WindowsPendingRestartRule().Inspect(machine.Start()).State);
        session.SetDword("Complete", 0);
        Assert.Equal(FindingState.Failed, new WindowsPendingRestartRule().Inspect(machine.Start()).State);
    }

    [Fact]
    public void A_generalised_machine_is_fine()
    {
        var machine = new Machine();
        machine.Software.Create(@"Microsoft\Windows\CurrentVersion\Setup\State")
            .SetString("ImageState", "IMAGE_STATE_GENERALIZE_RESEAL_TO_OOBE");
        machine.System.Create(@"Setup\Status\SysprepStatus").SetDword("GeneralizationState", 7);
        machine.System.Create("Setup").SetDword("OOBEInProgress", 1);
        Assert.Equal(FindingState.Ok, new WindowsSysprepRule().Inspect(machine.Start()).State);
    }

    [Fact]
    public void Accounts_of_a_domain_controller_are_not_judged()
    {
        var machine = new Machine(Generation.Server2019);
        machine.Set(@"Control\ProductOptions").SetString("ProductType", "LanmanNT");
        machine.AddAccount(500, "Administrator", 0x0211, hasPassword: false);
        var guest = machine.Start();
        Assert.Equal(FindingState.NotApplicable, new AccountsAdministratorRule().Inspect(guest).State);
        Assert.Equal(FindingState.NotApplicable, new AccountsPasswordRule().Inspect(guest).State);
    }

    [Theory]
    [InlineData(0x0610, false, "locked")]
    [InlineData(0x0211, false, "disabled")]
    [InlineData(0x0210, true, "expired")]
    public void Administrators_that_cannot_log_on(ushort flags, bool expired, string why)
    {
        var machine = new Machine();
        machine.AddAccount(500, "Administrator", flags, hasPassword: true);
        if (expired)
        {
            var key = machine.Sam.Find(@"SAM\Domains\Account\Users\000001F4")!;
            var f = key.GetBinary("F")!;
            BinaryPrimitives.WriteInt64LittleEndian(f.AsSpan(0x20), new DateTime(2015, 1, 1, 0, 0, 0, DateTimeKind.Utc).ToFileTimeUtc());
            key.SetBinary("F", f);
        }

        var finding = new AccountsAdministratorRule().Inspect(machine.Start());
        Assert.Equal(FindingState.Failed, finding.State);
        Assert.Contains(why, finding.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Hostile_account_records_do_no_harm()
    {
        var machine = new Machine();
        var random = new Random(7);
        foreach (var rid in Enumerable.Range(1000, 200))
        {
            var key = machine.Sam.Create($@"SAM\Domains\Account\Users\{rid:X8}");
            var f = new byte[random.Next(0, 0x60)];
            var v = new byte[random.Next(0, 0x120)];
            random.NextBytes(f);
            random.NextBytes(v);
            key.SetBinary("F", f);
            key.SetBinary("V", v);
        }

        var group = new byte[0x60];
        random.NextBytes(group);
        machine.Sam.Create(@"SAM\Domains\Builtin\Aliases\00000220").SetBinary("C", group);
        var guest = machine.Start();
        Finding[] findings = [new AccountsAdministratorRule().Inspect(guest), new AccountsPasswordRule().Inspect(guest)];
        Assert.All(findings, f => Assert.NotEmpty(f.Message));
        Assert.DoesNotContain(machine.Sam.Check(), f => f.ForbidsEditing);
    }

    /// <summary>A member of the group from a domain has a relative id that means nothing here.</summary>
    [Theory]
    [InlineData(0, true)]
    [InlineData(1, false)]
    [InlineData(2, false)]
    public void Members_of_the_administrators_are_those_of_this_machine(int foreignPart, bool isAdministrator)
    {
        var machine = new Machine();
        uint[] domain = [11, 22, 33];
        var v = new byte[24];
        for (var i = 0; i < 3; i++)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(v.AsSpan(12 + (4 * i)), domain[i]);
        }

        machine.Sam.Create(@"SAM\Domains\Account").SetBinary("V", v);
        machine.AddAccount(1001, "anna", 0x0210, hasPassword: true);
        domain[2] += (uint)foreignPart;
        uint[] subAuthorities = [21, .. domain, 1001];
        var sid = new byte[28];
        (sid[0], sid[1], sid[7]) = (1, 5, 5);
        for (var i = 0; i < subAuthorities.Length; i++)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(sid.AsSpan(8 + (4 * i)), subAuthorities[i]);
        }

        byte[] everyone = [1, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0];
        var group = new byte[0x34 + everyone.Length + sid.Length];
        BinaryPrimitives.WriteUInt32LittleEndian(group.AsSpan(0x2C), (uint)(everyone.Length + sid.Length));
        BinaryPrimitives.WriteUInt32LittleEndian(group.AsSpan(0x30), 2);
        everyone.CopyTo(group, 0x34);
        sid.CopyTo(group, 0x34 + everyone.Length);
        machine.Sam.Create(@"SAM\Domains\Builtin\Aliases\00000220").SetBinary("C", group);

        var accounts = LocalAccounts.Read(machine.Start().Windows.Load(HiveName.Sam).Hive!);
        Assert.Equal(isAdministrator, accounts.Single(a => a.Rid == 1001).IsAdministrator);
    }

    [Theory]
    [InlineData(Generation.Windows10)]
    [InlineData(Generation.Windows7)]
    public void Remote_Desktop_only_when_asked(Generation generation)
    {
        const string Rules = @"Services\SharedAccess\Parameters\FirewallPolicy\FirewallRules";
        var machine = new Machine(generation);
        machine.Set(Rules).SetString("RemoteDesktop-UserMode-In-TCP", "v2.10|Action=Allow|Active=FALSE|Dir=In|Protocol=6|LPort=3389|");
        machine.Set(Rules).SetString("RemoteDesktop-In-TCP-WS", "v2.10|Action=Allow|Active=FALSE|Dir=In|Protocol=6|LPort=3387|");
        machine.Set(Rules).SetString("Other", "v2.10|Action=Allow|Active=FALSE|");
        machine.Software.Create(@"Policies\Microsoft\Windows NT\Terminal Services").SetDword("fDenyTSConnections", 1);
        Assert.Equal(FindingState.NotApplicable, new RemoteRdpRule().Inspect(machine.Start()).State);
        machine.Options = new RuleOptions { EnableRdp = true };
        var guest = machine.Start();
        foreach (var rule in new Rule[] { new RemoteRdpRule(), new RemoteFirewallRule() })
        {
            Assert.True(rule.Inspect(guest).Fixable);
            rule.Fix(guest);
            Assert.Equal(FindingState.Ok, rule.Inspect(guest).State);
        }

        var rules = guest.Windows.Current.Find(Rules)!;
        Assert.Contains("Active=TRUE", rules.GetString("RemoteDesktop-UserMode-In-TCP"), StringComparison.Ordinal);
        Assert.Contains("Active=FALSE", rules.GetString("RemoteDesktop-In-TCP-WS"), StringComparison.Ordinal);
        Assert.Contains("Active=FALSE", rules.GetString("Other"), StringComparison.Ordinal);
    }

    [Fact]
    public void Fixed_IPv6_addresses_are_told_and_stay()
    {
        var machine = new Machine();
        var store = machine.Set(@"Control\Nsi\{eb004a01-9b1a-11d4-9123-0050047759bc}\10");
        foreach (var address in new[] { "fd00", "fe80", "ff02" })
        {
            store.SetBinary($"0000000080000600{address}0000000000000000000000000001", new byte[48]);
        }

        store.SetBinary("0000000018000600" + new string('0', 31) + "1", new byte[48]); // loopback
        store.SetBinary("not hexadecimal, and of forty-eight characters!!", new byte[48]);
        var guest = machine.Start();
        var finding = new NetworkDhcpRule().Inspect(guest);
        Assert.Equal(FindingState.Ok, finding.State);
        Assert.Contains("stay (fd00::1):", finding.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Hostile_boot_devices_and_letters_do_no_harm()
    {
        var random = new Random(3);
        for (var i = 0; i < 2000; i++)
        {
            var data = new byte[random.Next(0, 200)];
            random.NextBytes(data);
            if (data.Length > 0x14 && i % 2 == 0)
            {
                data.AsSpan(0x10, 4).Clear();
                data[0x10] = 6;
            }

            Assert.NotEmpty(BcdDevice.Read(data).Describe());
            Assert.NotEmpty(MountedDevices.Parse(@"\DosDevices\C:", data).Describe());
        }
    }

    [Fact]
    public void A_server_without_a_SAN_policy_gets_one_and_a_client_does_not()
    {
        foreach (var (generation, expected) in new[] { (Generation.Server2019, FindingState.Failed),
            (Generation.Windows10, FindingState.Ok) })
        {
            var machine = new Machine(generation);
            machine.Set(@"Services\partmgr\Parameters").DeleteValue("SanPolicy");
            Assert.Equal(expected, new StorageSanPolicyRule().Inspect(machine.Start()).State);
        }
    }
}
