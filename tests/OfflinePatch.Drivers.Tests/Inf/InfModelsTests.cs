using OfflinePatch.Core;
using OfflinePatch.Drivers.Inf;

namespace OfflinePatch.Drivers.Tests.Inf;

[Trait("tier", "unit")]
public sealed class InfModelsTests
{
    private static InfFile Inf(string decorations, params string[] sections) => InfFile.Parse(
        $"[Version]\nSignature=\"$Windows NT$\"\n[Manufacturer]\n%M%=Dev{(decorations.Length > 0 ? "," : "")}{decorations}\n"
        + string.Concat(sections.Select(s => $"[{s}]\n\"from {s}\" = inst, PCI\\{s.Replace('.', '_')}\n")) + "[Strings]\nM=Maker\n",
            "t.inf");

    private static string Chosen(InfFile inf, WindowsTarget target) => string.Join(",", InfModels.Select(inf, target).Sections);

    [Fact]
    public void Undecorated_models_are_for_x86_only()
    {
        var inf = Inf("", "Dev");
        Assert.Equal("Dev", Chosen(inf, Targets.Windows7X86));
        Assert.Equal("", Chosen(inf, Targets.Windows7));
        Assert.Contains("x86 only", InfModels.Select(inf, Targets.Windows7).Rejected[0], StringComparison.Ordinal);
    }

    [Fact]
    public void The_highest_fitting_version_wins()
    {
        var inf = Inf("NTamd64, NTamd64.6.1, NTamd64.6.3, NTamd64.10.0, NTamd64.10.0...17763, NTx86.6.2",
            "Dev", "Dev.NTamd64", "Dev.NTamd64.6.1", "Dev.NTamd64.6.3", "Dev.NTamd64.10.0", "Dev.NTamd64.10.0...17763", "Dev.NTx86.6.2");
        Assert.Equal("Dev", Chosen(inf, Targets.Windows7X86));
        Assert.Equal("Dev.NTamd64.6.1", Chosen(inf, Targets.Windows7));
        Assert.Equal("Dev.NTamd64.6.1", Chosen(inf, Targets.Windows8));
        Assert.Equal("Dev.NTamd64.6.3", Chosen(inf, Targets.Windows81));
        Assert.Equal("Dev.NTamd64.10.0", Chosen(inf, Targets.Windows10));
        Assert.Equal("Dev.NTamd64.10.0...17763", Chosen(inf, Targets.Server2019));
        Assert.Equal("Dev.NTamd64.10.0...17763", Chosen(inf, Targets.Server2025));
        Assert.Equal("Dev.NTx86.6.2", Chosen(inf, Targets.Windows10X86));
    }

    [Fact]
    public void Product_types_are_demands()
    {
        var inf = Inf("NTamd64.6.1.1, NTamd64.6.1.3, NTamd64.6.0.2", "Dev.NTamd64.6.1.1", "Dev.NTamd64.6.1.3", "Dev.NTamd64.6.0.2");
        Assert.Equal("Dev.NTamd64.6.1.1", Chosen(inf, Targets.Windows7));
        Assert.Equal("Dev.NTamd64.6.1.3", Chosen(inf, Targets.Server2008R2));
        Assert.Equal("Dev.NTamd64.6.0.2", Chosen(inf, Targets.Server2022));
    }

    [Fact]
    public void Of_equal_versions_the_more_specific_wins()
    {
        var inf = Inf("NTamd64.10.0, NTamd64.10.0.3", "Dev.NTamd64.10.0", "Dev.NTamd64.10.0.3");
        Assert.Equal("Dev.NTamd64.10.0.3", Chosen(inf, Targets.Server2016));
        Assert.Equal("Dev.NTamd64.10.0", Chosen(inf, Targets.Windows11));
    }

