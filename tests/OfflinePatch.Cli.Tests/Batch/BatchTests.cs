using OfflinePatch.Cli.Batch;
using OfflinePatch.Testing;
using OfflinePatch.Windows.Reports;

namespace OfflinePatch.Cli.Tests.Batch;

/// <summary>Several images in one command: what becomes of one does not cost the others anything.</summary>
[Trait("tier", "unit")]
public sealed class BatchTests
{
    [Fact]
    public void A_bug_that_one_image_brings_out_leaves_the_others_their_reports()
    {
        var batch = BatchRunner.Run(
            new BatchRequest(["good", "bad", "fine"], 2, (path, _) => path == "bad"
                ? throw new OverflowException("hostile")
                : new ImageReport { Path = path, Result = ImageResult.Ready }),
            CancellationToken.None);

        Assert.Equal(2, batch.ExitCode);
        Assert.Equal([ImageResult.Ready, ImageResult.Error, ImageResult.Ready], batch.Reports.Select(r => r.Result));
        Assert.Equal("CLI-0004", batch.Reports[1].Error?.Code);
        Assert.Equal(2, CommandGuard.Run(() => throw new KeyNotFoundException()));
    }

    [Fact]
    public void A_report_of_no_known_kind_is_a_usage_error_before_any_work()
    {
        Assert.Equal(1, CommandTree.Run(["fix", "/nonexistent/disk.raw", "--report", "report.txt"]));
        Assert.Equal(1, CommandTree.Run(["check", "/nonexistent/disk.raw", "--report", "report"]));
    }

    [Fact]
    public void A_report_that_cannot_be_written_is_told_before_any_image_is_opened()
    {
        using var scratch = new ScratchFolder();
        var result = Tool.RunJson("check", scratch["missing.raw"], "--report", scratch["no/such/folder/report.json"]);
        Assert.Equal(1, result.ExitCode);
        Assert.Equal("CLI-0006", result.Json.GetProperty("error").GetProperty("code").GetString());
        Assert.Contains("--report", result.Error, StringComparison.Ordinal);
    }

    [SkippableFact]
    public void A_directory_with_links_to_its_images_has_each_image_once()
    {
        Skip.If(OperatingSystem.IsWindows(), "making links needs a privilege");
        using var scratch = new ScratchFolder();
        File.WriteAllText(scratch["b.raw"], "");
        File.WriteAllText(scratch["outside"], "");
        Directory.CreateDirectory(scratch["c"]);
        File.WriteAllText(scratch["c/d.raw"], "");
        File.CreateSymbolicLink(scratch["a.raw"], scratch["b.raw"]);
        File.CreateSymbolicLink(scratch["z.raw"], scratch["c/d.raw"]);
        File.CreateSymbolicLink(scratch["l1.raw"], scratch["outside"]);
        File.CreateSymbolicLink(scratch["l2.raw"], scratch["outside"]);
        Assert.Equal([scratch["b.raw"], scratch["c/d.raw"], scratch["l1.raw"]],
            ImagePaths.Expand([scratch.Path]).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Two_images_of_one_name_do_not_go_into_one_directory()
    {
        using var scratch = new ScratchFolder();
        Assert.Equal(1, CommandTree.Run(["fix", scratch["a/disk.raw"], scratch["b/disk.raw"], "-o", scratch.Path, "--force"]));
        Assert.Equal(1, CommandTree.Run(["fix", scratch["disk.raw"], scratch["disk.vmdk"], "-o", scratch.Path, "-O", "qcow2"]));
    }
}
