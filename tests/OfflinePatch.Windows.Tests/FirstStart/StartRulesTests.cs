using System.Text;
using OfflinePatch.Registry;
using OfflinePatch.Registry.Logs;
using OfflinePatch.Testing;
using OfflinePatch.Windows.FirstStart;
using OfflinePatch.Windows.Guest;
using OfflinePatch.Windows.Rules;
using OfflinePatch.Windows.Rules.Network;
using OfflinePatch.Windows.Rules.Start;
using OfflinePatch.Windows.Targets;
using OfflinePatch.Windows.Tests.Machines;

namespace OfflinePatch.Windows.Tests.FirstStart;

/// <summary>What is prepared for the first start, on every generation and firmware.</summary>
[Trait("tier", "unit")]
public sealed class StartRulesTests
{
    private const string Folder = @"Windows\Setup\OfflinePatch\";
    private const string Policy = @"Windows\System32\GroupPolicy\";

    public static TheoryData<Generation, Firmware> Machines => Rules.HealthyMachineTests.Machines;

    [Theory]
    [MemberData(nameof(Machines))]
    public void Kept_settings_are_saved_cleared_and_queued_once(Generation generation, Firmware firmware)
    {
        var machine = WithStaticAddress(generation, firmware);
        var rule = new NetworkDhcpRule();
        var guest = Ask(machine.Start(), r => r with { KeepNetwork = true });
        var finding = rule.Inspect(guest);
        Assert.True(finding.Fixable, finding.Message);
        Assert.Contains("192.0.2.10", finding.After, StringComparison.Ordinal);
        rule.Fix(guest);
        Machine.Save(guest);
        var script = Text(machine, Folder + @"queue\10-kept-network.ps1");
        Assert.Contains("Mac = '52:54:00:12:34:56'", script, StringComparison.Ordinal);
        Assert.Contains("'192.0.2.10/255.255.255.0'", script, StringComparison.Ordinal);
        Assert.Contains("'10.0.0.0,255.0.0.0,192.0.2.254,1'", script, StringComparison.Ordinal);

        var again = Ask(machine.Restart(), r => r with { KeepNetwork = true });
        Assert.Equal(FindingState.Ok, rule.Inspect(again).State);
        var key = again.Windows.Current.Find(@"Services\Tcpip\Parameters\Interfaces\{AAAAAAAA-0000-0000-0000-000000000001}")!;
        Assert.Equal(1u, key.GetDword("EnableDHCP"));
        Assert.False(key.HasValue("IPAddress"));
        Assert.Empty(again.Windows.Current.Find(@"Services\Tcpip\Parameters\PersistentRoutes")!.Values);
        Assert.Equal(script, Text(machine, Folder + @"queue\10-kept-network.ps1"));
    }

    [Fact]
    public void Without_keep_nothing_is_queued()
    {
        var machine = WithStaticAddress(Generation.Server2019, Firmware.Uefi);
        var guest = machine.Start();
        new NetworkDhcpRule().Fix(guest);
        Machine.Save(guest);
        Assert.DoesNotContain(machine.WindowsFiles.Paths, p => p.StartsWith(Folder, StringComparison.OrdinalIgnoreCase));
        Assert.NotEmpty(machine.Restart().Windows.Current.Find(@"Services\Tcpip\Parameters\PersistentRoutes")!.Values);
    }

