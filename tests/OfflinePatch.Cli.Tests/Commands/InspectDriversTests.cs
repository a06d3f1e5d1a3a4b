using OfflinePatch.Fixtures.Drivers;
using OfflinePatch.Fixtures.Machines;
using OfflinePatch.Testing;

namespace OfflinePatch.Cli.Tests.Commands;

/// <summary><c>inspect</c> lists the drivers of an image by family; <c>--manifest</c> takes the families from a folder.</summary>
[Trait("tier", "e2e")]
public sealed class InspectDriversTests(Machines machines) : IClassFixture<Machines>
{
    [Fact]
    public void Drivers_are_listed_by_family_with_versions()
    {
        using var scratch = new ScratchFolder();
        var image = machines.Copy(scratch, machines.Raw("win2019", MachineFirmware.Bios, Defect.StaticAddress));
        var virtio = Families(image).Single(f => f.Name == "virtio");
        Assert.Empty(virtio.Drivers);
        Assert.Equal(["viostor", "vioscsi", "netkvm", "balloon", "vioserial", "viorng"], virtio.Missing);

        SampleDriverDisc.Write(scratch["xen"], SampleDriverDisc.Xen());
        Tool.RunJson("fix", image, "--trust-root", SampleRoot.Path, "--drivers", machines.Drivers, "--trust-root", SampleRoot.Path,
            "--drivers", scratch["xen"], "--cloudbase-init", machines.Agent).MustExit(0);
        var families = Families(image);
        virtio = families.Single(f => f.Name == "virtio");
        Assert.Equal(["viostor", "vioscsi", "netkvm", "balloon", "vioserial", "viorng", "pvpanic", "fwcfg"], virtio.Drivers);
        Assert.Empty(virtio.Missing);
        Assert.Equal(["xenbus", "xenvbd", "xenvif", "xennet", "xeniface"], families.Single(f => f.Name == "xen-pv").Drivers);
        var text = Tool.Run("inspect", image).MustExit(0).Output;
        Assert.Contains("viostor 100.95.104.26200 (oem", text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_vendors_bundle_is_recognised()
    {
        using var scratch = new ScratchFolder();
        var image = machines.Copy(scratch, machines.Raw("win2019", MachineFirmware.Bios, Defect.StaticAddress));
        Bundle(scratch, image, @"Program Files (x86)/virtio/bin/version", "2.5.0.156\r\n");
        Bundle(scratch, image, @"Program Files (x86)/Xen PV Drivers/bin/version", "2.4.9\r\n");
        var report = Tool.RunJson("inspect", image).MustExit(0).Image.GetProperty("inspection").GetProperty("driverFamilies")
            .EnumerateArray().ToList();
        var virtio = report.Single(f => f.GetProperty("family").GetString() == "virtio");
        var bundle = Assert.Single(virtio.GetProperty("bundles").EnumerateArray());
        Assert.Equal(("Huawei UVP VMTools", "2.5.0.156", true),
            (bundle.GetProperty("title").GetString(), bundle.GetProperty("version").GetString(),
                bundle.GetProperty("current").GetBoolean()));
        Assert.Equal(0, virtio.GetProperty("missing").GetArrayLength());
        var xen = report.Single(f => f.GetProperty("family").GetString() == "xen-pv");
        bundle = Assert.Single(xen.GetProperty("bundles").EnumerateArray());
        Assert.Equal(("2.4.9", false, "2.5"),
            (bundle.GetProperty("version").GetString(), bundle.GetProperty("current").GetBoolean(),
                bundle.GetProperty("lowest").GetString()));
        Assert.Equal(5, xen.GetProperty("missing").GetArrayLength());
        Assert.Contains("2.4.9, older than 2.5", Tool.Run("inspect", image).MustExit(0).Output, StringComparison.Ordinal);
    }

    [Fact]
    public void A_manifest_of_ones_own_decides()
    {
        using var scratch = new ScratchFolder();
        var image = machines.Copy(scratch, machines.Raw("win2019", MachineFirmware.Bios, Defect.StaticAddress));
        Directory.CreateDirectory(scratch["manifest"]);
        File.WriteAllText(scratch["manifest/virtio.json"], """
            {
              "schema": 1, "family": "virtio", "title": "Only the disk",
              "drivers": [
                { "id": "viostor", "title": "Disk", "inf": ["viostor.inf"], "services": ["viostor"], "class": "SCSIAdapter",
                  "role": "storage", "bootCritical": true,
                  "hardwareIds": ["PCI\\VEN_1AF4&DEV_1001", "PCI\\VEN_1AF4&DEV_1042"] }
              ]
            }
            """);
        SampleDriverDisc.Write(scratch["disc"], SampleDriverDisc.Virtio([SampleDrivers.VioStor, SampleDrivers.Balloon], f => f == "2k19"));
        string[] options = ["--manifest", scratch["manifest"], "--trust-root", SampleRoot.Path, "--drivers", scratch["disc"],
            "--cloudbase-init", machines.Agent];
        var fixedImage = Tool.RunJson(["fix", image, .. options]).MustExit(0);
        Assert.Equal("fixed", fixedImage.State("drivers.virtio-storage"));
        Assert.Equal("ok", Tool.RunJson("check", image, "--manifest", scratch["manifest"]).State("drivers.virtio-storage"));
        Assert.Equal("failed", Tool.RunJson("check", image).State("drivers.virtio-storage")); // the built-in one wants vioscsi too

        var report = Tool.RunJson("inspect", image, "--manifest", scratch["manifest"]).Image.GetProperty("inspection")
            .GetProperty("driverFamilies").EnumerateArray().ToList();
        Assert.Equal("Only the disk", report[0].GetProperty("title").GetString());
        var packages = Tool.RunJson("drivers", scratch["disc"], "--manifest", scratch["manifest"]).MustExit(0).Json
            .GetProperty("sources")[0].GetProperty("packages").EnumerateArray().ToList();
        Assert.Equal("viostor", packages.Single(p => p.GetProperty("inf").GetString()!.EndsWith("viostor.inf", StringComparison.Ordinal))
            .GetProperty("driver").GetString());
        Assert.False(packages.Single(p => p.GetProperty("inf").GetString()!.EndsWith("balloon.inf", StringComparison.Ordinal))
            .TryGetProperty("driver", out _));
    }

    private static List<(string Name, List<string> Drivers, List<string> Missing)> Families(string image) =>
        [.. Tool.RunJson("inspect", image).MustExit(0).Image.GetProperty("inspection").GetProperty("driverFamilies").EnumerateArray()
            .Where(f => f.TryGetProperty("family", out _))
            .Select(f => (f.GetProperty("family").GetString()!,
                f.GetProperty("packages").EnumerateArray().Select(p => p.GetProperty("driver").GetString()!).ToList(),
                f.GetProperty("missing").EnumerateArray().Select(m => m.GetString()!).ToList()))];

    private static void Bundle(ScratchFolder scratch, string image, string path, string version)
    {
        File.WriteAllText(scratch["version"], version);
        var folder = "";
        foreach (var part in path.Split('/').SkipLast(1))
        {
            folder += $@"\{part}";
            if (Tool.Run("fs", "ls", image, folder).ExitCode != 0)
            {
                Tool.Run("fs", "mkdir", image, folder).MustExit(0);
            }
        }

        Tool.Run("fs", "put", image, scratch["version"], $@"{folder}\version").MustExit(0);
    }
}
