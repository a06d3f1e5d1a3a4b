using System.Globalization;
using System.Text;
using OfflinePatch.Fixtures.Drivers;
using OfflinePatch.Fixtures.Machines;
using OfflinePatch.Testing;

namespace OfflinePatch.Cli.Tests.Commands;

/// <summary>
/// Every bad driver source: <c>drivers</c> tells its code, <c>fix</c> refuses with the reason, and the image keeps every byte.
/// </summary>
[Trait("tier", "e2e")]
public sealed class BadDriverTests(Machines machines) : IClassFixture<Machines>
{
    [Fact]
    public void An_inf_without_devices_for_this_windows()
    {
        using var scratch = new ScratchFolder();
        var disc = Disc(scratch, "viostor", d => d.Replace("NTamd64.10.0", "NTamd64.10.0...99999", StringComparison.Ordinal));
        Lists(disc, "DRV-1001");
        Refuses(scratch, disc, "no devices for Windows 10.0.17763");
    }

    [Fact]
    public void A_missing_file()
    {
        using var scratch = new ScratchFolder();
        var disc = Disc(scratch, "viostor");
        File.Delete(Path.Combine(disc, "viostor/2k19/amd64/viostor.sys"));
        Lists(disc, "DRV-1002");
        Refuses(scratch, disc, "viostor.sys is listed in the INF, but not there");
    }

    [Fact]
    public void A_compressed_file()
    {
        using var scratch = new ScratchFolder();
        var disc = Disc(scratch, "viostor");
        File.Move(Path.Combine(disc, "viostor/2k19/amd64/viostor.sys"), Path.Combine(disc, "viostor/2k19/amd64/viostor.sy_"));
        Lists(disc, "DRV-1017");
        Refuses(scratch, disc, "viostor.sy_");
    }

