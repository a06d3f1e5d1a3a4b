using System.Text.Json;
using OfflinePatch.Cli.Tests.Boot;
using OfflinePatch.Fixtures.Machines;
using OfflinePatch.Testing;

namespace OfflinePatch.Cli.Tests.Witness;

/// <summary>
/// <c>witness</c> with a program in the place of QEMU: what a real one does rarely, what only Windows makes it do, and what it is given.
/// </summary>
[Trait("tier", "oracle")]
public sealed class QemuStandInTests(StandIns standIns) : IClassFixture<StandIns>
{
    // Answers the monitor as QEMU does; what else it does stands in DO.
    private const string Program = """
        #!/usr/bin/env python3
        import json, os, socket, sys, threading, time
        def channel(name):
            s = socket.socket(socket.AF_UNIX); s.connect(name); return s
        qmp, com1, qga = channel("qmp"), channel("com1"), channel("qga")
        def say(s, what): s.sendall((json.dumps(what) + "\r\n").encode())
        def agent():
            for line in qga.makefile():
                ask = json.loads(line)
                if ask["execute"] == "guest-sync": say(qga, {"return": ask["arguments"]["id"] + AGENT})
                else: say(qga, {"return": {"pretty-name": "Windows Server 2022 Standard"}})
        AGENT = int(os.environ.get("AGENT", "-1"))
        if AGENT >= 0: threading.Thread(target=agent, daemon=True).start()
        say(qmp, {"QMP": {"version": {"qemu": {"major": 9, "minor": 1, "micro": 2}}, "capabilities": []}})
        for line in qmp.makefile():
            ask = json.loads(line)
            if ask["execute"] == "query-blockstats" and os.environ.get("EVENT"): qmp.sendall(os.environ["EVENT"].encode() + b"\n")
            if ask["execute"] == "query-blockstats" and os.environ.get("SAY"): com1.sendall(os.environ["SAY"].encode())
            if ask["execute"] == "query-blockstats" and os.environ.get("END"): sys.exit(os.environ["END"])
            if os.environ.get("SILENT"): continue
            stats = [{"node-name": "disk", "stats": {"rd_bytes": 5 << 20, "wr_bytes": 4096}}]
            say(qmp, {"id": ask.get("id"), "return": stats if ask["execute"] == "query-blockstats" else {}})

        """;

    [SkippableFact]
    public void The_guest_agent_is_a_sign_when_it_answers_with_the_number_that_it_was_asked_with()
    {
        using var run = new Scratch();
        var start = WitnessTests.One(Run(run, "AGENT=0").MustExit(0));
        Assert.Equal("started", start.GetProperty("result").GetString());
        Assert.Equal("The guest agent answered: Windows Server 2022 Standard.", start.GetProperty("evidence").GetString());
        Assert.Equal("Windows Server 2022 Standard", start.GetProperty("guestAgent").GetString());
        Assert.Equal("9.1.2", start.GetProperty("qemu").GetString());
        Assert.Equal("loaderOnly", WitnessTests.One(Run(run, "AGENT=1").MustExit(3)).GetProperty("result").GetString());
        run.MustBeEmpty();
    }

    [SkippableFact]
    public void The_stop_code_that_Windows_gives_to_the_hypervisor_is_told()
    {
        using var run = new Scratch();
        const string numbers = """{"type":"hyper-v","arg1":123,"arg2":1,"arg3":2,"arg4":3,"arg5":4}""";
        var start = WitnessTests.One(Run(run,
            "EVENT={\"event\":\"GUEST_PANICKED\",\"data\":{\"info\":" + numbers + "}}").MustExit(3));
        Assert.Equal("stopCode", start.GetProperty("result").GetString());
        Assert.Equal("0x0000007B", start.GetProperty("stopCode").GetString());
    }

    [SkippableTheory]
    [InlineData("SAY=OFFLINEPATCH-STARTED 00000000000000000000000000000000", "loaderOnly")]
    [InlineData("SAY=BdsDxe: starting Boot0001 \"UEFI Misc Device\" from PciRoot(0x0)", "loaderOnly")]
    public void A_line_without_the_nonce_is_no_sign(string said, string result)
    {
        using var run = new Scratch();
        Assert.Equal(result, WitnessTests.One(Run(run, said).MustExit(3)).GetProperty("result").GetString());
    }

