using OfflinePatch.Fixtures.Machines;
using OfflinePatch.Testing;

namespace OfflinePatch.Cli.Tests.Newcomer;

/// <summary>
/// The faults that a newcomer found, part A: the image is changed, or the user is told something false. The trait is the number of the
/// fault.
/// </summary>
[Trait("tier", "e2e")]
public sealed class HarmTests(Machines machines) : IClassFixture<Machines>, IDisposable
{
    private readonly ScratchFolder _scratch = new();

    public void Dispose() => _scratch.Dispose();

    [Theory]
    [Trait("fault", "B1")]
    [InlineData("--dryrun")]
    [InlineData("--dry_run")]
    [InlineData("--dry-rum")]
    [InlineData("--DRY-RUN")]
    [InlineData("-n")]
    [InlineData("--dry")]
    [InlineData("-dry-run")]
    [InlineData("--dry-run ")]
    [InlineData("--dry run")]
    [InlineData("--no-undo")]
    public void B1_a_mistyped_option_is_not_an_image(string word)
    {
        var image = Sample();
        var before = SparseHash.Of(image);
        var run = Tool.Run("fix", image, "--only", "network.dhcp", word).MustExit(1);
        Assert.Contains($"unknown option {word}", run.Error, StringComparison.Ordinal);
        Assert.Equal(before, SparseHash.Of(image));
        Assert.Equal([image], Directory.GetFiles(_scratch.Path));
    }

    [Fact]
    [Trait("fault", "B1")]
    public void B1_every_command_refuses_a_word_that_begins_with_a_dash()
    {
        var image = Sample();
        foreach (string[] line in new string[][]
        {
            ["fix", image, "--ouput", "x.qcow2"], ["check", "-x", image], ["inspect", image, "--no-color"],
            ["drivers", machines.Drivers, "--jsn"], ["reg", "import", image, "a.reg", "--dryrun"],
            ["fs", "ls", image, "-x"], ["fs", "rm", image, "-rf", "X"], ["fs", "put", image, image, "Temp/x.txt", "--partion", "3"],
            ["undo", image, "--al"], ["convert", image, "x.raw", "--forc"],
        })
        {
            Assert.Contains("unknown option", Tool.Run(line).MustExit(1).Error, StringComparison.Ordinal);
        }
    }

    [Fact]
    [Trait("fault", "B2")]
    public void B2_every_change_stays_undoable_down_to_the_original_bytes()
    {
        var image = Sample();
        var original = SparseHash.Of(image);
        Tool.Run("fix", image).MustExit(3);
        Tool.Run("fs", "mkdir", image, "Temp/a").MustExit(0);
        Tool.Run("reg", "add", image, @"HKLM\SOFTWARE\Sample", "/v", "a", "/t", "REG_DWORD", "/d", "1", "/f").MustExit(0);
        var list = Tool.RunJson("undo", "--list", image).MustExit(0).Image.GetProperty("steps").EnumerateArray()
            .Select(s => s.GetProperty("label").GetString()!);
        Assert.Equal(["reg set", "fs mkdir", "fix"], list);
        Assert.Contains("2 earlier changes can be undone", Tool.Run("undo", image).MustExit(0).Output, StringComparison.Ordinal);
        Tool.Run("undo", "--all", image).MustExit(0);
        Assert.Equal(original, SparseHash.Of(image));
    }

    [SkippableFact]
    [Trait("fault", "B3")]
    public void B3_the_ending_of_the_copy_says_its_format()
    {
        var image = machines.Copy(_scratch, Raw(), "vmdk");
        Tool.Run("fix", image, "-o", _scratch["out.qcow2"]).MustExit(3);
        Assert.Equal("QFI\xFB"u8.ToArray()[..3], File.ReadAllBytes(_scratch["out.qcow2"])[..3]);
        Assert.Contains("disagree", Tool.Run("fix", image, "-o", _scratch["out.vhd"], "-O", "qcow2").MustExit(1).Error,
            StringComparison.Ordinal);
        Tool.Run("fix", image, "-o", _scratch["out.ova"]).MustExit(1);
        Assert.False(File.Exists(_scratch["out.ova"]));
    }

