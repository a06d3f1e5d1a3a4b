using System.Security.Cryptography;
using System.Text;
using OfflinePatch.Core;
using OfflinePatch.Drivers.Manifest;
using OfflinePatch.Drivers.Packages;
using OfflinePatch.Drivers.Pe;
using OfflinePatch.Testing;
using OfflinePatch.Fixtures.Drivers;

namespace OfflinePatch.Drivers.Tests.Packages;

[Trait("tier", "unit")]
public sealed class DriverPackageTests
{
    private static readonly Lazy<MemoryFileSystem> Disc = new(() =>
    {
        var disc = new MemoryFileSystem("disc");
        foreach (var (path, content) in SampleDriverDisc.Virtio())
        {
            disc.Add(path, content);
        }

        return disc;
    });

    private static MemoryFileSystem Folder(IEnumerable<(string Name, byte[] Content)> files)
    {
        var folder = new MemoryFileSystem("folder");
        foreach (var (name, content) in files)
        {
            folder.Add(name, content);
        }

        return folder;
    }

    private static List<(string Name, byte[] Content)> Storage() => [.. SampleDrivers.VioStor.Build("amd64", SampleDriverDisc.Version)];

    private static string Findings(List<(string Name, byte[] Content)> files, WindowsTarget? target = null)
    {
        var package = DriverPackage.Read(Folder(files), "viostor.inf");
        return string.Join(" ",
            DriverPackageCheck.Run(package, target ?? Targets.Windows10, SampleTrust.Options).Findings.Select(f => $"{f.Code}:{f.Kind}"));
    }

    [Fact]
    public void A_good_package_has_no_findings()
    {
        var check = DriverPackageCheck.Run(DriverPackage.Read(Folder(Storage()), "viostor.inf"), Targets.Windows10, SampleTrust.Options);
        Assert.Empty(check.Findings);
        Assert.True(check.IsSigned && check.IsUsable(allowUnsigned: false));
        Assert.Equal(SampleSignature.Publisher, check.SignerName);
    }

    [Fact]
    public void Every_defect_is_told()
    {
        Assert.Equal("DRV-1002:Refusal", Findings([.. Storage().Where(f => f.Name != "viostor.sys")]));
        Assert.Equal("DRV-1007:Signature", Findings([.. Storage().Where(f => f.Name != "viostor.cat")]));
        Assert.Equal("DRV-1001:Refusal", Findings(Storage(), Targets.Windows10X86));
        Assert.Equal("DRV-1001:Refusal", Findings([.. SampleDrivers.VioStor.Build("arm64", SampleDriverDisc.Version)]));

        var tampered = Storage();
        tampered.Single(f => f.Name == "viostor.sys").Content[0x2A0] ^= 1;
        Assert.Equal("DRV-1009:Signature", Findings(tampered));

        var wrong = Storage();
        wrong[1] = ("viostor.sys", SampleDrivers.VioStor.Build("x86", SampleDriverDisc.Version)[1].Content);
        Assert.Equal("DRV-1004:Refusal DRV-1009:Signature", Findings(wrong));

        var text = Storage();
        text[1] = ("viostor.sys", "no program"u8.ToArray());
        Assert.Equal("DRV-1003:Refusal DRV-1009:Signature", Findings(text));

        Assert.Equal("DRV-1011:Signature", Findings([.. SampleDrivers.VioStor.Build("amd64", SampleDriverDisc.Version, embedded: null)]));
        Assert.Equal("DRV-1012:Signature DRV-1019:Signature",
            Findings([.. SampleDrivers.VioStor.Build("amd64", SampleDriverDisc.Version, ".6.1")], Targets.Windows7));

        // a member of the catalogue that was exchanged for the altered file
        var forged = Storage();
        var driver = forged.Single(f => f.Name == "viostor.sys").Content;
        var catalog = forged.Single(f => f.Name == "viostor.cat").Content;
        var members = 0;
        foreach (var algorithm in (HashAlgorithmName[])[HashAlgorithmName.SHA1, HashAlgorithmName.SHA256])
        {
            var hash = PeImage.TryParse(driver, out _)!.Hash(algorithm);
            for (int at; (at = catalog.AsSpan().IndexOf(hash)) >= 0; members++)
            {
                catalog[at] ^= 1;
            }
        }

        Assert.True(members > 0);
        Assert.Equal("DRV-1010:Signature DRV-1009:Signature", Findings(forged));

        var broken = Storage();
        broken[2] = ("viostor.cat", [1, 2, 3]);
        Assert.Equal("DRV-1008:Signature", Findings(broken));

        var loose = Storage();
        loose[0] = ("viostor.inf", Encoding.ASCII.GetBytes(Encoding.ASCII.GetString(loose[0].Content)
            .Replace("CatalogFile=viostor.cat", "", StringComparison.Ordinal).Replace("[scsi_inst]", "[other]", StringComparison.Ordinal)));
        Assert.Equal("DRV-1005:Refusal", Findings(loose));
    }

