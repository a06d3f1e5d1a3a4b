using OfflinePatch.Fixtures.Machines;
using OfflinePatch.Testing;

namespace OfflinePatch.Cli.Tests.Newcomer;

/// <summary>The faults that a newcomer found, part C and D: what is read on a screen, and the habits of other tools.</summary>
[Trait("tier", "e2e")]
public sealed class ReadingTests(Machines machines) : IClassFixture<Machines>, IDisposable
{
    private readonly ScratchFolder _scratch = new();

    public void Dispose() => _scratch.Dispose();

    [Fact]
    [Trait("fault", "M4")]
    public void M4_verbose_quiet_colour_and_log()
    {
        var image = Sample();
        var run = Tool.Run("fix", image, "-v", "--log", _scratch["log"], "--only", "network.dhcp").MustExit(0);
        Assert.Matches(@"\[ +[0-9]+\.[0-9]{3}\] opening ", run.Error);
        Assert.Matches(@"\] rule network\.dhcp: fails, can be fixed", run.Error);
        Assert.Matches(@"\] registry HKLM\\SYSTEM\\.*EnableDHCP: ", run.Error);
        Assert.Contains("] verifying", run.Error, StringComparison.Ordinal);
        Assert.Contains("] writing the image", run.Error, StringComparison.Ordinal);
        var log = File.ReadAllText(_scratch["log"]);
        Assert.Contains("fix " + image, log, StringComparison.Ordinal);
        Assert.Matches(@"(?m)^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z \[ +[0-9.]+\] registry ", log);
        Assert.Matches(@"\] file .*\\Windows\\note.txt: added",
            Tool.Run("fs", "put", image, Note(), "Windows/note.txt", "--verbose").MustExit(0).Error);

        Assert.Equal($"{image}: not ready\n", Tool.Run("check", image, "-q").MustExit(3).Output);
        Assert.Equal("", Tool.Run("fs", "mkdir", image, "Temp/q", "-q").MustExit(0).Error);
        Assert.Contains("\u001b[", Tool.Run("check", image, "--color", "always").Output, StringComparison.Ordinal);
        Assert.DoesNotContain("\u001b[", Tool.Run("check", image, "--color", "never").Output, StringComparison.Ordinal);
        Assert.Contains("value", Tool.Run("reg", "query", image, @"HKLM\SYSTEM\Select", "-v", "Current").MustExit(0).Output + "value",
            StringComparison.Ordinal);
    }

    [Fact]
    [Trait("fault", "P7")]
    public void P7_without_a_command_the_commands_are_listed_and_a_mistyped_one_is_told_once()
    {
        Assert.Contains("Commands:\n  fix ", Tool.Run().MustExit(1).Output, StringComparison.Ordinal);
        Assert.Contains("Commands:\n  fix ", Tool.Run("help").MustExit(0).Output, StringComparison.Ordinal);
        Assert.Equal(Tool.Run("-V").MustExit(0).Output, Tool.Run("version").MustExit(0).Output);
        Assert.Equal("offlinepatch: unknown command chekc; did you mean check?\nTry: offlinepatch --help\n",
            Tool.Run("chekc", "x").MustExit(1).Error);
    }

    [Fact]
    [Trait("fault", "P8")]
    public void P8_errors_are_on_standard_error_in_every_command()
    {
        var missing = _scratch["nofile"];
        foreach (string[] line in new string[][] { ["check", missing], ["fix", missing], ["inspect", missing], ["fs", "ls", missing],
            ["reg", "query", missing], ["undo", missing] })
        {
            var run = Tool.Run(line).MustExit(2);
            Assert.Contains("CORE-0010", run.Error, StringComparison.Ordinal);
            Assert.DoesNotContain("There is no file", run.Output, StringComparison.Ordinal);
        }
    }

