using System.Diagnostics;
using OfflinePatch.Fixtures.Machines;
using OfflinePatch.Testing;

namespace OfflinePatch.Cli.Tests.Commands;

/// <summary>What the host does to a run: files that are none, links, limits, full outputs, signals.</summary>
[Trait("tier", "e2e")]
public sealed class HostSafetyTests(Machines machines) : IClassFixture<Machines>
{
    [SkippableFact]
    public void A_name_that_begins_with_an_at_sign_is_a_name_and_no_file_of_options()
    {
        Oracle.Require("qemu-img");
        using var scratch = new ScratchFolder();
        var raw = machines.Raw("win2019", MachineFirmware.Bios, Defect.StaticAddress);
        Oracle.Run("qemu-img", "create", "-q", "-f", "qcow2", "-b", raw, "-F", "raw", scratch["z.qcow2"]).MustSucceed();
        Oracle.Run("cp", "--sparse=always", raw, scratch["@x"]).MustSucceed();
        File.WriteAllText(scratch["x"], $"--allow-backing --report {scratch["pwned.json"]}");
        var result = Oracle.RunIn(scratch.Path, Tool.Path, "check", "@x", "z.qcow2", "--json");
        Assert.False(File.Exists(scratch["pwned.json"]));
        Assert.Contains("CORE-0031", result.Output, StringComparison.Ordinal);
        Assert.Contains("\"path\": \"@x\"", result.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("root:", Tool.Run("inspect", "@/etc/passwd").MustExit(2).Output, StringComparison.Ordinal);
    }

    [SkippableFact]
    public void Pipes_and_devices_are_told_and_never_waited_for()
    {
        Skip.If(OperatingSystem.IsWindows(), "pipes have no path in a folder");
        using var scratch = new ScratchFolder();
        Oracle.Run("mkfifo", scratch["fifo"]).MustSucceed();
        Directory.CreateDirectory(scratch["agent"]);
        Oracle.Run("mkfifo", Path.Combine(scratch["agent"], "fifo")).MustSucceed();
        foreach (var command in new string[][]
        {
            ["inspect", scratch["fifo"]], ["check", scratch["fifo"]], ["fix", scratch["fifo"]],
            ["convert", scratch["fifo"], "-o", scratch["o.qcow2"]], ["drivers", scratch["fifo"]],
            ["reg", "query", scratch["fifo"]], ["bcd", scratch["fifo"]], ["fs", "ls", scratch["fifo"]], ["inspect", "/dev/zero"],
            ["undo", scratch["fifo"]],
        })
        {
            using var process = Tool.Start(command);
            var error = process.StandardError.ReadToEndAsync();
            var output = process.StandardOutput.ReadToEndAsync();
            Assert.True(process.WaitForExit(TimeSpan.FromSeconds(60)), $"{string.Join(' ', command)} waits");
            Assert.Equal(2, process.ExitCode);
            Assert.Contains("CORE-0011", output.GetAwaiter().GetResult() + error.GetAwaiter().GetResult(), StringComparison.Ordinal);
        }

        // a folder is the images in it
        Assert.Contains("CLI-0008", Tool.Run("inspect", scratch.Path).MustExit(2).Error, StringComparison.Ordinal);
        Assert.Equal(1, Tool.Run("inspect", "").ExitCode);
        Assert.Equal(1, Tool.Run("reg", "query", "").ExitCode);
    }

    [SkippableFact]
    public void A_part_of_an_image_that_is_a_link_is_neither_read_nor_written()
    {
        Skip.If(OperatingSystem.IsWindows(), "making links needs a privilege");
        Oracle.Require("qemu-img");
        using var scratch = new ScratchFolder();
        Oracle.Run("qemu-img", "create", "-q", "-f", "vmdk", "-o", "subformat=monolithicFlat", scratch["m.vmdk"], "1M").MustSucceed();
        Oracle.Run("qemu-img", "create", "-q", "-f", "qcow2", "-o", $"data_file={scratch["d.data"]},data_file_raw=on", scratch["d.qcow2"],
            "1M").MustSucceed();
        Oracle.RunIn(scratch.Path, "qemu-img", "amend", "-f", "qcow2", "-o", "data_file=d.data", "d.qcow2");
        foreach (var (part, image) in new[] { ("m-flat.vmdk", "m.vmdk"), ("d.data", "d.qcow2") })
        {
            File.Move(scratch[part], scratch["elsewhere-" + part]);
            File.CreateSymbolicLink(scratch[part], scratch["elsewhere-" + part]);
            var result = Tool.Run("convert", scratch[image], "-o", scratch[image + ".raw"]);
            Assert.Equal(4, result.ExitCode);
            Assert.Contains(part == "d.data" && result.Error.Contains("CORE-0030", StringComparison.Ordinal) ? "CORE-0030" : "CORE-0033",
                result.Error, StringComparison.Ordinal);
            Assert.False(File.Exists(scratch[image + ".raw"]));
        }
    }

    [SkippableFact]
    public void A_copy_is_not_written_through_a_link_and_is_as_private_as_its_image()
    {
        Skip.If(OperatingSystem.IsWindows(), "links and modes");
        using var scratch = new ScratchFolder();
        var image = machines.Copy(scratch, machines.Raw("win2019", MachineFirmware.Bios, Defect.StaticAddress));
        FileModes.Set(image, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        File.WriteAllText(scratch["victim"], "precious");
        File.CreateSymbolicLink(scratch["o.qcow2.offlinepatch-part"], scratch["victim"]);
        Tool.Run("fix", image, "--only", "network.*", "-o", scratch["o.qcow2"], "-O", "qcow2").MustExit(0);
        Tool.Run("convert", image, "-o", scratch["p.qcow2"]).MustExit(0);
        Tool.Run("fs", "get", image, "Windows/System32/config/SAM", scratch["out/"]).MustExit(0);
        Tool.Run("reg", "export", image, @"HKLM\SAM", "-o", scratch["sam.reg"]).MustExit(0);
        Assert.Equal("precious", File.ReadAllText(scratch["victim"]));
        foreach (var made in (string[])[scratch["o.qcow2"], scratch["p.qcow2"], Path.Combine(scratch["out"], "SAM"), scratch["sam.reg"]])
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, FileModes.Get(made));
        }
    }

