using OfflinePatch.Core;
using OfflinePatch.Drivers;
using OfflinePatch.FileSystems.Zip;
using OfflinePatch.Registry;
using OfflinePatch.Registry.Layout;
using OfflinePatch.Testing;
using OfflinePatch.Windows.CloudbaseInit;
using OfflinePatch.Windows.Guest;

namespace OfflinePatch.Windows.Tests.CloudbaseInit;

[Trait("tier", "unit")]
public sealed class CloudbaseInitPackageTests
{
    [Fact]
    public void Zip_and_directory_give_the_same_plan()
    {
        using var scratch = new ScratchFolder();
        File.WriteAllBytes(scratch["agent.zip"], SamplePackage.Zip(SamplePackage.Files(), "CloudbaseInit/"));
        SamplePackage.WriteTo(scratch["unpacked"], SamplePackage.Files());
        var plans = new[] { scratch["agent.zip"], scratch["unpacked"] }.Select(path =>
        {
            var package = CloudbaseInitPackage.Open(path);
            Assert.Equal(ProcessorArchitecture.Amd64, package.Architecture);
            Assert.Equal("1.1.6", package.Version);
            Assert.False(package.NeedsUniversalRuntime);
            return (package, CloudbaseInitPlan.Create(package, []));
        }).ToList();
        Assert.Equal(plans[0].Item2.Files.Select(f => f.Destination).Order(StringComparer.Ordinal),
            plans[1].Item2.Files.Select(f => f.Destination).Order(StringComparer.Ordinal));
        foreach (var (package, plan) in plans)
        {
            Assert.Equal(SamplePackage.Files().Count, plan.Files.Count);
            Assert.All(plan.Files, f => Assert.Equal(
                SamplePackage.Files()[f.Destination["Cloudbase-Init\\".Length..].Replace('\\', '/')], package.Tree.ReadFile(f.Source)));
            Assert.Contains(@"Cloudbase-Init\conf", plan.Directories);
            Assert.Contains(@"Cloudbase-Init\Log", plan.Directories);
            Assert.Equal("Cloudbase-Init", plan.Directories[0]);
            package.Tree.Dispose();
        }
    }

    [SkippableFact]
    [Trait("tier", "oracle")]
    public void An_MSI_of_a_foreign_writer_gives_the_same_files()
    {
        using var scratch = new ScratchFolder();
        var files = SamplePackage.Files();
        files.Remove("LocalScripts/readme.txt"); // wixl packs no empty file
        SamplePackage.WriteTo(scratch["unpacked"], files);
        var package = CloudbaseInitPackage.Open(WixlPackage.Create(scratch, scratch["unpacked"]));
        using var tree = package.Tree;
        Assert.Equal(@"PFiles\Vendor\Product", package.Root);
        Assert.Equal("1.1.6", package.Version);
        var plan = CloudbaseInitPlan.Create(package, []);
        Assert.Equal(files.Count, plan.Files.Count);
        Assert.All(plan.Files,
            f => Assert.Equal(files[f.Destination["Cloudbase-Init\\".Length..].Replace('\\', '/')], tree.ReadFile(f.Source)));
    }

    [Fact]
    public void The_service_is_that_of_the_recipe()
    {
        var plan = CloudbaseInitPlan.Create(CloudbaseInitPackage.Open(SamplePackage.Tree()), []);
        var values = plan.ServiceValues.ToDictionary(v => v.Name, StringComparer.Ordinal);
        Assert.Equal(
            "\"C:\\Cloudbase-Init\\Bin\\OpenStackService.exe\" cloudbase-init \"C:\\Cloudbase-Init\\Python\\python.exe\" "
            + "\"C:\\Cloudbase-Init\\Python\\Scripts\\cloudbase-init.exe\" --config-file \"C:\\Cloudbase-Init\\conf\\cloudbase-init.conf\"",
            ValueText.Decode(values["ImagePath"].Bytes));
        Assert.Equal(RegistryValueType.ExpandString, values["ImagePath"].Type);
        Assert.Equal("LocalSystem", ValueText.Decode(values["ObjectName"].Bytes));
        Assert.Equal(["winmgmt", "nsi", "profsvc"], ValueText.DecodeMulti(values["DependOnService"].Bytes));
        Assert.Equal([0x10, 0, 0, 0], values["Type"].Bytes);
        Assert.Equal([2, 0, 0, 0], values["Start"].Bytes);
        Assert.Contains("bsdtar_path=C:\\Cloudbase-Init\\Bin\\bsdtar.exe\r\n", plan.ConfText, StringComparison.Ordinal);
        Assert.Contains("allow_reboot=false", plan.UnattendConfText, StringComparison.Ordinal);
        _ = System.Xml.Linq.XDocument.Parse(plan.UnattendXml);
    }

    [Theory]
    [InlineData("Bin/OpenStackService.exe", "CBI-0001")]
    [InlineData("Python/python.exe", "CBI-0003")]
    [InlineData("Python/Scripts/cloudbase-init.exe", "CBI-0003")]
    public void A_package_that_is_not_whole_is_refused(string missing, string code)
    {
        var files = SamplePackage.Files();
        files.Remove(missing);
        var error = Assert.Throws<RefusedException>(() => CloudbaseInitPackage.Open(SamplePackage.Tree(files)));
        Assert.Equal(code, error.Code);
        Assert.NotNull(error.Remedy);
    }

    [Fact]
    public void Two_agents_other_machines_and_evil_paths_are_refused()
    {
        var two = SamplePackage.Files();
        two["x86/Bin/openstackservice.EXE"] = [1];
        Assert.Equal("CBI-0002", Assert.Throws<RefusedException>(() => CloudbaseInitPackage.Open(SamplePackage.Tree(two))).Code);
        Assert.Equal("CBI-0004",
            Assert.Throws<RefusedException>(() => CloudbaseInitPackage.Open(SamplePackage.Tree(SamplePackage.Files(0xAA64)))).Code);
        var evil = SamplePackage.Files();
        evil["../evil.dll"] = [1];
        Assert.Equal("ZIP-0006",
            Assert.Throws<RefusedException>(() => ZipFileSystem.Open(new MemoryDevice(SamplePackage.Zip(evil)), "evil.zip")).Code);
        Assert.Equal(ProcessorArchitecture.X86, CloudbaseInitPackage.Open(SamplePackage.Tree(SamplePackage.Files(0x14C))).Architecture);
    }
}
