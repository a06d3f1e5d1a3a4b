using OfflinePatch.Fixtures.Machines;
using OfflinePatch.Testing;

namespace OfflinePatch.Cli.Tests.Commands;

/// <summary>The same patch on every format that can be changed in place, beside the same patch on RAW; and copies of what cannot.</summary>
[Trait("tier", "e2e")]
public sealed class FormatMatrixTests(Machines machines) : IClassFixture<Machines>
{
    public static TheoryData<string, string, string> InPlace() => new()
    {
        { "vmdk", "vmdk", "subformat=monolithicFlat" },
        { "vmdk", "vmdk", "subformat=twoGbMaxExtentFlat" },
        { "vhd", "vpc", "subformat=dynamic,force_size=on" },
        { "vhd", "vpc", "subformat=fixed,force_size=on" },
        { "vhdx", "vhdx", "subformat=dynamic" },
        { "vhdx", "vhdx", "subformat=fixed" },
        { "vdi", "vdi", "static=off" },
        { "vdi", "vdi", "static=on" },
        { "qcow2", "qcow2", "compat=0.10" },
        { "qcow2", "qcow2", "compat=1.1" },
        { "qcow2", "qcow2", "compat=1.1,lazy_refcounts=on,cluster_size=2M" },
        { "qcow2", "qcow2", "compat=1.1,extended_l2=on,cluster_size=128k" },
        { "qcow2", "qcow2", "compressed" },
        { "qcow2", "qcow2", "snapshot" },
        { "qcow", "qcow", "" },
        { "qed", "qed", "cluster_size=64k" },
    };

    [SkippableTheory]
    [MemberData(nameof(InPlace))]
    [Trait("tier", "oracle")]
    public void Fix_in_place_equals_fix_of_raw(string extension, string driver, string options)
    {
        Oracle.Require("qemu-img");
        using var scratch = new ScratchFolder();
        var raw = machines.Raw("win2019", MachineFirmware.Uefi, Defect.StaticAddress);
        var image = Make(scratch, raw, extension, driver, options);
        var before = SparseHash.OfAll(Directory.GetFiles(scratch.Path));
        Fix(image).MustExit(0);
        var check = Oracle.Run("qemu-img", "check", "-f", driver, image);
        Assert.True(check.ExitCode is 0 or 63, check.Output + check.Error); // 63: qemu has no check for this format
        using (var reference = new ScratchFolder())
        {
            var patched = machines.Copy(reference, raw);
            Fix(patched).MustExit(0);
            Oracle.Run("qemu-img", "compare", "-f", "raw", "-F", driver, patched, image).MustSucceed();
        }

        Assert.Equal(0, Fix(image).MustExit(0).Image.GetProperty("changes").GetProperty("bytesWritten").GetInt64());
        Tool.Run("undo", image).MustExit(0);
        Assert.Equal(before, SparseHash.OfAll(Directory.GetFiles(scratch.Path)));
    }

    [SkippableFact]
    [Trait("tier", "oracle")]
    public void A_stream_optimized_vmdk_is_refused_in_place_and_fixed_as_a_copy()
    {
        Oracle.Require("qemu-img");
        using var scratch = new ScratchFolder();
        var raw = machines.Raw("win2019", MachineFirmware.Uefi, Defect.StaticAddress);
        var image = Make(scratch, raw, "vmdk", "vmdk", "subformat=streamOptimized");
        var before = SparseHash.Of(image);
        var refused = Fix(image).MustExit(4);
        Assert.Equal("JOB-0001", refused.ErrorCode);
        Assert.Contains("-o", refused.Image.GetProperty("error").GetProperty("remedy").GetString(), StringComparison.Ordinal);

        Fix(image, "-o", scratch["fixed.qcow2"], "-O", "qcow2").MustExit(0);
        Assert.Equal(before, SparseHash.Of(image));
        Tool.Run("check", scratch["fixed.qcow2"]).MustExit(0);
        Oracle.Run("qemu-img", "check", "-f", "qcow2", scratch["fixed.qcow2"]).MustSucceed();
        using var reference = new ScratchFolder();
        var patched = machines.Copy(reference, raw);
        Fix(patched).MustExit(0);
        Oracle.Run("qemu-img", "compare", "-f", "raw", "-F", "qcow2", patched, scratch["fixed.qcow2"]).MustSucceed();
    }

    private static string Make(ScratchFolder scratch, string raw, string extension, string driver, string options)
    {
        var image = scratch["disk." + extension];
        string[] arguments = options switch
        {
            "compressed" => ["-c"],
            "snapshot" or "" => [],
            _ => ["-o", options],
        };
        Oracle.Run("qemu-img", ["convert", "-f", "raw", "-O", driver, .. arguments, raw, image]).MustSucceed();
        if (options == "snapshot")
        {
            Oracle.Run("qemu-img", "snapshot", "-c", "before", image).MustSucceed();
        }

        return image;
    }

    // One moment for all runs: equal input gives equal bytes.
    private ToolResult Fix(string image, params string[] more) => Tool.RunAt(
        1_700_000_000, ["fix", image, "--trust-root", SampleRoot.Path, "--drivers", machines.Drivers, "--cloudbase-init", machines.Agent,
            "--json", .. more]);
}
