using System.Diagnostics;
using System.Text.Json;
using OfflinePatch.Cli.Tests.Boot;
using OfflinePatch.Fixtures.Machines;
using OfflinePatch.Testing;

namespace OfflinePatch.Cli.Tests.Witness;

/// <summary>
/// <c>witness</c> on stand-ins that the real firmware starts in the real QEMU: a loader that reads the script out of the overlay by code of
/// its own and says its line, and disks that stand for what is seen of machines that do not start.
/// </summary>
[Trait("tier", "oracle")]
public sealed class WitnessTests(StandIns standIns) : IClassFixture<StandIns>
{
    [SkippableFact]
    public void A_machine_that_starts_says_the_nonce_of_its_overlay_and_the_image_stays_as_it_is()
    {
        StandIns.Require(MachineFirmware.Bios);
        Corpus.Require(Generation.Get("win10").CorpusHive);
        using var run = new Scratch();
        var image = standIns.Fixed("win10", MachineFirmware.Bios);
        var before = StateOf(image);
        var result = run.Witness(image, "--bus", "virtio-scsi", "--timeout", "240", "--report", run["page.html"], "--json").MustExit(0);
        Assert.Equal("started", result.Image.GetProperty("result").GetString());
        Assert.Equal("a startup script of the local group policy", result.Image.GetProperty("script").GetString());
        Assert.Equal("bios", result.Image.GetProperty("firmware").GetString());
        var start = One(result);
        Assert.Equal("started", start.GetProperty("result").GetString());
        Assert.Matches("OFFLINEPATCH-STARTED [0-9a-f]{32}", start.GetProperty("serial").GetString());
        Assert.Contains("VERDICT starts", start.GetProperty("serial").GetString(), StringComparison.Ordinal);
        Assert.Equal(before, StateOf(image));
        run.MustBeEmpty();

        var page = File.ReadAllText(run["page.html"]);
        Assert.Contains("<span class=\"badge good\">started</span>", page, StringComparison.Ordinal);
        Assert.Contains("src=\"data:image/png;base64,iVBOR", page, StringComparison.Ordinal);
        Assert.Contains("img-src data:", page, StringComparison.Ordinal);
    }

    [SkippableFact]
    [Trait("speed", "slow")]
    public void Without_the_script_the_same_machine_gives_no_sign_that_windows_runs()
    {
        StandIns.Require(MachineFirmware.Bios);
        Corpus.Require(Generation.Get("win10").CorpusHive);
        using var run = new Scratch();
        var start = One(run.Witness(standIns.Fixed("win10", MachineFirmware.Bios), "--bus", "virtio-blk", "--timeout", "45", "--no-script",
            "--json").MustExit(3));
        Assert.Equal("loaderOnly", start.GetProperty("result").GetString());
        Assert.Contains("VERDICT starts", start.GetProperty("serial").GetString(), StringComparison.Ordinal);
    }

    [SkippableTheory]
    [InlineData("BLUE", "stopCode", "blue page like that of Windows 7 or earlier")]
    [InlineData("MESSAGE", "loaderOnly", "BOOTMGR is missing")]
    [InlineData("PANIC", "stopCode", "reported a stop")]
    public void What_ends_a_machine_that_does_not_start_is_told(string screen, string result, string evidence) =>
        IsTold(screen, result, evidence);

    [SkippableTheory]
    [Trait("speed", "slow")]
    [InlineData("READ", "loaderOnly", "more than the firmware reads for itself")]
    [InlineData("RESET", "noSign", "it was reset")]
    [InlineData("NOTHING", "noSign", "nothing else was seen")]
    public void What_is_seen_of_a_machine_that_gives_no_sign_is_told(string screen, string result, string evidence) =>
        IsTold(screen, result, evidence);

    private void IsTold(string screen, string result, string evidence)
    {
        StandIns.Require(MachineFirmware.Bios);
        using var run = new Scratch();
        var found = run.Witness(standIns.Screen(screen), "--bus", "virtio-blk", "--timeout", "6", "--json").MustExit(3);
        Assert.Equal("notStarted", found.Image.GetProperty("result").GetString());
        Assert.Equal(result, One(found).GetProperty("result").GetString());
        Assert.Contains(evidence, One(found).GetProperty("evidence").GetString(), StringComparison.Ordinal);
        run.MustBeEmpty();
    }

    [SkippableTheory]
    [Trait("speed", "slow")]
    [InlineData("Bios", "win10")]
    [InlineData("Uefi", "win10")]
    [InlineData("Bios", "win7")]
    public void A_machine_without_drivers_starts_from_sata_alone_and_after_a_fix_from_every_bus(string firmware, string generation)
    {
        var kind = Enum.Parse<MachineFirmware>(firmware);
        StandIns.Require(kind);
        Corpus.Require(Generation.Get(generation).CorpusHive);
        using var run = new Scratch();
        var exported = run.Witness(standIns.WithoutDrivers(generation, kind), "--timeout", "60", "--json").MustExit(3);
        var starts = Results(exported);
        Assert.Equal("loaderOnly", starts["virtio-blk"]);
        Assert.Equal("loaderOnly", starts["virtio-scsi"]);
        Assert.Equal(generation == "win7" ? starts["sata"] : "started", starts["sata"]); // Windows 7 may have no AHCI driver of its own
        var fixedOne = Results(run.Witness(standIns.Fixed(generation, kind), "--timeout", "120", "--json"));
        Assert.Equal("started", fixedOne["virtio-blk"]);
        Assert.Equal("started", fixedOne["virtio-scsi"]);
        run.MustBeEmpty();
    }

