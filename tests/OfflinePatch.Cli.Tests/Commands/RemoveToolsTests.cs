using OfflinePatch.Fixtures.Machines;
using OfflinePatch.Testing;

namespace OfflinePatch.Cli.Tests.Commands;

/// <summary>
/// A machine full of VMware Tools: told, silenced, removed, and judged by a search through hives and files that knows nothing of our lists.
/// </summary>
[Trait("tier", "e2e")]
public sealed class RemoveToolsTests(Machines machines) : IClassFixture<Machines>
{
    /// <summary>Names, parts of names and codes of what was installed, as a person would search for them.</summary>
    private const string Words =
        "vmware|vmtool|vm3d|vmci|vmhgfs|vmmemctl|vmrawdsk|"
        + "vmmouse|vmusbmouse|vmxnet|pvscsi|(?<!h)vsock|vgauth|giappdef|vmvss|efifw|vnetwfp|vsepflt|vmwsu|"
        + "vmguestlib|vcbsnapshot|oem4[0-6]\\.|e1c2a5d3f4b0|3d5a2c1e";

    public static TheoryData<string, MachineFirmware> Cases()
    {
        var cases = new TheoryData<string, MachineFirmware>();
        foreach (var generation in Generation.All)
        {
            cases.Add(generation.Name, MachineFirmware.Bios);
            cases.Add(generation.Name, MachineFirmware.Uefi);
        }

        return cases;
    }

    [SkippableTheory]
    [MemberData(nameof(Cases))]
    [Trait("tier", "oracle")]
    [Trait("speed", "slow")]
    public void On_every_Windows_and_firmware_nothing_is_left(string generation, MachineFirmware firmware)
    {
        Skip.If(generation == "win81" && Corpus.Root is not null, "the hives are of a machine under VirtualBox, whose tools would stay");
        A_machine_full_of_VMware_Tools_is_ready_after_one_fix_and_nothing_of_them_is_left(generation, firmware);
    }

    [SkippableTheory]
    [InlineData("win7", MachineFirmware.Bios)]
    [InlineData("win10", MachineFirmware.Uefi)]
    [InlineData("win2022", MachineFirmware.Uefi)]
    [Trait("tier", "oracle")]
    public void A_machine_full_of_VMware_Tools_is_ready_after_one_fix_and_nothing_of_them_is_left(string generation,
        MachineFirmware firmware)
    {
        GuestVolumes.RequireTools();
        Oracle.Require("hivexregedit");
        using var scratch = new ScratchFolder();
        var raw = machines.Raw(generation, firmware, Defect.VmwareTools);
        var image = machines.Copy(scratch, raw);
        var before = SparseHash.OfAll([image]);

        var told = Tool.RunJson("check", image, "--only", "drivers.leftovers").MustExit(0);
        Assert.Equal("failed", told.State("drivers.leftovers"));
        Assert.Contains($"VMware Tools {VmwareTools.Version}", told.Rule("drivers.leftovers").GetProperty("message").GetString(),
            StringComparison.Ordinal);
        Assert.Matches("--remove-tools [a-z,]*vmware", told.Rule("drivers.leftovers").GetProperty("remedy").GetString()!);

        var dry = Fix(image, generation, "--dry-run").MustExit(0);
        Assert.Equal("wouldFix", dry.State("drivers.leftovers"));
        Assert.Equal(before, SparseHash.OfAll([image]));

        var fix = Fix(image, generation).MustExit(0);
        Assert.Equal("ready", fix.Image.GetProperty("result").GetString());
        Assert.Equal("fixed", fix.State("drivers.leftovers"));
        Assert.Equal(dry.Rule("drivers.leftovers").GetProperty("before").GetString(),
            fix.Rule("drivers.leftovers").GetProperty("before").GetString());
        var deleted = fix.Image.GetProperty("changes").GetProperty("files").EnumerateArray()
            .Where(f => f.GetProperty("kind").GetString() == "deleted").Select(f => f.GetProperty("path").GetString()).ToList();
        Assert.Equal(deleted, dry.Image.GetProperty("changes").GetProperty("files").EnumerateArray()
            .Where(f => f.GetProperty("kind").GetString() == "deleted").Select(f => f.GetProperty("path").GetString()));

        var after = SparseHash.OfAll([image]);
        Assert.Empty(Fix(image, generation).MustExit(0).In("fixed"));
        Assert.Equal(after, SparseHash.OfAll([image]));
        Assert.Equal("ok", Tool.RunJson("check", image).MustExit(0).State("drivers.leftovers"));

        Judge(scratch, raw, image, Generation.Get(generation), firmware);
        Tool.Run("undo", "--all", image).MustExit(0);
        Assert.Equal(before, SparseHash.OfAll([image]));
    }