    [Fact]
    public void A_disc_for_arm64_only_serves_nothing_else()
    {
        var inf = Inf("NTarm64", "Dev.NTarm64");
        Assert.All(Targets.All, t => Assert.Equal("", Chosen(inf, t)));
        Assert.Equal("Dev.NTarm64", Chosen(inf, Targets.Windows11 with { Architecture = ProcessorArchitecture.Arm64 }));
    }

    [Theory]
    [InlineData("NT", null, 0, 0, null, 0)]
    [InlineData("ntAMD64", "amd64", 0, 0, null, 0)]
    [InlineData("NTx86.5.1", "x86", 5, 1, null, 0)]
    [InlineData("NTamd64.10.0...16299", "amd64", 10, 0, null, 16299)]
    [InlineData("NTamd64.6.1.3.0x80", "amd64", 6, 1, 3, 0)]
    public void Parses_decorations(string text, string? architecture, int major, int minor, int? product, int build)
    {
        var decoration = InfDecoration.Parse(text)!;
        Assert.Equal((architecture, major, minor, product, build),
            (decoration.Architecture?.InfName(), decoration.Major, decoration.Minor, (int?)decoration.ProductType, decoration.Build));
    }

    [Theory]
    [InlineData("amd64")]
    [InlineData("NTmips")]
    [InlineData("NTamd64.x")]
    [InlineData("NTamd64.1.2.3.4.5.6")]
    [InlineData("NTamd64.99999999999")]
    public void Refuses_other_decorations(string text) => Assert.Null(InfDecoration.Parse(text));

    [Fact]
    public void Models_have_tokens_and_ids()
    {
        var model = InfModels.Select(InfFile.Parse(InfSamples.Storage, "sample.inf"), Targets.Windows10).Models[0];
        Assert.Equal(("%Sample.Desc%", "Sample storage controller", "%Maker%", "Sample, Inc.", "sample_inst"),
            (model.DescriptionToken, model.Description, model.ManufacturerToken, model.Manufacturer, model.InstallSection));
        Assert.Equal([@"PCI\VEN_1AF4&DEV_1001&SUBSYS_00021AF4&REV_00", @"PCI\VEN_1AF4&DEV_1001"], model.Ids);
    }

    [Fact]
    public void Reads_the_version_section()
    {
        var version = InfFile.Parse(InfSamples.Storage, "sample.inf").Version;
        Assert.Equal(("SCSIAdapter", "Sample, Inc.", "100.83.104.19000", "2020-11-12", "sample.cat", true),
            (version.ClassName, version.Provider, version.DriverVersion.ToString(), version.DriverDate.ToString("yyyy-MM-dd"),
                version.CatalogFile(ProcessorArchitecture.Amd64), version.PnpLockdown));
        Assert.Equal(new Guid("4D36E97B-E325-11CE-BFC1-08002BE10318"), version.ClassGuid);
        var other =
            InfFile.Parse("[Version]\nSignature=\"$CHICAGO$\"\nCatalogFile=a.cat\nCatalogFile.NTamd64=b.cat\nDriverVer=13/40/2020,"
                + "1.70000\nClassGuid={1}\n", "t.inf").Version;
        Assert.Equal(("b.cat", "a.cat", 3),
            (other.CatalogFile(ProcessorArchitecture.Amd64), other.CatalogFile(ProcessorArchitecture.X86), other.Problems.Count));
    }

    [Theory]
    [InlineData("1.2.3.4", "1.2.3.4")]
    [InlineData("6.1", "6.1.0.0")]
    [InlineData("", "0.0.0.0")]
    [InlineData("65535.0.1", "65535.0.1.0")]
    public void Parses_versions(string text, string expected)
    {
        Assert.True(DriverVersion.TryParse(text, out var version));
        Assert.Equal(expected, version.ToString());
    }

    [Fact]
    public void Missing_install_section_is_told() => Assert.Equal("INF-0014",
        Assert.Throws<CorruptImageException>(() => InfEvaluator.Evaluate(Inf("NTamd64", "Dev.NTamd64"), "inst", Targets.Windows10)).Code);
}
