using System.Text;
using OfflinePatch.Fixtures.Machines;
using OfflinePatch.Testing;

namespace OfflinePatch.Cli.Tests.Commands;

/// <summary>What a fix prepares for the first start, by the built binary, on every generation and firmware.</summary>
[Trait("tier", "e2e")]
public sealed class FirstStartTests(Machines machines) : IClassFixture<Machines>
{
    private const string Queue = @"Windows\Setup\OfflinePatch\queue\";

    [SkippableTheory]
    [MemberData(nameof(AccountsCommandTests.Generations), MemberType = typeof(AccountsCommandTests))]
    [Trait("speed", "slow")]
    public void On_every_Windows_and_firmware_in_one_fix(string generation, MachineFirmware firmware)
    {
        Skip.If(generation == "win7" && Corpus.Root is not null, "the hives are of a real member of a domain, which keeps its name");
        Network_name_zone_scripts_and_guest_agent_in_one_fix(generation, firmware);
    }

    [SkippableTheory]
    [InlineData("win2008r2", MachineFirmware.Bios)]
    [InlineData("win2022", MachineFirmware.Uefi)]
    public void Network_name_zone_scripts_and_guest_agent_in_one_fix(string generation, MachineFirmware firmware)
    {
        using var scratch = new ScratchFolder();
        var image = machines.Copy(scratch, machines.Raw(generation, firmware, Defect.StaticAddress, Defect.KnownAdapters));
        var before = SparseHash.OfAll([image]);
        File.WriteAllText(scratch["hello.cmd"], "@echo hello\r\n");
        Directory.CreateDirectory(scratch["qga"]);
        File.Copy(ProgramFor(image, scratch), scratch["qga/qemu-ga.exe"]);
        File.WriteAllText(scratch["qga/qga-vss.dll"], "stub");
        File.WriteAllText(scratch["qga/libglib-2.0-0.dll"], "stub");
        string[] options =
        [
            "--network", "keep", "--hostname", "web-01", "--timezone", "UTC", "--first-boot", scratch["hello.cmd"], "--guest-agent",
            scratch["qga"], "--reset-clone-state",
            "--static", "mac=52:54:00:12:34:56,address=198.51.100.7/24",
        ];

        var dry = Fix(image, generation, [.. options, "--dry-run"]).MustExit(0);
        Assert.Equal(before, SparseHash.OfAll([image]));
        var fix = Fix(image, generation, options).MustExit(0);
        Assert.Equal("ready", fix.Image.GetProperty("result").GetString());
        foreach (var rule in new[] { "network.dhcp", "start.scripts", "start.computer-name", "start.time-zone", "agent.qemu-ga" })
        {
            Assert.Equal("wouldFix", dry.State(rule));
            Assert.Equal("fixed", fix.State(rule));
        }

        var after = SparseHash.OfAll([image]);
        Assert.Empty(Fix(image, generation, options).MustExit(0).In("fixed"));
        Assert.Equal(after, SparseHash.OfAll([image]));
        Tool.Run("check", image).MustExit(0);

        var kept = Read(image, Queue + "10-kept-network.ps1");
        Assert.Contains("Mac = '00:50:56:84:79:B3'", kept, StringComparison.Ordinal);
        Assert.Contains("Addresses = @('192.0.2.10/255.255.255.0')", kept, StringComparison.Ordinal);
        Assert.Contains("Addresses6 = @('2001:db8::10/64')", kept, StringComparison.Ordinal);
        Assert.Contains("$routes = @('10.0.0.0,255.0.0.0,192.0.2.254,5')", kept, StringComparison.Ordinal);
        Assert.Contains("'198.51.100.7/255.255.255.0'", Read(image, Queue + "20-static-network.ps1"), StringComparison.Ordinal);
        Assert.Contains("vss-install", Read(image, Queue + "30-qemu-ga-vss.cmd"), StringComparison.Ordinal);
        Assert.Equal("@echo hello\r\n", Read(image, Queue + "50-hello.cmd"));
        Assert.Contains("call :one", Read(image, @"Windows\Setup\OfflinePatch\run.cmd"), StringComparison.Ordinal);
        Judge(image);
        Tool.Run("undo", "--all", image).MustExit(0);
        Assert.Equal(before, SparseHash.OfAll([image]));
    }