    [SkippableFact]
    public void Silence_disables_what_starts_and_leaves_all_else()
    {
        using var scratch = new ScratchFolder();
        var image = machines.Copy(scratch, machines.Raw("win2022", MachineFirmware.Uefi, Defect.VmwareTools));
        var before = SparseHash.OfAll([image]);
        var fix = Tool.RunJson("fix", image, "--only", "drivers.leftovers", "--remove-tools", "vmware=silence").MustExit(0);
        Assert.Equal("fixed", fix.State("drivers.leftovers"));
        var changes = fix.Image.GetProperty("changes");
        Assert.Equal(0, changes.GetProperty("files").GetArrayLength());
        var registry = changes.GetProperty("registry").EnumerateArray()
            .Select(c => $@"{c.GetProperty("key").GetString()}\{c.GetProperty("name").GetString()}").ToList();
        Assert.Equal(
            [
                @"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Run\VMware User Process",
                @"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Run\VMware VM3DService Process",
                @"HKLM\SYSTEM\ControlSet001\Services\VGAuthService\Start", @"HKLM\SYSTEM\ControlSet001\Services\VMTools\Start",
                @"HKLM\SYSTEM\ControlSet001\Services\VMwareCAFManagementAgentHost\Start",
                @"HKLM\SYSTEM\ControlSet001\Services\vm3dservice\Start", @"HKLM\SYSTEM\ControlSet001\Services\vmvss\Start",
            ],
            registry.Order(StringComparer.Ordinal));
        Assert.Contains("silent",
            Tool.RunJson("check", image, "--only", "drivers.leftovers").Rule("drivers.leftovers").GetProperty("message").GetString(),
            StringComparison.Ordinal);
        var tools = Assert.Single(Tool.RunJson("inspect", image).MustExit(0).Image.GetProperty("inspection").GetProperty("guestTools")
            .EnumerateArray());
        Assert.Equal(("vmware", VmwareTools.Version, "silenced"),
            (tools.GetProperty("id").GetString(), tools.GetProperty("version").GetString(), tools.GetProperty("state").GetString()));

        // Removed afterwards, and taken back step by step.
        Tool.RunJson("fix", image, "--only", "drivers.leftovers", "--remove-tools", "all").MustExit(0);
        Tool.Run("undo", "--all", image).MustExit(0);
        Assert.Equal(before, SparseHash.OfAll([image]));
    }

    [SkippableFact]
    public void The_storage_driver_stays_until_another_starts_Windows()
    {
        using var scratch = new ScratchFolder();
        var image = machines.Copy(scratch, machines.Raw("win2019", MachineFirmware.Bios, Defect.VmwareTools));
        var fix = Tool.RunJson("fix", image, "--only", "drivers.leftovers", "--remove-tools", "vmware").MustExit(0);
        Assert.Contains("pvscsi: viostor and vioscsi must be ready", fix.Output, StringComparison.Ordinal);
        Assert.Contains("pvscsi", Tool.Run("reg", "query", image, @"HKLM\SYSTEM\CurrentControlSet\Services\pvscsi").MustExit(0).Output,
            StringComparison.Ordinal);
        Tool.Run("fs", "stat", image, @"Windows\System32\drivers\pvscsi.sys").MustExit(0);
        Assert.NotEqual(0, Tool.Run("reg", "query", image, @"HKLM\SYSTEM\CurrentControlSet\Services\vmci").ExitCode);
    }

    [SkippableFact]
    public void What_was_half_removed_by_hand_is_removed_to_the_end()
    {
        using var scratch = new ScratchFolder();
        var image = machines.Copy(scratch, machines.Raw("win2022", MachineFirmware.Bios, Defect.VmwareTools));
        Tool.Run("reg", "delete", image, $@"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Uninstall\{VmwareTools.ProductCode}")
            .MustExit(0);
        Tool.Run("reg", "delete", image, @"HKLM\SYSTEM\ControlSet001\Services\VMTools").MustExit(0);
        Tool.Run("fs", "rm", image, @"Program Files\VMware\VMware Tools", "-r").MustExit(0);
        Assert.Equal("fixed", Tool.RunJson("fix", image, "--only", "drivers.leftovers", "--remove-tools", "vmware").MustExit(0)
            .State("drivers.leftovers"));
        Assert.NotEqual(0, Tool.Run("reg", "query", image, $@"HKLM\SOFTWARE\Classes\Installer\Products\{VmwareTools.PackedCode}").ExitCode);
        Assert.Equal("ok", Tool.RunJson("fix", image, "--only", "drivers.leftovers", "--remove-tools", "vmware").MustExit(0)
            .State("drivers.leftovers"));
    }