    [Fact]
    [Trait("fault", "B4")]
    public void B4_a_dry_run_says_that_it_is_one()
    {
        var image = Sample();
        string[] line = ["fix", image, "--drivers", machines.Drivers, "--trust-root", SampleRoot.Path, "--cloudbase-init", machines.Agent,
            "--dry-run"];
        var text = Tool.Run(line).MustExit(0).Output;
        Assert.Contains("would be ready; nothing was written", text, StringComparison.Ordinal);
        Assert.Matches("[0-9]+ files would be added, [0-9]+ would be replaced, [0-9]+ registry values would be changed", text);
        var report = Tool.RunJson(line).MustExit(0).Image;
        Assert.Equal("wouldBeReady", report.GetProperty("result").GetString());
        Assert.True(report.GetProperty("dryRun").GetBoolean());
        Assert.Equal([image], Directory.GetFiles(_scratch.Path));
    }

    [Fact]
    [Trait("fault", "B5")]
    public void B5_a_part_of_the_rules_does_not_make_an_image_ready_nor_does_looking_at_it()
    {
        var image = Sample();
        Assert.Matches(@"the chosen rules pass \([0-9]+ left out\)", Tool.Run("fix", image, "--only", "network.dhcp").MustExit(0).Output);
        Tool.Run("check", image).MustExit(3);
        Assert.Equal("inspected", Tool.RunJson("inspect", image).MustExit(0).Image.GetProperty("result").GetString());
    }

    [Fact]
    [Trait("fault", "B6")]
    public void B6_the_report_is_tried_before_the_image_is_changed()
    {
        var image = Sample();
        var before = SparseHash.Of(image);
        Tool.Run("fix", image, "--report", _scratch["no/r.html"], "--only", "network.dhcp").MustExit(1);
        Tool.Run("fix", image, "--log", _scratch["no/log"], "--only", "network.dhcp").MustExit(1);
        Assert.Equal(before, SparseHash.Of(image));
        Assert.Equal([image], Directory.GetFiles(_scratch.Path));
    }

    [Fact]
    [Trait("fault", "B7")]
    public void B7_not_ready_says_what_was_written_and_require_ready_writes_nothing()
    {
        var image = Sample();
        var before = SparseHash.Of(image);
        var refused = Tool.Run("fix", image, "--require-ready").MustExit(3).Output;
        Assert.Contains("--require-ready", refused, StringComparison.Ordinal);
        Assert.Equal(before, SparseHash.Of(image));
        Assert.Equal([image], Directory.GetFiles(_scratch.Path));

        var text = Tool.Run("fix", image).MustExit(3).Output;
        Assert.Matches("[1-9][0-9]* of [0-9]+ defects were repaired and written; [1-9][0-9]* remains?", text);
        Assert.Contains("to undo: offlinepatch undo ", text, StringComparison.Ordinal);
        Assert.DoesNotContain("ll or nothing", Tool.Run("fix", "--help").MustExit(0).Output, StringComparison.Ordinal);
    }

    [SkippableFact]
    [Trait("fault", "B8")]
    public void B8_an_overlay_is_not_accepted_for_upload_and_lengths_are_not_sizes()
    {
        Oracle.Require("qemu-img");
        var below = Sample();
        Oracle.Run("qemu-img", "create", "-q", "-f", "qcow2", "-b", below, "-F", "raw", _scratch["over.qcow2"]).MustSucceed();
        var run = Tool.RunJson("check", _scratch["over.qcow2"], "--allow-backing").MustExit(3);
        Assert.Equal("failed", run.State("image.format"));
        Assert.Contains("-o", run.Image.GetProperty("rules").EnumerateArray().First(r => r.GetProperty("id").GetString() == "image.format")
            .GetProperty("remedy").GetString()!, StringComparison.Ordinal);
        var inspected = Tool.RunJson("inspect", below).MustExit(0).Image;
        Assert.True(inspected.GetProperty("allocatedSize").GetInt64() < inspected.GetProperty("fileSize").GetInt64() / 10);
        Assert.DoesNotContain("40 GiB on the host", Tool.Run("inspect", below).MustExit(0).Output, StringComparison.Ordinal);
    }

    [Theory]
    [Trait("fault", "B9")]
    [InlineData("check --jobs abc x", 1)]
    [InlineData("fix IMAGE --jobs", 1)]
    [InlineData("fix IMAGE --jobs 99999999999", 1)]
    [InlineData("convert IMAGE -o FOLDER/x.vpc -O vpcc", 1)]
    [InlineData("fix IMAGE -o FOLDER/x -O foo", 1)]
    [InlineData("fs ls IMAGE --partition abc", 1)]
    public void B9_a_wrong_value_is_told_in_plain_words(string line, int code)
    {
        File.WriteAllBytes(_scratch["disk.raw"], new byte[65536]);
        var run =
            Tool.Run(line.Replace("IMAGE", _scratch["disk.raw"], StringComparison.Ordinal)
                .Replace("FOLDER", _scratch.Path, StringComparison.Ordinal).Split(' ')).MustExit(code);
        foreach (var word in (string[])["   at ", "OfflinePatch.", "System.", "Nullable"])
        {
            Assert.DoesNotContain(word, run.Error, StringComparison.Ordinal);
        }
    }