    [Fact]
    public void For_every_Windows_the_right_folder_is_chosen()
    {
        var source = DriverSource.Scan(Disc.Value);
        (WindowsTarget Target, string Folder)[] expected =
        [
            (Targets.Windows7X86, "w7\\x86"), (Targets.Windows7, "w7\\amd64"), (Targets.Server2008R2, "2k8R2\\amd64"),
                (Targets.Windows8, "w8\\amd64"), (Targets.Server2012, "2k12\\amd64"),
            (Targets.Windows81, "w8.1\\amd64"), (Targets.Server2012R2, "2k12R2\\amd64"), (Targets.Windows10, "w10\\amd64"),
                (Targets.Windows10X86, "w10\\x86"), (Targets.Windows11, "w11\\amd64"),
            (Targets.Server2016, "2k16\\amd64"), (Targets.Server2019, "2k19\\amd64"), (Targets.Server2022, "2k22\\amd64"),
                (Targets.Server2025, "2k25\\amd64"),
            (Targets.Windows11 with { Architecture = ProcessorArchitecture.Arm64 }, "w11\\ARM64"),
        ];
        foreach (var (target, folder) in expected)
        {
            var selection = DriverSelection.Choose(source.Packages, DriverManifest.Embedded.VirtIO!, target);
            Assert.Equal(SampleDrivers.Virtios.Select(d => $"{d.Folder}\\{folder}\\{d.Inf}.inf").Order(),
                selection.Chosen.Select(c => c.Package.Path).Order());
            Assert.All(selection.Chosen, c => Assert.Empty(DriverPackageCheck.Run(c.Package, target, SampleTrust.Options).Findings));
        }
    }

    [Theory]
    [InlineData("2k25,w11", "2k22", "w10")]
    [InlineData("2k25,w11,2k22,2k19", "2k16", "w10")]
    [InlineData("2k25,w11,2k22,2k19,2k16", "w10", "w10")]
    public void A_missing_folder_falls_back_to_the_nearest_lower(string missing, string server, string client)
    {
        var disc = new MemoryFileSystem("disc");
        foreach (var (path, content) in SampleDriverDisc.Virtio([SampleDrivers.VioStor], f => !missing.Split(',').Contains(f)))
        {
            disc.Add(path, content);
        }

        var packages = DriverSource.Scan(disc).Packages;
        Assert.Equal($"viostor\\{server}\\amd64\\viostor.inf",
            DriverSelection.Choose(packages, DriverManifest.Embedded.VirtIO!, Targets.Server2025).Find("viostor")!.Path);
        Assert.Equal($"viostor\\{client}\\amd64\\viostor.inf",
            DriverSelection.Choose(packages, DriverManifest.Embedded.VirtIO!, Targets.Windows11).Find("viostor")!.Path);
    }

    [Fact]
    public void A_folder_for_a_later_Windows_is_never_taken()
    {
        var disc = new MemoryFileSystem("disc");
        foreach (var (name, content) in SampleDrivers.VioStor.Build("amd64", SampleDriverDisc.Version))
        {
            disc.Add($"viostor/2k25/amd64/{name}", content);
        }

        var selection = DriverSelection.Choose(DriverSource.Scan(disc).Packages, DriverManifest.Embedded.VirtIO!, Targets.Server2016);
        Assert.Null(selection.Find("viostor"));
        Assert.Equal("DRV-1015", Assert.Single(selection.PassedOver("viostor")).Code);
    }

    [Fact]
    public void Without_folders_the_newest_version_is_taken()
    {
        var disc = new MemoryFileSystem("disc");
        foreach (var (version, folder) in (ReadOnlySpan<(string, string)>)[("01/01/2024,100.90.0.0", "a"), ("01/01/2025,100.95.0.0", "b"),
            ("01/01/2023,100.80.0.0", "c")])
        {
            foreach (var (name, content) in SampleDrivers.VioStor.Build("amd64", version))
            {
                disc.Add($"{folder}/{name}", content);
            }
        }

        Assert.Equal("b\\viostor.inf", DriverSelection.Choose(DriverSource.Scan(disc).Packages, DriverManifest.Embedded.VirtIO!,
            Targets.Windows10).Find("viostor")!.Path);
    }