    [SkippableTheory]
    [InlineData("fix disk.raw --only network.* --report no/folder/r.html", false, 1)]
    [InlineData("fix disk.raw --only network.* > /dev/full", true, 6)]
    [InlineData("fix disk.raw --only network.* --json > /dev/full", true, 6)]
    [InlineData("fix disk.raw --only network.* >&-", true, 6)]
    [InlineData("fix disk.raw --only network.* 2> /dev/full", true, 0)]
    [InlineData("fix disk.raw --only network.* --dry-run > /dev/full", false, 5)]
    [InlineData("check disk.raw > /dev/full", false, 5)]
    [InlineData("fs put disk.raw /etc/passwd Windows/ 2> /dev/full", true, 0)]
    [InlineData("reg set disk.raw HKLM/SOFTWARE/x -v a -d b > /dev/full", true, 6)]
    [InlineData("convert disk.raw -o out.qcow2 > /dev/full", false, 6)]
    [InlineData("fs tree disk.raw > /dev/full", false, 5)]
    [InlineData("nonsense 2> /dev/full", false, 1)]
    public void A_result_that_cannot_be_written_is_never_taken_for_an_image_that_was_not_changed(string command, bool changes, int code)
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "needs /dev/full");
        using var scratch = new ScratchFolder();
        var image = machines.Copy(scratch, machines.Raw("win2019", MachineFirmware.Bios, Defect.StaticAddress));
        var old = SparseHash.Of(image);
        var result = Oracle.RunIn(scratch.Path, "/bin/sh", "-c",
            $"'{Tool.Path}' {command.Replace("HKLM/SOFTWARE/x", @"'HKLM\SOFTWARE\x'", StringComparison.Ordinal)}");
        Assert.True(result.ExitCode == code, $"{result.ExitCode}\n{result.Output}\n{result.Error}");
        Assert.Equal(changes, SparseHash.Of(image) != old);
        if (code == 6)
        {
            Assert.Contains("stays changed", result.Error, StringComparison.Ordinal);
        }
    }

    [SkippableTheory]
    [InlineData("")]
    [InlineData("trap '' XFSZ; ")]
    public void A_limit_of_the_length_of_files_is_an_error_and_the_image_stays(string before)
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "ulimit");
        Oracle.Require("qemu-img");
        using var scratch = new ScratchFolder();
        var image = machines.Copy(scratch, machines.Raw("win2019", MachineFirmware.Bios, Defect.StaticAddress), "qcow2");
        var old = SparseHash.Of(image);
        var limit = (new FileInfo(image).Length / 1024) + 1500;
        var fix = Oracle.RunIn(scratch.Path, "/bin/bash", "-c",
            $"{before}ulimit -f {limit}; exec '{Tool.Path}' fix '{image}' --trust-root '{SampleRoot.Path}' --drivers "
                + $"'{machines.Drivers}' --cloudbase-init '{machines.Agent}'");
        Assert.True(fix.ExitCode == 5, $"{fix.ExitCode}\n{fix.Output}\n{fix.Error}");
        Assert.Contains("CORE-0020", fix.Output, StringComparison.Ordinal);
        Assert.Equal(old, SparseHash.Of(image));
        var convert = Oracle.RunIn(scratch.Path, "/bin/bash", "-c",
            $"{before}ulimit -f 9000; export DOTNET_EnableWriteXorExecute=0; exec '{Tool.Path}' convert '{image}' -o out.qcow2");
        Assert.Equal(5, convert.ExitCode);
        Assert.Contains("CORE-0018", convert.Error, StringComparison.Ordinal);
        Assert.Equal([image], Directory.GetFiles(scratch.Path));
    }

    [SkippableFact]
    public void A_full_folder_for_temporary_files_is_told_and_nothing_is_left_or_changed()
    {
        using var scratch = new ScratchFolder();
        using var small = new SmallFileSystem(scratch["tmp"], size: 4);
        var image = machines.Copy(scratch, machines.Raw("win2019", MachineFirmware.Bios));
        var old = SparseHash.Of(image);
        File.WriteAllBytes(scratch["large"], System.Security.Cryptography.RandomNumberGenerator.GetBytes(200 << 20));
        foreach (var folder in (string[])[small.Path, scratch["nowhere"], scratch["large"]])
        {
            // What is to be written is kept in memory up to a limit, and beyond it in a file.
            var put = Tool.RunWith([$"TMPDIR={folder}"], "fs", "put", image, scratch["large"], "/large").MustExit(5);
            Assert.Contains(folder, put.Error, StringComparison.Ordinal);
            Assert.Equal(old, SparseHash.Of(image));
        }

        Assert.Empty(Directory.GetFileSystemEntries(small.Path));
        Assert.Equal([image, scratch["large"]], Directory.GetFiles(scratch.Path).Order(StringComparer.Ordinal));
    }

    [SkippableTheory]
    [InlineData("INT")]
    [InlineData("TERM")]
    [InlineData("HUP")]
    public void A_signal_ends_a_run_that_waits_for_another_program(string signal)
    {
        Skip.If(OperatingSystem.IsWindows(), "signals are sent by kill");
        using var scratch = new ScratchFolder();
        var image = machines.Copy(scratch, machines.Raw("win2019", MachineFirmware.Bios));
        var old = SparseHash.Of(image);
        File.WriteAllText(scratch["slow.sh"], $"#!/bin/sh\necho > '{scratch["started"]}'\nexec sleep 100\n");
        FileModes.Set(scratch["slow.sh"], UnixFileMode.UserRead | UnixFileMode.UserExecute);
        using var process = Tool.Start("convert", image, "-o", scratch["o.zvhd2"], "--qemu-img-hw", scratch["slow.sh"]);
        for (var i = 0; i < 1200 && !File.Exists(scratch["started"]) && !process.HasExited; i++)
        {
            Thread.Sleep(50);
        }

        Assert.False(process.HasExited);
        var watch = Stopwatch.StartNew();
        Oracle.Run("/bin/sh", "-c", $"kill -{signal} {process.Id}");
        Assert.True(process.WaitForExit(TimeSpan.FromSeconds(30)));
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(10), $"{watch.Elapsed}"); // 0.3 s on a machine that does nothing else
        Assert.Equal(130, process.ExitCode);
        Assert.Contains("cancelled", process.StandardError.ReadToEnd(), StringComparison.Ordinal);
        Assert.Equal(old, SparseHash.Of(image));
    }
}