    [Theory]
    [MemberData(nameof(Machines))]
    public void Scripts_are_queued_in_order_and_registered_once(Generation generation, Firmware firmware)
    {
        var machine = new Machine(generation, firmware);
        var rule = new StartScriptsRule();
        var guest = Ask(machine.Start(), WithScripts);
        Assert.Equal(FindingState.NotApplicable, rule.Inspect(machine.Start()).State);
        Assert.True(rule.Inspect(guest).Fixable);
        rule.Fix(guest);
        Machine.Save(guest);
        Assert.Equal("@echo b\r\n", Text(machine, Folder + @"queue\50-b.cmd"));
        Assert.Equal("'a'", Text(machine, Folder + @"queue\51-a.ps1"));
        Assert.Contains("%HERE%queue", Text(machine, Folder + "run.cmd"), StringComparison.Ordinal);
        var ini = machine.WindowsFiles.ReadFile(Policy + @"Machine\Scripts\scripts.ini");
        Assert.Equal("[Startup]\r\n0CmdLine=%SystemRoot%\\Setup\\OfflinePatch\\run.cmd\r\n0Parameters=\r\n",
            Encoding.Unicode.GetString(ini.AsSpan(2)));
        Assert.Contains("Version=1\r\n", Text(machine, Policy + "gpt.ini"), StringComparison.Ordinal);
        Assert.Contains("[{42B5FAAE-6536-11D2-AE5A-0000F87571E3}{40B6664F-4972-11D1-A7CA-0000F87571E3}]", Text(machine, Policy + "gpt.ini"),
            StringComparison.Ordinal);
        Assert.Contains("Version=2\r\n", Text(machine, Folder + @"policy\gpt.ini"), StringComparison.Ordinal);

        var writes = machine.WindowsFiles.Writes;
        var again = Ask(machine.Restart(), WithScripts);
        Assert.Equal(FindingState.Ok, rule.Inspect(again).State);
        rule.Fix(again);
        Machine.Save(again);
        Assert.Equal(writes, machine.WindowsFiles.Writes);
        Assert.Equal("LocalGPO",
            again.Windows.Software.Root.Find(@"Microsoft\Windows\CurrentVersion\Group Policy\Scripts\Startup\0")!.GetString("GPO-ID"));
    }

    [Fact]
    public void What_has_run_is_not_queued_again()
    {
        var machine = new Machine();
        machine.WindowsFiles.Put(Folder + @"done\50-b.cmd", "\r\n"u8.ToArray());
        machine.WindowsFiles.Put(Folder + @"done\51-a.ps1", "\r\n"u8.ToArray());
        var guest = Ask(machine.Start(), WithScripts);
        var finding = new StartScriptsRule().Inspect(guest);
        Assert.Equal(FindingState.Ok, finding.State);
        Assert.StartsWith("50-b.cmd, 51-a.ps1: ran at an earlier start, and does not run again", finding.Message, StringComparison.Ordinal);
        Assert.Empty(finding.Remarks);
        Assert.Equal(FindingState.Failed, new NetworkDhcpRule().Inspect(Ask(WithRun(), r => r with { KeepNetwork = true })).State);

        static RuleContext WithRun()
        {
            var machine = WithStaticAddress(Generation.Windows10, Firmware.Bios);
            machine.WindowsFiles.Put(Folder + @"done\10-kept-network.ps1", "\r\n"u8.ToArray());
            return machine.Start();
        }
    }