    [SkippableTheory]
    [InlineData("END=no more memory", 5, "WIT-0004", "no more memory")]
    [InlineData("EVENT={\"event\":\"BLOCK_IO_ERROR\",\"data\":{\"nospace\":true}}", 5, "WIT-0006", "no space left")]
    [InlineData("EVENT=not json {{{", 3, null, "")]
    [InlineData("EVENT=[1]", 3, null, "")]
    public void What_QEMU_does_wrong_is_an_error_with_a_code(string variable, int exitCode, string? code, string message)
    {
        using var run = new Scratch();
        var result = Run(run, variable).MustExit(exitCode);
        Assert.Equal(code, result.ErrorCode);
        Assert.Contains(message, result.Output, StringComparison.Ordinal);
        run.MustBeEmpty();
    }

    [SkippableFact]
    public void A_program_that_does_not_start_a_machine_is_told_with_what_it_said()
    {
        using var run = new Scratch();
        File.WriteAllText(run["qemu"], "#!/bin/sh\necho 'Failed to get shared \"write\" lock' >&2\n"
            + "echo 'Is another process using the image [x]?' >&2\nexit 1\n");
        MakeExecutable(run["qemu"]);
        var image = Image(run);
        Assert.Equal("WIT-0005", run.Witness(image, "--qemu", run["qemu"], "--json").MustExit(4).ErrorCode);
        File.WriteAllText(run["qemu"], "#!/bin/sh\necho 'qemu: cannot set up guest memory' >&2\nexit 1\n");
        var failed = run.Witness(image, "--qemu", run["qemu"], "--json").MustExit(5);
        Assert.Equal("WIT-0003", failed.ErrorCode);
        Assert.Contains("cannot set up guest memory", failed.Output, StringComparison.Ordinal);
        run.MustBeEmpty();
    }

    [SkippableFact]
    public void What_is_missing_is_told_with_the_packages_that_bring_it()
    {
        using var run = new Scratch();
        var image = Image(run);
        var none = Tool.RunWith(["PATH=/nowhere"], "witness", image, "--json").MustExit(5);
        Assert.Equal("WIT-0001", none.ErrorCode);
        Assert.Contains("apt install qemu-system-x86;", none.Output, StringComparison.Ordinal);
        Assert.Equal(5, run.Witness(image, "--qemu", run["nothing"]).ExitCode);
        Assert.Contains("CLI-0007", run.Witness(image, "--firmware", run["nothing"]).MustExit(2).Error, StringComparison.Ordinal);
        run.Witness(image, "--bus", "ide").MustExit(1);
        run.Witness(image, "--memory", "1M").MustExit(1);
        run.Witness(image, "--report", run["page.txt"]).MustExit(1);
        run.MustBeEmpty();
    }

    [SkippableFact]
    public void The_sockets_of_a_long_path_are_refused()
    {
        using var run = new Scratch();
        var folder = run[new string('x', 100)];
        Directory.CreateDirectory(folder);
        var result = Tool.RunWith([$"TMPDIR={folder}"], "witness", Image(run), "--qemu", "/bin/true", "--json").MustExit(5);
        Assert.Equal("WIT-0007", result.ErrorCode);
    }

    [SkippableFact]
    public void A_package_and_a_format_that_QEMU_does_not_know_are_refused_and_their_remedy_works()
    {
        Oracle.Require("gzip");
        StandIns.Require(MachineFirmware.Bios);
        using var run = new Scratch();
        Tool.Run("convert", standIns.Screen("MESSAGE"), run["disk.zvhd2"]).MustExit(0);
        Assert.Equal("JOB-0016", run.Witness(run["disk.zvhd2"], "--json").MustExit(2).ErrorCode);
        Oracle.Run("cp", standIns.Screen("MESSAGE"), run["disk.raw"]).MustSucceed();
        Oracle.Run("gzip", run["disk.raw"]).MustSucceed();
        Assert.Equal("JOB-0016", run.Witness(run["disk.raw.gz"], "--json").MustExit(2).ErrorCode);
        Tool.Run("convert", run["disk.zvhd2"], run["copy.qcow2"]).MustExit(0);
        var start = WitnessTests.One(run.Witness(run["copy.qcow2"], "--bus", "sata", "--timeout", "20", "--json").MustExit(3));
        Assert.Contains("BOOTMGR is missing", start.GetProperty("evidence").GetString(), StringComparison.Ordinal);
    }