    [Fact]
    [Trait("fault", "B9")]
    public void B9_an_empty_name_is_a_mistake_and_vpc_is_what_qemu_img_calls_VHD()
    {
        Assert.Contains("IMAGE is empty", Tool.Run("check", "").MustExit(1).Error, StringComparison.Ordinal);
        var disk = new byte[1 << 20];
        (disk[510], disk[511]) = (0x55, 0xAA); // an empty partition table
        File.WriteAllBytes(_scratch["disk.raw"], disk);
        Assert.Equal("vhd", Tool.RunJson("convert", "-f", "raw", "-O", "vpc", _scratch["disk.raw"], _scratch["x.vhd"]).MustExit(0).Json
            .GetProperty("outputFormat").GetString());
    }

    [Fact]
    [Trait("fault", "B10")]
    public void B10_lines_of_one_table_do_not_contradict_each_other()
    {
        var image = machines.Copy(_scratch, machines.Raw("win2019", MachineFirmware.Bios, Defect.Hibernated));
        var run = Tool.Run("fix", image, "--all").MustExit(4);
        Assert.Contains("volume.hibernated", run.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("speaks against", run.Output, StringComparison.Ordinal);
        Assert.DoesNotMatch("8 passed", run.Output);

        var fine = Tool.RunJson("check", Raw()).Image.GetProperty("rules").EnumerateArray()
            .ToDictionary(r => r.GetProperty("id").GetString()!, r => r.GetProperty("message").GetString()!, StringComparer.Ordinal);
        Assert.False(
            fine["accounts.administrator"].Contains("no password", StringComparison.Ordinal)
                && fine["accounts.password"].Contains("Every enabled account has a password", StringComparison.Ordinal),
            fine["accounts.administrator"]);
    }

    [Theory]
    [Trait("fault", "B11")]
    [InlineData("fix IMAGE --target foo", 1)]
    [InlineData("rules --target hu", 1)]
    [InlineData("rules --target XEN", 1)]
    [InlineData("recover FOLDER/nofile", 2)]
    [InlineData("fs rm IMAGE Windows", 4)]
    [InlineData("fs get IMAGE Windows/win.ini FOLDER/existing", 1)]
    [InlineData("convert IMAGE -o FOLDER/no/y.raw", 1)]
    [InlineData("convert IMAGE -o FOLDER/y.qcow2 --subformat foo", 1)]
    [InlineData("convert IMAGE -o FOLDER/y.raw --compress zlib", 1)]
    [InlineData("fix IMAGE --report FOLDER/no/x.html", 1)]
    public void B11_exit_codes_are_those_of_the_table(string line, int code)
    {
        File.WriteAllText(_scratch["existing"], "");
        var run =
            Tool.Run(line.Replace("IMAGE", Raw(), StringComparison.Ordinal).Replace("FOLDER", _scratch.Path, StringComparison.Ordinal)
                .Split(' ')).MustExit(code);
        Assert.DoesNotContain("Make room on the disk", run.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("nothing needs to be done", run.Output, StringComparison.Ordinal);
    }

    [SkippableFact]
    [Trait("fault", "B12")]
    public void B12_advice_works_as_printed()
    {
        Oracle.Require("qemu-img");
        Oracle.Run("qemu-img", "create", "-q", "-f", "qcow2", "-b", Raw(), "-F", "raw", _scratch["over.qcow2"]).MustSucceed();
        foreach (string[] line in new string[][] { ["reg", "query", _scratch["over.qcow2"], @"HKLM\SYSTEM\Select"],
            ["bcd", _scratch["over.qcow2"]], ["fs", "ls", _scratch["over.qcow2"]] })
        {
            Assert.Contains("--allow-backing", Tool.Run(line).MustExit(4).Error, StringComparison.Ordinal);
            Tool.Run([.. line, "--allow-backing"]).MustExit(0);
        }

        var missing = Tool.Run("fix", Raw(), "--drivers", _scratch["nofile.iso"]).MustExit(2);
        Assert.Contains("--drivers", missing.Error, StringComparison.Ordinal);
        Assert.Contains("nofile.iso", missing.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("split image", missing.Error, StringComparison.Ordinal);
        Assert.Contains("Try: offlinepatch fix --help", Tool.Run("fix", "--nonsense").MustExit(1).Error, StringComparison.Ordinal);
        Assert.Contains("Try: offlinepatch fs ls --help", Tool.Run("fs", "ls").MustExit(1).Error, StringComparison.Ordinal);
        Assert.Contains(".images[0].inspection.registration", Tool.Run("inspect", "--help").MustExit(0).Output, StringComparison.Ordinal);
        Assert.Contains(".severity == \"error\"", Tool.Run("check", "--help").MustExit(0).Output, StringComparison.Ordinal);
        Assert.Contains("is a directory", Tool.Run("fs", "cat", Raw(), "Windows").MustExit(4).Error, StringComparison.Ordinal);

        var odd = _scratch["My Server's.raw"];
        File.Copy(Sample(), odd);
        var undo = Tool.Run("fix", odd, "--only", "network.dhcp").MustExit(0).Output.Split('\n')
            .First(l => l.Contains("to undo: ", StringComparison.Ordinal)).Split("to undo: ")[1];
        Oracle.Run("/bin/sh", "-c", $"'{Tool.Path}'{undo["offlinepatch".Length..]}").MustSucceed();
    }

    [SkippableFact]
    [Trait("fault", "B12")]
    public void B12_a_folder_that_cannot_be_entered_or_written_is_told_as_such()
    {
        Oracle.RequireAnotherUser();
        Directory.CreateDirectory(_scratch["closed"]);
        File.WriteAllBytes(_scratch["closed/disk.raw"], new byte[65536]);
        File.WriteAllBytes(_scratch["open.raw"], new byte[65536]);
        Oracle.Run("chmod", "700", _scratch["closed"]).MustSucceed();
        Oracle.Run("chmod", "755", _scratch.Path).MustSucceed();
        var closed = Oracle.RunAsNobody(Tool.Path, "check", _scratch["closed/disk.raw"]);
        Assert.Equal(2, closed.ExitCode);
        Assert.Contains("permission", closed.Error, StringComparison.OrdinalIgnoreCase);
        var readOnly = Oracle.RunAsNobody(Tool.Path, "convert", _scratch["open.raw"], _scratch["closed/c.qcow2"]);
        Assert.DoesNotContain("write a fixed copy with -o", readOnly.Error, StringComparison.Ordinal);
        Assert.NotEqual(0, readOnly.ExitCode);
    }

    [SkippableFact]
    public void An_undo_file_of_another_user_is_named_with_what_can_be_done_about_it()
    {
        Oracle.RequireAnotherUser();
        var image = machines.Copy(_scratch, machines.Raw("win2019", MachineFirmware.Bios));
        Oracle.Run("chmod", "755", _scratch.Path).MustSucceed();
        Oracle.Run("chmod", "666", image).MustSucceed();
        Tool.Run("reg", "set", image, @"HKLM\SOFTWARE\Sample", "-v", "Name", "-d", "data").MustExit(0);
        MustExit(4, "check", image);
        MustExit(4, "undo", image);
        Tool.Run("undo", "--forget", image).MustExit(0);
        MustExit(0, "inspect", image);

        void MustExit(int code, params string[] arguments)
        {
            var run = Oracle.RunAsNobody([Tool.Path, .. arguments]);
            Assert.Equal(code, run.ExitCode);
            Assert.Equal(code != 0, run.Error.Contains("CORE-0047", StringComparison.Ordinal));
            Assert.Equal(code != 0, run.Error.Contains($"offlinepatch undo --forget {image}", StringComparison.Ordinal));
        }
    }

    [Fact]
    [Trait("fault", "M1")]
    public void M1_drivers_that_Secure_Boot_would_refuse_are_named()
    {
        var run = Tool.RunJson("drivers", machines.Drivers, "--trust-root", SampleRoot.Path).MustExit(0).Json.GetProperty("sources")[0]
            .GetProperty("packages")[0];
        Assert.True(run.TryGetProperty("acceptedWithSecureBoot", out _));
    }

    private string Raw() => machines.Raw("win2019", MachineFirmware.Bios, Defect.StaticAddress);

    private string Sample() => machines.Copy(_scratch, Raw());
}