    [Theory]
    [InlineData("vmwar", "did you mean vmware")]
    [InlineData("vmware=off", "names no product and level")]
    [InlineData("vmware,vmware=silence", "names vmware twice")]
    public void Names_and_levels_that_do_not_exist_are_refused(string tools, string message)
    {
        using var scratch = new ScratchFolder();
        File.WriteAllBytes(scratch["disk.raw"], new byte[512]);
        var result = Tool.Run("fix", scratch["disk.raw"], "--remove-tools", tools);
        Assert.Equal(1, result.ExitCode);
        Assert.Contains(message, result.Error, StringComparison.Ordinal);
    }

    private ToolResult Fix(string image, string generation, params string[] more) => Tool.RunJson(
        ["fix", image, "--remove-tools", "vmware", "--trust-root", SampleRoot.Path, "--drivers", machines.Drivers, "--cloudbase-init",
            machines.AgentFor(generation), .. more]);

    private static void Judge(ScratchFolder scratch, string raw, string image, Generation generation, MachineFirmware firmware)
    {
        var plan = DiskPlan.For(new MachineSpec { Firmware = firmware }).Windows;
        var old = GuestVolumes.ReadAll(scratch, GuestVolumes.CutOut(scratch, raw, "raw", plan.Offset, plan.Length, "old"));
        var volume = GuestVolumes.CutOut(scratch, image, "raw", plan.Offset, plan.Length, "new");
        Oracle.Run("ntfsfix", "-n", volume).MustSucceed();
        var files = GuestVolumes.ReadAll(scratch, volume);
        foreach (var file in VmwareTools.Bystanders)
        {
            Assert.Equal(old[file], files[file]);
        }

        var words = new System.Text.RegularExpressions.Regex(Words, System.Text.RegularExpressions.RegexOptions.IgnoreCase,
            TimeSpan.FromSeconds(10));
        var isOld = generation is { Major: 6, Minor: < 2 };
        Assert.True(old.Keys.Count(k => words.IsMatch(k)) > 60);
        Assert.DoesNotContain(files.Keys, k => words.IsMatch(k) && !VmwareTools.Bystanders.Contains(k) && !(isOld && IsIndexed(k)));

        var hives = new List<string>();
        foreach (var path in files.Keys.Where(k => k.EndsWith("NTUSER.DAT", StringComparison.OrdinalIgnoreCase)
            || k is @"Windows\System32\config\SYSTEM" or @"Windows\System32\config\SOFTWARE" or @"Windows\System32\config\DRIVERS"))
        {
            var hive = scratch[$"hive{hives.Count}"];
            GuestVolumes.CopyOut(volume, "/" + path.Replace('\\', '/'), hive);
            hives.Add(hive);
        }

        var lines = hives.SelectMany(h => Search(Oracle.Run("hivexregedit", "--export", h, "\\").MustSucceed().Output, words)).ToList();

        // Real hives come from machines under VMware: their hardware, which drivers of Windows serve, stays.
        Assert.Empty(generation.CorpusHive is null || Corpus.Root is null ? lines : []);
    }

    /// <summary>
    /// The keys and values of an export whose key, name or data has one of the words; what belongs to another product of the vendor is in
    /// its place.
    /// </summary>
    private static IEnumerable<string> Search(string export, System.Text.RegularExpressions.Regex words)
    {
        var key = "";
        foreach (var line in export.Split('\n'))
        {
            if (line.StartsWith('['))
            {
                key = line;
            }

            var text = line;
            if (line.IndexOf("=hex(", StringComparison.Ordinal) is > 0 and var at)
            {
                var data = line[(line.IndexOf(':', at) + 1)..]
                    .Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Select(d => Convert.ToByte(d, 16))
                    .ToArray();
                text = $"{line[..at]} = {System.Text.Encoding.Unicode.GetString(data)} {System.Text.Encoding.Latin1.GetString(data)}";
            }

            if (words.IsMatch(text) && !key.Contains("VMware Horizon", StringComparison.Ordinal)
                && !key.Contains("0FF11E5A-0000-4000-8000-0000000000A1", StringComparison.Ordinal)
                && !line.EndsWith(@"\VMware, Inc.]", StringComparison.Ordinal))
            {
                yield return $"{key} {text}";
            }
        }
    }

    /// <summary>The driver store before Windows 8: its index has no public form, so packages stay.</summary>
    private static bool IsIndexed(string path) =>
        path.StartsWith(@"Windows\System32\DriverStore\", StringComparison.OrdinalIgnoreCase)
            || path.StartsWith(@"Windows\INF\", StringComparison.OrdinalIgnoreCase)
        || path.StartsWith(@"Windows\System32\CatRoot\", StringComparison.OrdinalIgnoreCase);
}