    [SkippableFact]
    public void The_overlay_holds_the_script_and_the_image_stays_read_only()
    {
        Oracle.Require("qemu-img", "ntfscat");
        using var run = new Scratch();
        var image = standIns.Machines.Raw("win2019", MachineFirmware.Bios, Defect.StaticAddress);
        File.WriteAllText(run["qemu"],
            $"#!/bin/sh\ncp overlay.qcow2 '{run["copy.qcow2"]}'\nprintf '%s\\n' \"$@\" > '{run["words"]}'\nexit 1\n");
        MakeExecutable(run["qemu"]);
        run.Witness(image, "--qemu", run["qemu"], "--bus", "virtio-blk", "--accel", "tcg").MustExit(5);
        Oracle.Run("qemu-img", "check", run["copy.qcow2"]).MustSucceed();
        Oracle.Run("qemu-img", "rebase", "-u", "-f", "qcow2", "-F", "raw", "-b", image, run["copy.qcow2"]).MustSucceed();
        var plan = DiskPlan.For(new MachineSpec { Firmware = MachineFirmware.Bios });
        var part = GuestVolumes.CutOut(run.Folder, run["copy.qcow2"], "qcow2", plan.Windows.Offset, plan.Windows.Length, "part");
        var script = Oracle.Run("ntfscat", part, "Windows/Setup/OfflinePatch/queue/00-offlinepatch-witness.cmd").MustSucceed().Output;
        Assert.Matches(">COM1 echo OFFLINEPATCH-STARTED [0-9a-f]{32}\r\n", script);

        // Nothing of the host but the image, which is only read, and files of the private folder.
        var words = File.ReadAllLines(run["words"]);
        var node = JsonDocument.Parse(words.Single(w => w.Contains("\"node-name\":\"image\"", StringComparison.Ordinal))).RootElement;
        Assert.True(node.GetProperty("read-only").GetBoolean());
        Assert.True(node.GetProperty("file").GetProperty("read-only").GetBoolean());
        Assert.Equal(image, node.GetProperty("file").GetProperty("filename").GetString());
        Assert.Equal("none", words[Array.IndexOf(words, "-nic") + 1]);
        Assert.Contains("-nodefaults", words);
        Assert.DoesNotContain(words,
            w => w.Contains("usb", StringComparison.OrdinalIgnoreCase) || w.Contains("audio", StringComparison.Ordinal));
    }

    [SkippableFact]
    public void A_machine_whose_volume_is_not_safe_to_write_is_started_without_the_script()
    {
        using var run = new Scratch();
        Write(run["qemu"]);
        var dirty = standIns.Machines.Raw("win2019", MachineFirmware.Bios, Defect.DirtyVolume);
        var report = run.Witness(dirty, "--qemu", run["qemu"], "--bus", "sata", "--timeout", "2", "--json").MustExit(3);
        Assert.StartsWith("none: JOB-0005", report.Image.GetProperty("script").GetString(), StringComparison.Ordinal);
    }

    private static ToolResult Run(Scratch run, string variable)
    {
        Write(run["qemu"]);
        return run.WitnessWith([variable], Image(run), "--qemu", run["qemu"], "--bus", "sata", "--timeout", "3", "--json");
    }

    private static void Write(string path)
    {
        Oracle.Require("python3");
        File.WriteAllText(path, Program);
        MakeExecutable(path);
    }

    private static string Image(Scratch run)
    {
        var path = run["disk.raw"];
        var sector = new byte[512];
        (sector[510], sector[511]) = (0x55, 0xAA);
        sector[0] = 0xF4;
        File.WriteAllBytes(path, sector);
        using var disk = File.Open(path, FileMode.Open, FileAccess.ReadWrite);
        disk.SetLength(16 << 20);
        return path;
    }

    private static void MakeExecutable(string path)
    {
        Skip.If(OperatingSystem.IsWindows(), "machines are not started on Windows");
        Oracle.Run("chmod", "+x", path).MustSucceed();
    }
}