    [Fact]
    public void Two_packages_that_claim_one_id_are_told()
    {
        // A name that the manifest knows has the better claim.
        var selection =
            Choose([TwoMakers(("a", SampleDrivers.VioStor), ("b", SampleDrivers.VioStor with { Inf = "vendorstor", Maker = "Vendor" }))]);
        Assert.Equal("a\\viostor.inf", selection.Find("viostor")!.Path);
        Assert.Equal("DRV-1022", Assert.Single(selection.PassedOver("viostor")).Code);

        // With equal claims nobody chooses.
        (string, SampleDriver)[] makers = [("a", SampleDrivers.VioStor), ("b", SampleDrivers.VioStor with { Maker = "Vendor" })];
        selection = Choose([TwoMakers(makers)]);
        Assert.Null(selection.Find("viostor"));
        Assert.Equal(("DRV-1016", DriverFindingKind.Refusal), (selection.Conflict("viostor")!.Code, selection.Conflict("viostor")!.Kind));

        // Of two sources the first wins.
        selection = Choose([TwoMakers(makers[0]), TwoMakers(makers[1])]);
        Assert.Equal("a\\viostor.inf", selection.Find("viostor")!.Path);
        selection = Choose([TwoMakers(makers[1]), TwoMakers(makers[0])]);
        Assert.Equal("b\\viostor.inf", selection.Find("viostor")!.Path);

        // A better folder ends the conflict.
        selection = Choose([TwoMakers([.. makers, ("w10/amd64", SampleDrivers.VioStor)])]);
        Assert.Equal("w10\\amd64\\viostor.inf", selection.Find("viostor")!.Path);
        Assert.Null(selection.Conflict("viostor"));
    }

    [Fact]
    public void Excluded_folders_are_not_chosen() =>
        Assert.Null(Choose([TwoMakers(("sriov/w10/amd64", SampleDrivers.NetKvm))]).Find("netkvm"));

    [Fact]
    public void A_compressed_file_is_named()
    {
        var files = Storage();
        var finding = Assert.Single(DriverPackageCheck.Run(DriverSource.Scan(Folder([.. files.Select(f => (f.Name.Replace(".sys", ".sy_",
            StringComparison.Ordinal), f.Content))])).Packages[0], Targets.Windows10, SampleTrust.Options).Findings);
        Assert.Equal(("DRV-1017", DriverFindingKind.Refusal), (finding.Code, finding.Kind));
        Assert.Contains("viostor.sy_", finding.Message, StringComparison.Ordinal);
    }

    private static MemoryFileSystem TwoMakers(params (string Folder, SampleDriver Driver)[] makers)
    {
        var disc = new MemoryFileSystem("disc");
        foreach (var (folder, driver) in makers)
        {
            foreach (var (name, content) in driver.Build("amd64", folder == "a" ? "01/01/2024,1.0.0.0" : "01/01/2025,2.0.0.0"))
            {
                disc.Add($"{folder}/{name}", content);
            }
        }

        return disc;
    }

    private static DriverSelection Choose(IEnumerable<MemoryFileSystem> discs) =>
        DriverSelection.Choose(discs.SelectMany(d => DriverSource.Scan(d).Packages), DriverManifest.Embedded.VirtIO!, Targets.Windows10);

    [Fact]
    public void Fwcfg_excludes_qemufwcfg()
    {
        var disc = Folder(SampleDrivers.FwCfg.Build("amd64", SampleDriverDisc.Version));
        disc.Add("null/qemufwcfg.inf",
            """
            [Version]
            Signature="$Windows NT$"
            Class=System
            [Manufacturer]
            x=m,NTamd64
            [m.NTamd64]
            d=i,ACPI\QEMU0002
            [i]
            [i.Services]
            AddService=,2

            """u8);
        var selection = DriverSelection.Choose(DriverSource.Scan(disc).Packages, DriverManifest.Embedded.VirtIO!, Targets.Windows10);
        Assert.NotNull(selection.Find("fwcfg"));
        Assert.Null(selection.Find("qemufwcfg"));
    }

    [Fact]
    public void Scanning_is_bounded_and_tells_broken_infs()
    {
        var tree = Folder([("broken.inf", "garbage"u8.ToArray()), ("autorun.inf", "[autorun]"u8.ToArray()),
            ("data/ok.inf", SampleDrivers.VioStor.Build("amd64", SampleDriverDisc.Version)[0].Content), ("sriov/no.inf", "x"u8.ToArray())]);
        var source = DriverSource.Scan(tree, exclude: ["sriov"]);
        Assert.Equal("data\\ok.inf", Assert.Single(source.Packages).Path);
        Assert.Equal("broken.inf", Assert.Single(source.Rejected).File);
        var deep = new MemoryFileSystem();
        deep.Add(string.Join('/', Enumerable.Repeat("d", 40)) + "/x.inf", "x"u8);
        Assert.Empty(DriverSource.Scan(deep).Rejected);
    }
}
