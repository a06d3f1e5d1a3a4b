using OfflinePatch.Fixtures.Machines;
using OfflinePatch.Testing;

namespace OfflinePatch.Cli.Tests.Commands;

/// <summary>What <c>fix -o</c> does with a copy beyond writing it; the user's tools are played by shell scripts.</summary>
[Trait("tier", "e2e")]
public sealed class FixedCopyTests(Machines machines) : IClassFixture<Machines>
{
    [SkippableFact]
    public void Bitmap_is_made_beside_a_raw_copy()
    {
        using var scratch = new ScratchFolder();
        var image = Machine();
        Script(scratch, "java", "[ \"$1\" = -jar ] && head -c 64 \"$3\" > \"$4\"");
        var result = Oracle.Run(
            "/usr/bin/env", [$"PATH={scratch.Path}:{Environment.GetEnvironmentVariable("PATH")}", Tool.Path,
                .. Fix(image, scratch["copy.raw"]), "--create-mf", "CreateMF.jar", "--json"]);
        var report = new ToolResult(result.ExitCode, result.Output, result.Error).MustExit(0).Image;
        Assert.Equal(64, new FileInfo(scratch["copy.mf"]).Length);
        Assert.Contains(report.GetProperty("notes").EnumerateArray(), n => n.GetString()!.Contains("copy.mf", StringComparison.Ordinal));
    }

    [SkippableFact]
    public void Copy_that_the_vendors_tool_does_not_know_is_not_kept()
    {
        using var scratch = new ScratchFolder();
        var image = Machine();
        var hash = SparseHash.Of(image);
        var tool = Script(scratch, "qemu-img-hw", "echo 'file format: raw'");
        var result = Tool.RunJson([.. Fix(image, scratch["copy.zvhd2"]), "-O", "zvhd2", "--qemu-img-hw", tool]).MustExit(5);
        Assert.Equal("FAST-0007", result.ErrorCode);
        Assert.False(File.Exists(scratch["copy.zvhd2"]));
        Assert.Equal(hash, SparseHash.Of(image));
    }

    [Fact]
    public void What_a_copy_cannot_be_is_told_before_the_work()
    {
        using var scratch = new ScratchFolder();
        var image = Machine();
        File.WriteAllText(scratch["there.raw"], "x");
        Refused("CORE-0040", Fix(image, scratch["there.raw"]));
        Refused("CONV-0005", [.. Fix(image, image), "-O", "raw", "--force"]);
        Refused("FAST-0005", [.. Fix(image, scratch["a.vmdk"]), "-O", "vmdk", "--create-mf", "x"]);
        Refused("FAST-0006", [.. Fix(image, scratch["a.raw"]), "--qemu-img-hw", "x"]);
        foreach (var option in new[] { "--verify", "--force", "--create-mf=x", "--qemu-img-hw=x", "--compress=zlib" })
        {
            Assert.Contains("goes with --output", Tool.Run("fix", image, option).MustExit(1).Error, StringComparison.Ordinal);
        }

        Assert.Equal("x", File.ReadAllText(scratch["there.raw"]));
        Assert.Single(Directory.GetFiles(scratch.Path));
    }

    private static void Refused(string code, string[] arguments)
    {
        var result = Tool.Run(arguments).MustExit(4);
        Assert.Contains(code, result.Output + result.Error, StringComparison.Ordinal);
    }

    private static string Script(ScratchFolder scratch, string name, string body)
    {
        Skip.If(OperatingSystem.IsWindows(), "shell scripts");
        File.WriteAllText(scratch[name], "#!/bin/sh\n" + body + "\n");
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(scratch[name], UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }

        return scratch[name];
    }

    private string Machine() => machines.Raw("win2019", MachineFirmware.Bios, Defect.StaticAddress);

    private string[] Fix(string image, string copy) =>
        ["fix", image, "-o", copy, "--trust-root", SampleRoot.Path, "--drivers", machines.Drivers, "--cloudbase-init", machines.Agent];
}