    [SkippableFact]
    [Trait("speed", "slow")]
    public void The_blue_page_of_Windows_10_is_seen()
    {
        StandIns.Require(MachineFirmware.Uefi);
        using var run = new Scratch();
        var start = One(run.Witness(standIns.BluePage(), "--bus", "sata", "--timeout", "120", "--json").MustExit(3));
        Assert.Equal("stopCode", start.GetProperty("result").GetString());
        Assert.Contains("Windows 10 or 11", start.GetProperty("evidence").GetString(), StringComparison.Ordinal);
    }

    [SkippableTheory]
    [Trait("speed", "slow")]
    [InlineData("vmdk", null)]
    [InlineData("vpc", "dynamic")]
    [InlineData("vhdx", null)]
    [InlineData("vdi", null)]
    [InlineData("qcow2", null)]
    [InlineData("qed", null)]
    public void Every_container_that_QEMU_reads_is_started(string format, string? subformat)
    {
        StandIns.Require(MachineFirmware.Bios);
        Corpus.Require(Generation.Get("win10").CorpusHive);
        using var run = new Scratch();
        var image = standIns.Machines.Copy(run.Folder, standIns.Fixed("win10", MachineFirmware.Bios), format, subformat);
        var before = SparseHash.Of(image);
        Assert.Equal("started",
            One(run.Witness(image, "--bus", "virtio-blk", "--timeout", "240", "--json").MustExit(0)).GetProperty("result").GetString());
        Assert.Equal(before, SparseHash.Of(image));
        File.Delete(image);
    }

    [SkippableFact]
    public void An_image_that_another_machine_writes_is_refused_and_one_that_is_only_read_is_not()
    {
        StandIns.Require(MachineFirmware.Bios);
        using var run = new Scratch();
        File.Copy(standIns.Screen("MESSAGE"), run["disk.raw"]);
        using (Background("qemu-system-x86_64", "-display", "none", "-S", "-nodefaults", "-qmp", $"unix:{run["other"]},server=on,wait=off",
            "-drive", $"file={run["disk.raw"]},format=raw,if=virtio"))
        {
            WaitFor(() => File.Exists(run["other"]));
            var refused = run.Witness(run["disk.raw"], "--bus", "virtio-blk", "--timeout", "6", "--json").MustExit(4);
            Assert.Equal("CORE-0014", refused.ErrorCode);
            Assert.Equal("refused", refused.Image.GetProperty("result").GetString());
        }

        File.Delete(run["other"]);
        using (Background("qemu-system-x86_64", "-display", "none", "-S", "-nodefaults", "-qmp", $"unix:{run["other"]},server=on,wait=off",
            "-drive", $"file={run["disk.raw"]},format=raw,if=virtio,snapshot=on"))
        {
            WaitFor(() => File.Exists(run["other"]));
            run.Witness(run["disk.raw"], "--bus", "virtio-blk", "--timeout", "6", "--json").MustExit(3);
        }
    }

    [SkippableTheory]
    [InlineData("INT")]
    [InlineData("TERM")]
    [InlineData("KILL")]
    public void A_run_that_is_ended_leaves_no_machine_and_no_file(string signal)
    {
        StandIns.Require(MachineFirmware.Bios);
        Skip.IfNot(OperatingSystem.IsLinux(), "processes are looked for in /proc");
        using var run = new Scratch();
        using var process = run.Start("witness", standIns.Screen("NOTHING"), "--bus", "sata", "--timeout", "120");
        WaitFor(() => run.Machines().Count == 1 && run.Files().Count == 0); // QEMU runs, and what it has open has no name any more
        Oracle.Run("/bin/kill", $"-{signal}", $"{process.Id}").MustSucceed();
        process.WaitForExit();
        WaitFor(() => run.Machines().Count == 0);
        if (signal == "KILL")
        {
            Assert.Empty(run.Files()); // an empty folder is all that nobody could delete
            return;
        }

        Assert.Equal(130, process.ExitCode);
        run.MustBeEmpty();
    }

    internal static JsonElement One(ToolResult result) => Assert.Single(result.Image.GetProperty("runs").EnumerateArray());

    internal static void WaitFor(Func<bool> condition)
    {
        var clock = Stopwatch.StartNew();
        while (!condition())
        {
            Assert.True(clock.Elapsed < TimeSpan.FromMinutes(1), "it did not come to that");
            Thread.Sleep(50);
        }
    }

    private static (string Content, DateTime Written, int Files) StateOf(string image) =>
        (SparseHash.Of(image), File.GetLastWriteTimeUtc(image), Directory.GetFiles(Path.GetDirectoryName(image)!).Length);

    private static Dictionary<string, string> Results(ToolResult result) => result.Image.GetProperty("runs").EnumerateArray()
        .ToDictionary(r => r.GetProperty("bus").GetString()!, r => r.GetProperty("result").GetString()!, StringComparer.Ordinal);

    private static Killed Background(string program, params string[] arguments) => new(Process.Start(program, arguments));

    private sealed class Killed(Process process) : IDisposable
    {
        public void Dispose()
        {
            process.Kill();
            process.WaitForExit();
            process.Dispose();
        }
    }
}
