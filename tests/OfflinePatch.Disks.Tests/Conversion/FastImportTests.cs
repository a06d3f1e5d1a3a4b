using OfflinePatch.Core;
using OfflinePatch.Disks.Conversion;
using OfflinePatch.Disks.Conversion.FastImport;
using OfflinePatch.Disks.Tests.Formats;
using OfflinePatch.Testing;

namespace OfflinePatch.Disks.Tests.Conversion;

/// <summary>The user's own tools, played by shell scripts.</summary>
[Trait("tier", "unit")]
public sealed class FastImportTests
{
    [SkippableFact]
    public void Vendors_tool_judges_a_ZVHD2()
    {
        using var scratch = new ScratchFolder();
        var raw = Raw(scratch);
        var good = Script(scratch, "good", $"case $1 in info) echo 'file format: zvhd2';; convert) cp '{raw}' \"$5\";; esac");
        var outcome = ConversionJob.Run(new ConversionRequest(raw, scratch["out.zvhd2"], ImageFormat.Zvhd2, QemuImgHw: good));
        Assert.Equal(ImageFormat.Raw, outcome.SourceFormat);
        Assert.True(File.Exists(scratch["out.zvhd2"]));
        Assert.False(File.Exists(scratch["out.zvhd2.offlinepatch-check"]));

        foreach (var (script, code) in new[]
        {
            ("echo raw", "FAST-0007"),
            ("exit 3", "FAST-0002"),
            ("case $1 in info) echo zvhd2;; convert) head -c 3145728 /dev/urandom > \"$5\";; esac", "CONV-0002"),
        })
        {
            var bad = Script(scratch, "bad", script);
            var error = Record.Exception(() =>
                ConversionJob.Run(new ConversionRequest(raw, scratch["bad.zvhd2"], ImageFormat.Zvhd2, QemuImgHw: bad)));
            Assert.Equal(code, (error as ICodedError)?.Code);
            Assert.False(File.Exists(scratch["bad.zvhd2"]));
        }
    }

    [Fact]
    public void Tools_are_refused_for_other_formats_before_the_work()
    {
        using var scratch = new ScratchFolder();
        var raw = Raw(scratch);
        Assert.Equal("FAST-0006", Assert.Throws<RefusedException>(() =>
            ConversionJob.Run(new ConversionRequest(raw, scratch["o.raw"], ImageFormat.Raw, QemuImgHw: "x"))).Code);
        Assert.Equal("FAST-0005", Assert.Throws<RefusedException>(() =>
            ConversionJob.Run(new ConversionRequest(raw, scratch["o.vmdk"], ImageFormat.Vmdk, CreateMfJar: "x"))).Code);
        File.WriteAllText(scratch["o.mf"], "old");
        Assert.Equal("FAST-0004", Assert.Throws<RefusedException>(() =>
            ConversionJob.Run(new ConversionRequest(raw, scratch["o.raw"], ImageFormat.Raw, CreateMfJar: "x"))).Code);
        Assert.Equal("FAST-0001", Assert.Throws<HostIOException>(() =>
            ConversionJob.Run(new ConversionRequest(raw, scratch["o.zvhd2"], ImageFormat.Zvhd2, QemuImgHw: scratch["none"]))).Code);
    }

    private static string Raw(ScratchFolder scratch)
    {
        var model = GuestModel.Patterned(3 << 20, 71);
        model.Write(510, [0x55, 0xAA]);
        HostFile.Save(model, scratch["in.raw"]);
        return scratch["in.raw"];
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
}