    [SkippableFact]
    public void With_the_agent_and_no_network_settings_its_local_scripts_run_them()
    {
        using var scratch = new ScratchFolder();
        var image = machines.Copy(scratch, machines.Raw("win2022", MachineFirmware.Uefi));
        File.WriteAllText(scratch["hello.cmd"], "@echo hello\r\n");
        Fix(image, "win2022", "--first-boot", scratch["hello.cmd"]).MustExit(0);
        Assert.Contains(@"%SystemRoot%\Setup\OfflinePatch\run.cmd",
            Read(image, @"Cloudbase-Init\LocalScripts\offlinepatch-first-start.cmd"), StringComparison.Ordinal);
        Tool.Run("fs", "stat", image, @"Windows\System32\GroupPolicy\gpt.ini").MustExit(2);
    }

    [SkippableFact]
    public void What_is_wrong_on_the_command_line_is_told_before_an_image_is_opened()
    {
        using var scratch = new ScratchFolder();
        File.WriteAllText(scratch["a b.cmd"], "x");
        foreach (var options in new string[][]
            {
                ["--hostname", "a.b"], ["--hostname", "sixteen-letters-"], ["--static", "address=1"], ["--first-boot", scratch["a b.cmd"]],
                ["--network", "static"],
            })
        {
            Tool.Run(["fix", scratch["missing.raw"], .. options]).MustExit(1);
        }

        Directory.CreateDirectory(scratch["empty"]);
        var image = machines.Copy(scratch, machines.Raw("win2022", MachineFirmware.Uefi));
        Assert.Equal("QGA-0001", Tool.RunJson("fix", image, "--guest-agent", scratch["empty"]).MustExit(4).ErrorCode);
    }

    private ToolResult Fix(string image, string generation, params string[] more) => Tool.RunJson(
        ["fix", image, "--trust-root", SampleRoot.Path, "--drivers", machines.Drivers, "--cloudbase-init", machines.AgentFor(generation),
            .. more]);

    /// <summary>A program for the processor of the machine: its own svchost.exe.</summary>
    private static string ProgramFor(string image, ScratchFolder scratch)
    {
        Tool.Run("fs", "get", image, @"Windows\System32\svchost.exe", scratch["program"]).MustExit(0);
        return scratch["program"];
    }

    private static string Read(string image, string path) => Tool.Run("fs", "cat", image, path).MustExit(0).Output;

    /// <summary>An independent reader of hives finds what a starting Windows would read.</summary>
    private static void Judge(string image)
    {
        Oracle.Require("hivexregedit");
        using var work = new ScratchFolder();
        Tool.Run("fs", "get", image, @"Windows\System32\config\SYSTEM", work.Path).MustExit(0);
        var text = Export(@"ControlSet001\Services\QEMU-GA");
        Assert.Contains("\"Start\"=dword:00000002", text, StringComparison.Ordinal);
        Assert.Contains(Hex(@"""C:\Program Files\Qemu-ga\qemu-ga.exe"" -d --retry-path"), text, StringComparison.Ordinal);
        Assert.Contains(Hex("WEB-01"), Export(@"ControlSet001\Control\ComputerName\ComputerName"), StringComparison.Ordinal);
        Assert.Contains(Hex("UTC"), Export(@"ControlSet001\Control\TimeZoneInformation"), StringComparison.Ordinal);
        Assert.Contains("\"EnableDHCP\"=dword:00000001",
            Export($@"ControlSet001\Services\Tcpip\Parameters\Interfaces\{SystemHive.StaticInterface}"), StringComparison.Ordinal);

        string Export(string key) => Oracle.Run("hivexregedit", "--export", work["SYSTEM"], key).MustSucceed().Output;

        static string Hex(string text) => string.Join(',', Encoding.Unicode.GetBytes(text).Select(b => b.ToString("x2", null)));
    }
}