    [Fact]
    public void A_file_that_the_catalogue_does_not_list()
    {
        using var scratch = new ScratchFolder();
        var disc = Disc(scratch, "viostor");
        var driver = Path.Combine(disc, "viostor/2k19/amd64/viostor.sys");
        var content = File.ReadAllBytes(driver);
        content[0x2A0] ^= 1;
        File.WriteAllBytes(driver, content);
        Lists(disc, "DRV-1009");
        var refused = Refuses(scratch, disc, "viostor.sys is not the file that viostor.cat lists");
        Assert.Contains("--allow-unsigned", refused.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void A_boot_driver_without_a_signature()
    {
        using var scratch = new ScratchFolder();
        var disc = Disc(scratch, "viostor");
        SampleDriverDisc.Write(disc,
            SampleDrivers.VioStor.Build("amd64", SampleDriverDisc.Version, ".10.0", embedded: null)
                .Select(f => ($"viostor/2k19/amd64/{f.Name}", f.Content)));
        Lists(disc, "DRV-1011");
        Refuses(scratch, disc, "carries no signature of its own");
    }

    [Fact]
    public void Two_packages_that_claim_one_id()
    {
        using var scratch = new ScratchFolder();
        var disc = Disc(scratch, "viostor");
        var other = (SampleDrivers.VioStor with { Maker = "Another maker" }).Build("amd64", SampleDriverDisc.Version, ".10.0");
        SampleDriverDisc.Write(disc, other.Select(f => ($"another/2k19/amd64/{f.Name}", f.Content)));
        Refuses(scratch, disc, "both claim the devices of viostor");
        Lists(disc, "DRV-1016");
    }

    [Fact]
    public void A_disc_for_another_processor()
    {
        using var scratch = new ScratchFolder();
        var disc = scratch["disc"];
        SampleDriverDisc.Write(disc, SampleDriverDisc.Virtio().Where(f => f.Path.Contains("/ARM64/", StringComparison.Ordinal)));
        Refuses(scratch, disc, "arm64");
    }

    [SkippableFact]
    public void A_truncated_disc_image()
    {
        Oracle.Require("xorriso");
        using var scratch = new ScratchFolder();
        var disc = Disc(scratch, "viostor", "vioscsi", "netkvm");
        var iso = scratch["disc.iso"];
        Oracle.Run("xorriso", "-as", "mkisofs", "-quiet", "-J", "-r", "-o", iso, disc).MustSucceed();
        var image = machines.Copy(scratch, Healthy());
        var hash = SparseHash.Of(image);
        var length = new FileInfo(iso).Length;
        foreach (var part in (ReadOnlySpan<double>)[0.02, 0.3, 0.6, 0.9])
        {
            using (var file = File.OpenWrite(iso))
            {
                file.SetLength(0);
            }

            Oracle.Run("xorriso", "-as", "mkisofs", "-quiet", "-J", "-r", "-o", iso, disc).MustSucceed();
            using (var file = File.OpenWrite(iso))
            {
                file.SetLength((long)(length * part));
            }

            var result = Tool.RunJson("fix", image, "--trust-root", SampleRoot.Path, "--drivers", iso).MustExit(2);
            Assert.Equal(part < 0.1 ? "TREE-0001" : "ISO-0008", result.ErrorCode); // without its descriptors it is no disc at all
            Assert.Equal(hash, SparseHash.Of(image));
        }
    }

    [Fact]
    public void An_inf_of_a_million_lines()
    {
        using var scratch = new ScratchFolder();
        var disc = Disc(scratch, "viostor");
        var inf = Path.Combine(disc, "viostor/2k19/amd64/viostor.inf");
        File.WriteAllText(inf, File.ReadAllText(inf)
            + string.Concat(Enumerable.Range(0, 1_000_000).Select(i => string.Create(CultureInfo.InvariantCulture, $"k{i}=v\r\n"))));
        Lists(disc, "INF-");
        var refused = Refuses(scratch, disc, "viostor.inf");
        Assert.Contains("400000", refused.Output.Replace(",", "", StringComparison.Ordinal), StringComparison.Ordinal);
    }

    [Fact]
    public void An_inf_whose_sections_need_each_other()
    {
        using var scratch = new ScratchFolder();
        var bomb = new StringBuilder("\r\nNeeds = a0\r\n");
        for (var i = 0; i < 14; i++)
        {
            bomb.Append(CultureInfo.InvariantCulture, $"[a{i}]\r\nNeeds = {string.Join(',', Enumerable.Repeat($"a{i + 1}", 10))}\r\n");
        }

        var disc = Disc(scratch, "viostor",
            text => text.Replace("[scsi_inst]", "[a14]\r\nNeeds = a0\r\n[scsi_inst]" + bomb + "[scsi_inst]", StringComparison.Ordinal));
        Lists(disc, "INF-");
        Refuses(scratch, disc, "leads through more than 10000 sections");
    }

    [Fact]
    public void A_manifest_that_follows_no_schema()
    {
        using var scratch = new ScratchFolder();
        Directory.CreateDirectory(scratch["manifest"]);
        File.WriteAllText(scratch["manifest/virtio.json"], """{"schema":1,"family":"virtio","surprise":true}""");
        var image = machines.Copy(scratch, Healthy());
        var hash = SparseHash.Of(image);
        foreach (var command in (ReadOnlySpan<string>)["fix", "check", "inspect"])
        {
            var result = Tool.RunJson(command, image, "--manifest", scratch["manifest"]).MustExit(2);
            Assert.Equal("DRV-0020", result.ErrorCode);
        }

        Assert.Contains("DRV-0020", Tool.Run("drivers", machines.Drivers, "--manifest", scratch["manifest"]).MustExit(2).Error,
            StringComparison.Ordinal);
        Assert.Equal(hash, SparseHash.Of(image));
    }

    /// <summary>
    /// An INF that does not make its driver a PCI miniport: what is staged would never find its disk. It is the package's fault, whatever
    /// the Windows.
    /// </summary>
    [SkippableTheory]
    [InlineData("win7", "w7")]
    [InlineData("win2008r2", "2k8R2")]
    [InlineData("win2019", "2k19")]
    public void A_storage_driver_without_PnpInterface_is_a_fault_of_its_package(string generation, string folder)
    {
        using var scratch = new ScratchFolder();
        const string Line = @"HKR, ""Parameters\PnpInterface"", ""5"", 0x00010001, 0x00000001";
        Assert.Contains(Line, SampleDrivers.VioStor.Body, StringComparison.Ordinal);
        var without = SampleDrivers.VioStor with { Body = SampleDrivers.VioStor.Body.Replace(Line, "", StringComparison.Ordinal) };
        SampleDriverDisc.Write(scratch["disc"],
            SampleDriverDisc.Virtio([without, SampleDrivers.VioScsi, SampleDrivers.NetKvm], f => f == folder));
        var image = machines.Copy(scratch, machines.Raw(generation, MachineFirmware.Bios));
        var hash = SparseHash.Of(image);
        var result = Tool.RunJson("fix", image, "--trust-root", SampleRoot.Path, "--drivers", scratch["disc"]).MustExit(4);
        Assert.Equal("JOB-0014", result.ErrorCode);
        Assert.Contains(@"Parameters\PnpInterface\5 is not 1", result.Output.Replace(@"\\", @"\", StringComparison.Ordinal),
            StringComparison.Ordinal);
        Assert.DoesNotContain("WIN-0006", result.Output, StringComparison.Ordinal);
        Assert.Equal(hash, SparseHash.Of(image));
    }

    private static string Disc(ScratchFolder scratch, params string[] drivers)
    {
        SampleDriverDisc.Write(scratch["disc"], SampleDriverDisc.Virtio(
            [.. SampleDrivers.Virtios.Where(d => drivers.Contains(d.Inf) || drivers.Length == 1)], includeFolder: f => f == "2k19"));
        return scratch["disc"];
    }

    private static string Disc(ScratchFolder scratch, string driver, Func<string, string> change)
    {
        var disc = Disc(scratch, driver);
        var inf = Path.Combine(disc, $"{driver}/2k19/amd64/{driver}.inf");
        File.WriteAllText(inf, change(File.ReadAllText(inf)));
        return disc;
    }

    private string Healthy() => machines.Raw("win2019", MachineFirmware.Bios, Defect.StaticAddress);

    private static void Lists(string disc, string code)
    {
        var codes = Tool.RunJson("drivers", disc).MustExit(0).Json.GetProperty("sources").EnumerateArray()
            .SelectMany(s => s.GetProperty("packages").EnumerateArray().SelectMany(p => p.GetProperty("problems").EnumerateArray())
                .Concat(s.GetProperty("unreadable").EnumerateArray()))
            .Select(p => p.GetProperty("code").GetString() + " " + p.GetProperty("message").GetString()).ToList();
        Assert.True(codes.Exists(c => c.Contains(code, StringComparison.Ordinal)), string.Join('\n', codes));
    }

    private ToolResult Refuses(ScratchFolder scratch, string disc, string reason)
    {
        var image = machines.Copy(scratch, Healthy());
        var hash = SparseHash.Of(image);
        var started = DateTime.UtcNow;
        var result = Tool.RunJson("fix", image, "--trust-root", SampleRoot.Path, "--drivers", disc, "--cloudbase-init", machines.Agent)
            .MustExit(4);
        Assert.Equal("JOB-0004", result.ErrorCode);
        Assert.Contains(reason, result.Output, StringComparison.OrdinalIgnoreCase);
        Assert.Equal(hash, SparseHash.Of(image));
        Assert.Empty(Directory.GetFiles(scratch.Path, "*.offlinepatch-undo"));
        Assert.True(DateTime.UtcNow - started < TimeSpan.FromSeconds(60));
        return result;
    }
}