    [Fact]
    public void A_policy_with_startup_scripts_is_left_alone()
    {
        var machine = WithStaticAddress(Generation.Server2019, Firmware.Bios);
        machine.WindowsFiles.Put(Policy + @"Machine\Scripts\scripts.ini",
            [0xFF, 0xFE, .. Encoding.Unicode.GetBytes("\r\n[Startup]\r\n0CmdLine=own.cmd\r\n0Parameters=\r\n")]);
        foreach (var (rule, guest) in new (Rule, RuleContext)[]
            { (new StartScriptsRule(), Ask(machine.Start(), WithScripts)),
                (new NetworkDhcpRule(), Ask(machine.Start(), r => r with { KeepNetwork = true })) })
        {
            var finding = rule.Inspect(guest);
            Assert.True(finding is { State: FindingState.Failed, Fixable: false }, finding.Message);
            Assert.Contains("startup scripts already", finding.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Other_parts_of_a_policy_stay_and_come_back()
    {
        var machine = new Machine();
        var scripts = (byte[])[0xFF, 0xFE, .. Encoding.Unicode.GetBytes("\r\n[Shutdown]\r\n0CmdLine=off.cmd\r\n0Parameters=\r\n")];
        const string Registry = "[{35378EAC-683F-11D2-A89A-00C04FBBCFA2}{D02B1F72-3407-48AE-BA88-E8213C6761F1}]";
        machine.WindowsFiles.Put(Policy + @"Machine\Scripts\scripts.ini", scripts);
        // 3 of the users, 4 of the machine
        machine.WindowsFiles.Put(Policy + "gpt.ini",
            Encoding.ASCII.GetBytes(
                $"[General]\r\ngPCMachineExtensionNames={Registry}\r\nVersion=196612\r\ngPCFunctionalityVersion=2\r\n"));
        var guest = Ask(machine.Start(), WithScripts);
        new StartScriptsRule().Fix(guest);
        var text = Encoding.Unicode.GetString(machine.WindowsFiles.ReadFile(Policy + @"Machine\Scripts\scripts.ini").AsSpan(2));
        Assert.StartsWith("\r\n[Shutdown]\r\n0CmdLine=off.cmd\r\n0Parameters=\r\n[Startup]", text, StringComparison.Ordinal);
        Assert.Contains($"gPCMachineExtensionNames={Registry}[{{42B5FAAE", Text(machine, Policy + "gpt.ini"), StringComparison.Ordinal);
        Assert.Contains("Version=196613\r\n", Text(machine, Policy + "gpt.ini"), StringComparison.Ordinal);
        Assert.Equal(scripts, machine.WindowsFiles.ReadFile(Folder + @"policy\scripts.ini"));
        Assert.Equal($"[General]\r\ngPCMachineExtensionNames={Registry}\r\nVersion=196614\r\ngPCFunctionalityVersion=2\r\n",
            Text(machine, Folder + @"policy\gpt.ini"));
    }

    [Fact]
    public void A_generalised_image_runs_them_at_the_end_of_its_setup()
    {
        var machine = new Machine(Generation.Server2019);
        machine.Software.Create(@"Microsoft\Windows\CurrentVersion\Setup\State")
            .SetString("ImageState", "IMAGE_STATE_GENERALIZE_RESEAL_TO_OOBE");
        machine.WindowsFiles.Put(@"Windows\Setup\Scripts\SetupComplete.cmd", "rem own"u8.ToArray());
        var guest = Ask(machine.Start(), WithScripts);
        new StartScriptsRule().Fix(guest);
        Assert.Equal("rem own\r\ncall \"%SystemRoot%\\Setup\\OfflinePatch\\run.cmd\"\r\n",
            Text(machine, @"Windows\Setup\Scripts\SetupComplete.cmd"));
        Assert.Equal(FindingState.Ok, new StartScriptsRule().Inspect(guest).State);
        Assert.DoesNotContain(machine.WindowsFiles.Paths, p => p.StartsWith(Policy, StringComparison.OrdinalIgnoreCase));
    }

    /// <summary>What Windows leaves out is told as a warning; where the kind of the key is not known, as a remark.</summary>
    [Theory]
    [InlineData(Generation.Windows10, "00325-96058-34284-AAOEM", true, 0)]
    [InlineData(Generation.Windows7, "00371-OEM-8992671-00524", true, 0)]
    [InlineData(Generation.Windows10, "00330-80000-00000-AA123", false, 0)]
    [InlineData(Generation.Windows10, "", false, 1)]
    [InlineData(Generation.Server2019, "00429-OEM-0000000-00000", false, 0)]
    public void With_an_OEM_key_nothing_runs_at_the_end_of_the_setup(Generation generation, string productId, bool fails, int remarks)
    {
        var machine = new Machine(generation);
        machine.Software.Create(@"Microsoft\Windows\CurrentVersion\Setup\State")
            .SetString("ImageState", "IMAGE_STATE_GENERALIZE_RESEAL_TO_OOBE");
        if (productId.Length > 0)
        {
            machine.Software.Create(@"Microsoft\Windows NT\CurrentVersion").SetString("ProductId", productId);
        }

        var guest = Ask(machine.Start(), WithScripts);
        Assert.True(new StartScriptsRule().Inspect(guest).Fixable);
        new StartScriptsRule().Fix(guest);
        var finding = new StartScriptsRule().Inspect(guest);
        Assert.Equal((fails ? FindingState.Failed : FindingState.Ok, false, remarks),
            (finding.State, finding.Fixable, finding.Remarks.Count));
        Assert.Equal(fails ? RuleSeverity.Warning : null, finding.Severity);
        Assert.Equal(fails, finding.Message.Contains($"={productId})", StringComparison.Ordinal));
    }

    [SkippableTheory]
    [InlineData("hives/win7-sp1-x86/SYSTEM")]
    [InlineData("hives/win81-x64/SYSTEM")]
    [InlineData("hives/win10-1709-x64/SYSTEM")]
    public void A_time_zone_is_written_as_Windows_writes_it(string hive)
    {
        var machine = new Machine
        {
            System = Hive.Open(Corpus.Read(hive), options: new HiveOpenOptions { Unclean = UncleanHive.Reconcile }),
        };
        machine.System.Create("OfflinePatchTest"); // an edit makes the copy clean
        var golden = machine.System.Find(@"ControlSet001\Control\TimeZoneInformation")!;
        var name = golden.GetString("TimeZoneKeyName")!.Split('\0')[0];
        var rules = new byte[44];
        foreach (var (value, offset) in new[] { ("Bias", 0), ("StandardBias", 4), ("DaylightBias", 8), ("StandardStart", 12),
            ("DaylightStart", 28) })
        {
            golden.FindValue(value)!.ReadData().CopyTo(rules, offset);
        }

        var zone = machine.Software.Create(@"Microsoft\Windows NT\CurrentVersion\Time Zones\" + name);
        zone.SetBinary("TZI", rules);
        zone.SetString("MUI_Std", golden.GetString("StandardName")!);
        zone.SetString("MUI_Dlt", golden.GetString("DaylightName")!);
        var utc = machine.Software.Create(@"Microsoft\Windows NT\CurrentVersion\Time Zones\UTC");
        utc.SetBinary("TZI", new byte[44]);
        utc.SetString("Std", "Coordinated Universal Time");
        var rule = new TimeZoneRule();
        var before = Values(golden);
        Assert.Equal(FindingState.Ok, rule.Inspect(Ask(machine.Start(), r => r with { TimeZone = name.ToLowerInvariant() })).State);

        Set("UTC");
        Set(name);
        var after = Values(Hive.Open(machine.WindowsFiles.ReadFile(@"Windows\System32\config\SYSTEM"))
            .Find(@"ControlSet001\Control\TimeZoneInformation")!);
        Assert.Equal(before.Where(v => v.Key is not "ActiveTimeBias" and not "TimeZoneKeyName"),
            after.Where(v => v.Key is not "ActiveTimeBias" and not "TimeZoneKeyName"));
        Assert.Equal(before.Keys, after.Keys);

        var finding = rule.Inspect(Ask(machine.Restart(), r => r with { TimeZone = "Nowhere" }));
        Assert.True(finding is { State: FindingState.Failed, Fixable: false });
        Assert.Contains("UTC", finding.Remedy, StringComparison.Ordinal);

        void Set(string wanted)
        {
            var guest = Ask(machine.Restart(), r => r with { TimeZone = wanted });
            Assert.True(rule.Inspect(guest).Fixable);
            rule.Fix(guest);
            Assert.Equal(FindingState.Ok, rule.Inspect(guest).State);
            Machine.Save(guest);
        }

        static SortedDictionary<string, string> Values(HiveKey key) =>
            new(key.Values.ToDictionary(v => v.Name, v => $"{v.Type} {Convert.ToHexString(v.ReadData())}"), StringComparer.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Machines))]
    public void A_name_is_set_where_Windows_reads_it(Generation generation, Firmware firmware)
    {
        var machine = new Machine(generation, firmware);
        var rule = new ComputerNameRule();
        var guest = Ask(machine.Start(), r => r with { HostName = "web-01" });
        Assert.True(rule.Inspect(guest).Fixable);
        rule.Fix(guest);
        Machine.Save(guest);
        var again = Ask(machine.Restart(), r => r with { HostName = "web-01" });
        Assert.Equal(FindingState.Ok, rule.Inspect(again).State);
        Assert.Equal("WEB-01", again.Windows.Current.Find(@"Control\ComputerName\ComputerName")!.GetString("ComputerName"));
        Assert.Equal("web-01", again.Windows.Current.Find(@"Services\Tcpip\Parameters")!.GetString("NV Hostname"));
    }

    [SkippableFact]
    public void Members_of_a_domain_and_images_in_setup_keep_their_name()
    {
        // of shieldbase.local
        var member = new Machine
        {
            System = Hive.Open(Corpus.Read("hives/win7-sp1-x86/SYSTEM"), options: new HiveOpenOptions { Unclean = UncleanHive.Reconcile }),
        };
        Assert.True(new ComputerNameRule()
            .Inspect(Ask(member.Start(), r => r with { HostName = "web-01" })) is { State: FindingState.Failed, Fixable: false });
        var setup = new Machine();
        setup.System.Create("Setup").SetDword("SystemSetupInProgress", 1);
        Assert.True(new ComputerNameRule()
            .Inspect(Ask(setup.Start(), r => r with { HostName = "web-01" })) is { State: FindingState.Failed, Fixable: false });
    }

    [Theory]
    [InlineData("web-01", true)]
    [InlineData("a", true)]
    [InlineData("", false)]
    [InlineData("-a", false)]
    [InlineData("a-", false)]
    [InlineData("12345", false)]
    [InlineData("a.b", false)]
    [InlineData("sixteen-letters-", false)]
    public void Names_that_are_taken(string name, bool isTaken) => Assert.Equal(isTaken, RuleRequest.IsHostName(name));

    [Theory]
    [MemberData(nameof(Machines))]
    public void Clones_lose_what_identifies_the_source(Generation generation, Firmware firmware)
    {
        var machine = new Machine(generation, firmware);
        machine.Set(@"Services\Tcpip6\Parameters").SetBinary("Dhcpv6DUID", [0, 1, 0, 1]);
        machine.Software.Create(@"Microsoft\Windows\CurrentVersion\WindowsUpdate").SetString("SusClientId", "x");
        var rule = new CloneStateRule();
        Assert.Equal(FindingState.NotApplicable, rule.Inspect(machine.Start()).State);
        var guest = Ask(machine.Start(), r => r with { ResetCloneState = true });
        var finding = rule.Inspect(guest);
        Assert.True(finding.Fixable, finding.Message);
        Assert.Contains(finding.Remarks, r => r.Contains("SID of the machine stays", StringComparison.Ordinal));
        rule.Fix(guest);
        Machine.Save(guest);
        Assert.Equal(FindingState.Ok, rule.Inspect(Ask(machine.Restart(), r => r with { ResetCloneState = true })).State);
    }

    [Theory]
    [InlineData("a.sh")]
    [InlineData("a b.cmd")]
    [InlineData("a&b.cmd")]
    [InlineData("ü.ps1")]
    public void Scripts_with_such_names_are_not_taken(string name) => Assert.False(FirstBootScript.TryCreate(name, "x"u8, out _, out _));

    [Fact]
    public void Batch_files_that_the_command_processor_cannot_read_are_not_taken()
    {
        Assert.False(FirstBootScript.TryCreate("a.cmd", [0xFF, 0xFE, 0x40, 0], out _, out _));
        Assert.False(FirstBootScript.TryCreate("a.cmd", [0xEF, 0xBB, 0xBF, 0x40], out _, out _));
        Assert.True(FirstBootScript.TryCreate("a.ps1", [0xEF, 0xBB, 0xBF, 0x40], out _, out _));
        Assert.False(FirstBootScript.TryCreate("a.ps1", [], out _, out _));
    }

    private static RuleRequest WithScripts(RuleRequest request)
    {
        Assert.True(FirstBootScript.TryCreate("b.cmd", "@echo b\r\n"u8, out var first, out _));
        Assert.True(FirstBootScript.TryCreate("a.ps1", "'a'"u8, out var second, out _));
        return request with { FirstBootScripts = [first!, second!] };
    }

    private static RuleContext Ask(RuleContext context, Func<RuleRequest, RuleRequest> change) =>
        context with { Request = change(context.Request) };

    private static string Text(Machine machine, string path) => Encoding.Latin1.GetString(machine.WindowsFiles.ReadFile(path));

    private static Machine WithStaticAddress(Generation generation, Firmware firmware)
    {
        var machine = new Machine(generation, firmware);
        const string Id = "{AAAAAAAA-0000-0000-0000-000000000001}";
        var key = machine.AddInterface(Id);
        key.SetDword("EnableDHCP", 0);
        key.SetMultiString("IPAddress", ["192.0.2.10"]);
        key.SetMultiString("SubnetMask", ["255.255.255.0"]);
        key.SetMultiString("DefaultGateway", ["192.0.2.1"]);
        var adapter = machine.Set(@"Control\Class\{4d36e972-e325-11ce-bfc1-08002be10318}\0001");
        adapter.SetString("NetCfgInstanceId", Id);
        adapter.SetString("NetworkAddress", "525400123456");
        machine.Set(@"Services\Tcpip\Parameters\PersistentRoutes").SetString("10.0.0.0,255.0.0.0,192.0.2.254,1", "");
        return machine;
    }
}