    [Theory]
    [Trait("fault", "B13")]
    [InlineData(60)]
    [InlineData(80)]
    [InlineData(100)]
    public void B13_piped_text_keeps_the_width_of_COLUMNS_and_has_no_blanks_at_the_ends_of_lines(int columns)
    {
        foreach (string[] line in new string[][] { ["check", Raw(), "--all"], ["inspect", Raw()], ["drivers", machines.Drivers], ["rules"],
            ["fix", "--help"] })
        {
            var run = Tool.RunWith([$"COLUMNS={columns}"], line);
            foreach (var text in run.Output.Split('\n'))
            {
                Assert.Equal(text.TrimEnd(), text);
                Assert.True(text.Length <= columns || IsOneWord(text, columns), $"{string.Join(' ', line)}, {columns}: {text}");
            }
        }

        Assert.NotEqual("", Tool.Run("check", Raw()).Output.Split('\n')[0]);
    }

    [Fact]
    [Trait("fault", "P9")]
    public void P9_problems_come_first_the_verdict_last_and_what_is_well_is_folded()
    {
        var lines = Tool.Run("check", Raw()).MustExit(3).Output.TrimEnd().Split('\n');
        Assert.StartsWith(Raw() + ": not ready", lines[^1], StringComparison.Ordinal);
        Assert.Contains(lines,
            l => l.Contains("(--all lists every rule)", StringComparison.Ordinal) && l.Contains(" ok", StringComparison.Ordinal));
        Assert.DoesNotContain(lines, l => l.StartsWith("  ok ", StringComparison.Ordinal));
        var states = lines.Where(l => l.Length > 12 && l.StartsWith("  ", StringComparison.Ordinal) && l[2] != ' ')
            .Select(l => l.Trim().Split(' ')[0]).Where(w => w is "FAILED" or "warning" or "info").ToList();
        Assert.Equal(states.OrderBy(s => s switch { "FAILED" => 0, "warning" => 1, _ => 2 }), states);
        Assert.True(Tool.Run("check", Raw(), "--only", "network.dhcp").Output.Split('\n').Length < 15);
        Assert.Contains("  ok ", Tool.Run("check", Raw(), "--all").Output, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("fault", "P10")]
    public void P10_addresses_and_names_are_not_cut()
    {
        var narrow = Tool.RunWith(["COLUMNS=80"], "check", Raw()).Output;
        foreach (var address in Tool.Run("check", Raw()).Output.Split(' ', '\n')
            .Where(w => w.StartsWith("https://", StringComparison.Ordinal)))
        {
            Assert.Contains(address, narrow, StringComparison.Ordinal);
        }

        var packages = Tool.RunJson("drivers", machines.Drivers).MustExit(0).Json.GetProperty("sources")[0].GetProperty("packages")
            .EnumerateArray().Select(p => p.GetProperty("inf").GetString()!);
        var table = Tool.RunWith(["COLUMNS=60"], "drivers", machines.Drivers).MustExit(0).Output;
        Assert.All(packages, p => Assert.Contains(p, table, StringComparison.Ordinal));
    }

    [SkippableFact]
    [Trait("fault", "P11")]
    public void P11_NO_COLOR_drops_every_sequence()
    {
        Skip.If(Oracle.Locate("script") is null, "script is not installed");
        string On(string variables) =>
            Oracle.Run("script", "-qec", $"{variables} TERM=xterm-256color '{Tool.Path}' check '{Raw()}'", "/dev/null").Output;
        Assert.Matches("\u001b\\[[0-9;]*m", On("true;")); // SGR: colours, bold, dim
        Assert.DoesNotMatch("\u001b\\[[0-9;]*m", On("NO_COLOR=1"));
    }

    [Fact]
    [Trait("fault", "P12")]
    public void P12_a_second_run_says_that_nothing_was_to_do()
    {
        var image = Sample();
        Tool.Run("fix", image).MustExit(3);
        Assert.DoesNotContain("needed to be changed", Tool.Run("check", image).MustExit(3).Output, StringComparison.Ordinal);
        Assert.Contains("nothing needed to be changed; nothing was written", Tool.Run("fix", image).MustExit(3).Output,
            StringComparison.Ordinal);
        Tool.Run("fs", "mkdir", image, "Temp/a").MustExit(0);
        Assert.Contains("Nothing needed to be changed; nothing was written.", Tool.Run("fs", "mkdir", image, "Temp/a").MustExit(0).Output,
            StringComparison.Ordinal);
    }

    [Fact]
    [Trait("fault", "P13")]
    public void P13_no_jargon()
    {
        var text = Tool.Run("check", Raw(), "--all").Output + Tool.Run("--help").Output + Tool.Run("fix", "--help").Output;
        foreach (var word in (string[])["mends", "speaks against", "Nothing but the usual", "All 1 interfaces"])
        {
            Assert.DoesNotContain(word, text, StringComparison.Ordinal);
        }
    }

    [Fact]
    [Trait("fault", "P14")]
    public void P14_an_account_says_whether_it_is_enabled()
    {
        var text = Tool.Run("inspect", Raw()).MustExit(0).Output;
        Assert.DoesNotContain("(RID 500) (", text, StringComparison.Ordinal);
        Assert.DoesNotContain("boot entry         →", text, StringComparison.Ordinal);
        foreach (var line in text.Split('\n').Where(l => l.TrimStart().StartsWith("account ", StringComparison.Ordinal)))
        {
            Assert.Matches("enabled|disabled", line);
        }
    }

    [SkippableTheory]
    [Trait("fault", "P15")]
    [InlineData("INT")]
    [InlineData("TERM")]
    public void P15_a_signal_is_answered_within_300_milliseconds_and_said(string signal)
    {
        Skip.If(OperatingSystem.IsWindows(), "signals are sent by kill");
        foreach (string[] line in new string[][]
        {
            ["fix", "IMAGE", "--drivers", machines.Drivers, "--trust-root", SampleRoot.Path, "--cloudbase-init", machines.Agent],
            ["fix", "IMAGE", "-o", _scratch["copy.qcow2"], "--compress", "zstd"], ["convert", "IMAGE", _scratch["out.vmdk"], "--verify"],
            ["fs", "check", "IMAGE"], ["check", "IMAGE"],
        })
        {
            var image = machines.Copy(_scratch, Raw());
            var before = SparseHash.Of(image);
            foreach (var moment in (int[])[0, 100, 250])
            {
                using var process = Tool.Start([.. line.Select(w => w == "IMAGE" ? image : w), "-v"]);
                var first = process.StandardError.ReadLine(); // the program is at work, and its handler in place
                var error = process.StandardError.ReadToEndAsync();
                var output = process.StandardOutput.ReadToEndAsync();
                if (process.WaitForExit(moment))
                {
                    break; // done before
                }

                Oracle.Run("/bin/sh", "-c", $"kill -{signal} {process.Id}");
                var watch = System.Diagnostics.Stopwatch.StartNew();
                process.WaitForExit();
                if (process.ExitCode is 0 or 3)
                {
                    break; // the write had begun: it ends, and is whole
                }

                // 300 ms is the contract. A host that is busy with other tests takes longer to give us a processor, and to delete a copy
                // whose bytes it is still writing.
                var limit = Environment.GetEnvironmentVariable("OFFLINEPATCH_QUIET") is null ? 10_000 : 300;
                Assert.True(watch.ElapsedMilliseconds < limit,
                    $"{string.Join(' ', line)}: {watch.ElapsedMilliseconds} ms after the signal at {moment} ms");
                Assert.Equal(130, process.ExitCode);
                Assert.Contains("cancelled", first + error.Result + output.Result, StringComparison.Ordinal);
                Assert.Equal(before, SparseHash.Of(image));
                Assert.Equal([image], Directory.GetFiles(_scratch.Path));
            }

            Directory.GetFiles(_scratch.Path).ToList().ForEach(File.Delete);
        }
    }

    [Fact]
    [Trait("fault", "P18")]
    public void P18_every_change_ends_in_the_same_words_and_every_command_has_the_same_options()
    {
        var image = Sample();
        foreach (string[] line in new string[][]
        {
            ["fs", "put", image, Note(), "Windows/n.txt"], ["fs", "mkdir", image, "Temp/d"],
            ["reg", "set", image, @"HKLM\SOFTWARE\Sample", "-v", "a"], ["reg", "delete", image, @"HKLM\SOFTWARE\Sample"],
        })
        {
            var run = Tool.Run(line).MustExit(0);
            Assert.Equal("Done.\n", run.Output);
            Assert.Contains($"to undo: offlinepatch undo {image}", run.Error, StringComparison.Ordinal);
            var help = Tool.Run([.. line[..2], "--help"]).MustExit(0).Output;
            foreach (var option in (string[])["--undo-dir", "--allow-backing", "--replay-log", "--no-undo-keep", "--json"])
            {
                Assert.Contains(option, help, StringComparison.Ordinal);
            }
        }
    }

    [Fact]
    [Trait("fault", "P19")]
    public void P19_one_file_can_be_copied_under_a_new_name_to_standard_output_and_from_standard_input()
    {
        var image = Sample();
        Tool.Run("fs", "mkdir", image, "Temp").MustExit(0);
        Tool.RunWithInput("from stdin"u8.ToArray(), "fs", "put", image, "-", "Temp/in.txt").MustExit(0);
        Tool.Run("fs", "get", image, "Temp/in.txt", _scratch["name.txt"]).MustExit(0);
        Assert.Equal("from stdin", File.ReadAllText(_scratch["name.txt"]));
        Assert.Equal("from stdin", Tool.Run("fs", "get", image, "Temp/in.txt", "-").MustExit(0).Output);
        Tool.Run("fs", "get", image, "Temp/in.txt", _scratch["dir/"]).MustExit(0);
        Assert.Equal("from stdin", File.ReadAllText(_scratch["dir/in.txt"]));
        Tool.Run("fs", "get", image, "Temp/in.txt", _scratch["name.txt"]).MustExit(1);
        Tool.RunWithInput([], "fs", "put", image, "-", "Temp/").MustExit(1);
        Assert.Matches(@"(?m)10 B .* Temp\\in.txt$", Tool.Run("fs", "ls", image, "-l", "-R", "-h", "Temp").MustExit(0).Output);
    }

    [Fact]
    [Trait("fault", "P20")]
    public void P20_a_folder_with_a_disc_in_it_is_told_and_the_drivers_for_an_image_are_chosen()
    {
        Directory.CreateDirectory(_scratch["folder"]);
        File.WriteAllBytes(_scratch["folder/virtio-win.iso"], new byte[65536]);
        var run = Tool.Run("drivers", _scratch["folder"]).MustExit(0);
        Assert.Contains("virtio-win.iso", run.Output + run.Error, StringComparison.Ordinal);
        var chosen = Tool.RunJson("drivers", machines.Drivers, "--trust-root", SampleRoot.Path, "--for", Raw()).MustExit(0).Json
            .GetProperty("choices");
        Assert.Contains(chosen.EnumerateArray(),
            c => c.TryGetProperty("driver", out var driver) && driver.GetString() == "viostor" && c.GetProperty("used").GetBoolean());
        Assert.Contains(chosen.EnumerateArray(),
            c => !c.GetProperty("used").GetBoolean() && c.GetProperty("reason").GetString()!.Length > 0);
    }

    [Fact]
    [Trait("fault", "P21")]
    public void P21_a_profile_that_is_no_JSON_is_told_in_plain_words()
    {
        File.WriteAllText(_scratch["list.txt"], "server1\nserver2\n");
        var error = Tool.Run("check", Raw(), "--profile", _scratch["list.txt"]).MustExit(2).Error;
        Assert.DoesNotContain("LineNumber", error, StringComparison.Ordinal);
        Assert.DoesNotContain("Path: $", error, StringComparison.Ordinal);
        Assert.Contains("list.txt", error, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("fault", "G")]
    public void G_the_habits_of_other_tools()
    {
        var image = Sample();
        var key = @"HKLM\SYSTEM\CurrentControlSet\Services\Sample";
        Tool.Run("reg", "add", image, key, "/v", "Start", "/t", "REG_DWORD", "/d", "0x3", "/f").MustExit(0);
        Tool.Run("reg", "add", image, key, "/ve", "/d", "text").MustExit(0);
        Assert.Equal("0x3\n", Tool.Run("reg", "query", image, key, "/v", "Start", "--bare").MustExit(0).Output);
        Assert.Contains("    (Default)    REG_SZ    text", Tool.Run("reg", "query", image, key, "/ve").MustExit(0).Output,
            StringComparison.Ordinal);
        Assert.Contains(@"HKEY_LOCAL_MACHINE\SYSTEM", Tool.Run("reg", "query", image, "HKLM").MustExit(0).Output, StringComparison.Ordinal);
        Assert.Equal("HKEY_LOCAL_MACHINE\nHKEY_USERS\n", Tool.Run("reg", "query", image).MustExit(0).Output);
        var found = Tool.Run("reg", "query", image, @"HKLM\SYSTEM\CurrentControlSet\Services", "/f", "Samp*", "/k").MustExit(0).Output;
        Assert.Contains(@"\Services\Sample", found, StringComparison.Ordinal);
        Assert.Contains("End of search: 1 match(es) found.", found, StringComparison.Ordinal);
        Tool.Run("reg", "query", image, @"HKLM\SYSTEM\CurrentControlSet\Services", "/f", "nothing is called this").MustExit(2);
        Tool.RunWithInput("REGEDIT4\n\n[HKEY_LOCAL_MACHINE\\SOFTWARE\\Old]\n\"Path\"=hex(2):25,41,25,00\n\"n\"=dword:5\n"u8.ToArray(),
            "reg", "import", image, "-").MustExit(0);
        Assert.Contains("REG_EXPAND_SZ    %A%", Tool.Run("reg", "query", image, @"HKLM\SOFTWARE\Old").MustExit(0).Output,
            StringComparison.Ordinal);
        Tool.Run("reg", "delete", image, key, "/va", "/f").MustExit(0);
        Assert.Equal(Tool.Run("inspect", image).Output, Tool.Run("info", image).MustExit(0).Output);
        Tool.Run("convert", "-f", "raw", "-O", "qcow2", image, _scratch["out.img"]).MustExit(0);
        Assert.Equal("The disks are identical.\n", Tool.Run("compare", image, _scratch["out.img"]).MustExit(0).Output);
        Tool.Run("convert", "-f", "vmdk", image, _scratch["no.raw"]).MustExit(4);
        Tool.Run("fs", "mkdir", _scratch["out.img"], "Temp/x").MustExit(0);
        Tool.Run("compare", image, _scratch["out.img"]).MustExit(3);
    }

    private static bool IsOneWord(string line, int columns) =>
        line.TrimStart(' ', '→', '-').Split(' ').Any(w => w.Length > columns / 4)
            || line.StartsWith("    offlinepatch", StringComparison.Ordinal) || line.StartsWith("Usage:", StringComparison.Ordinal);

    private string Note()
    {
        File.WriteAllText(_scratch["note.txt"], "note");
        return _scratch["note.txt"];
    }

    private string Raw() => machines.Raw("win2019", MachineFirmware.Bios, Defect.StaticAddress);

    private string Sample() => machines.Copy(_scratch, Raw());
}
