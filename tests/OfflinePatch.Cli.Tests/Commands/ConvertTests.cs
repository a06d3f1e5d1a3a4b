using OfflinePatch.Testing;

namespace OfflinePatch.Cli.Tests.Commands;

/// <summary><c>convert</c>, as a user runs it.</summary>
[Trait("tier", "e2e")]
public sealed class ConvertTests
{
    [SkippableTheory]
    [InlineData("disk.vmdk", "vmdk")]
    [InlineData("disk.qcow2", "qcow2")]
    [InlineData("disk.vhdx", "vhdx")]
    [InlineData("disk.vdi", "vdi")]
    [InlineData("disk.qed", "qed")]
    public void Image_is_converted_by_the_outputs_name(string name, string format)
    {
        Oracle.Require("qemu-img");
        using var scratch = new ScratchFolder();
        var raw = RawDisk(scratch);

        var result = Tool.Run("convert", raw, "-o", scratch[name], "--verify").MustExit(0);

        Assert.Contains("verified", result.Output, StringComparison.Ordinal);
        Assert.Equal("", result.Error);
        Oracle.Run("qemu-img", "check", "-f", format, scratch[name]).MustSucceed();
        Oracle.Run("qemu-img", "compare", "-f", format, "-F", "raw", scratch[name], raw).MustSucceed();
        Assert.Equal(new[] { "disk.raw", name }.Order(StringComparer.Ordinal),
            Directory.GetFiles(scratch.Path).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Zvhd2_comes_back_as_the_same_raw()
    {
        using var scratch = new ScratchFolder();
        var raw = RawDisk(scratch);
        Tool.Run("convert", raw, "-o", scratch["disk.zvhd2"]).MustExit(0);
        Tool.Run("convert", scratch["disk.zvhd2"], "-o", scratch["back.img"]).MustExit(0);
        Assert.Equal(SparseHash.Of(raw), SparseHash.Of(scratch["back.img"]));
    }

    [Fact]
    public void Usage_mistakes_are_told_before_anything_is_written()
    {
        using var scratch = new ScratchFolder();
        var raw = RawDisk(scratch);
        Tool.Run("convert", raw).MustExit(1);
        Assert.Contains("-O", Tool.Run("convert", raw, "-o", scratch["disk.bin"]).MustExit(1).Error, StringComparison.Ordinal);
        Assert.Contains("'thick'", Tool.Run("convert", raw, "-o", scratch["d.vmdk"], "--vmdk-subformat", "thick").MustExit(1).Error,
            StringComparison.Ordinal);
        Assert.Contains("CONV-0005", Tool.Run("convert", raw, "-o", raw, "-O", "raw", "--force").MustExit(4).Error,
            StringComparison.Ordinal);
        File.WriteAllText(scratch["there.vmdk"], "x");
        Assert.Contains("CORE-0040", Tool.Run("convert", raw, "-o", scratch["there.vmdk"]).MustExit(4).Error, StringComparison.Ordinal);
        Tool.Run("convert", scratch["none.raw"], "-o", scratch["d.vmdk"]).MustExit(2);
        Assert.Equal(["disk.raw", "there.vmdk"], Directory.GetFiles(scratch.Path).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    [SkippableFact]
    public void An_interrupted_conversion_leaves_no_file_of_that_name()
    {
        Skip.If(OperatingSystem.IsWindows(), "signals");
        using var scratch = new ScratchFolder();
        var raw = RawDisk(scratch, megabytes: 400);
        using var process = Tool.Start("convert", raw, "-o", scratch["disk.vmdk"], "--vmdk-subformat", "streamOptimized");
        var started = System.Diagnostics.Stopwatch.StartNew();
        while (!process.HasOutputIn(scratch.Path) && started.Elapsed < TimeSpan.FromSeconds(60))
        {
            Thread.Sleep(5);
        }

        Oracle.Run("kill", "-TERM", process.Id.ToString(System.Globalization.CultureInfo.InvariantCulture));
        Assert.True(process.WaitForExit(60_000));
        Assert.Equal(130, process.ExitCode);
        Assert.Equal(["disk.raw"], Directory.GetFiles(scratch.Path).Select(Path.GetFileName));
    }

    [Theory]
    [InlineData("vmdk", "")]
    [InlineData("vmdk", "streamOptimized")]
    [InlineData("vhd", "dynamic")]
    [InlineData("vhd", "fixed")]
    [InlineData("vhdx", "")]
    [InlineData("vdi", "")]
    [InlineData("qcow2", "")]
    [InlineData("qcow", "")]
    [InlineData("qed", "")]
    [InlineData("zvhd", "")]
    [InlineData("zvhd2", "")]
    public void Two_runs_at_one_moment_give_equal_files(string format, string subformat)
    {
        using var scratch = new ScratchFolder();
        var raw = RawDisk(scratch, megabytes: 8);
        string[] variant = subformat.Length > 0 ? ["--subformat", subformat] : [];
        foreach (var folder in new[] { "a", "b" })
        {
            Directory.CreateDirectory(scratch[folder]);
            Tool.RunAt(1_700_000_000, ["convert", raw, "-o", Path.Combine(scratch[folder], "disk"), "-O", format, .. variant]).MustExit(0);
        }

        Assert.Equal(File.ReadAllBytes(Path.Combine(scratch["a"], "disk")), File.ReadAllBytes(Path.Combine(scratch["b"], "disk")));
    }

    [Theory]
    [InlineData("raw", "zlib")]
    [InlineData("vmdk", "zlib")]
    [InlineData("vhd", "zlib")]
    [InlineData("vhdx", "zstd")]
    [InlineData("vdi", "zlib")]
    [InlineData("qed", "zlib")]
    [InlineData("qcow", "zstd")]
    [InlineData("zvhd", "zstd")]
    public void A_compression_that_the_format_does_not_have_is_refused(string format, string compression)
    {
        using var scratch = new ScratchFolder();
        var raw = RawDisk(scratch, megabytes: 3);
        var error = Tool.Run("convert", raw, "-o", scratch["out"], "-O", format, "--compress", compression).MustExit(1).Error;
        Assert.Contains($"--compress {compression}", error, StringComparison.Ordinal);
        Assert.False(File.Exists(scratch["out"]));
    }

    private static string RawDisk(ScratchFolder scratch, int megabytes = 40)
    {
        var path = scratch["disk.raw"];
        using var file = File.Create(path);
        file.SetLength(megabytes * 1024L * 1024);
        var bytes = new byte[1024 * 1024];
        for (var i = 0; i < megabytes; i += 3)
        {
            new Random(i).NextBytes(bytes);
            file.Seek(i * 1024L * 1024, SeekOrigin.Begin);
            file.Write(bytes);
        }

        file.Seek(510, SeekOrigin.Begin);
        file.Write([0x55, 0xAA]);
        return path;
    }
}
