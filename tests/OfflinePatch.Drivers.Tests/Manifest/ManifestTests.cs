using System.Text;
using OfflinePatch.Core;
using OfflinePatch.Drivers.Inf;
using OfflinePatch.Drivers.Manifest;
using OfflinePatch.Testing;
using OfflinePatch.Fixtures.Drivers;

namespace OfflinePatch.Drivers.Tests.Manifest;

[Trait("tier", "unit")]
public sealed class ManifestTests
{
    [Fact]
    public void The_embedded_families_are_there()
    {
        Assert.Equal(["virtio", "xen-pv"], DriverManifest.Embedded.Families.Select(f => f.Name));
    }

    [Fact]
    public void The_manifest_is_sound()
    {
        foreach (var family in DriverManifest.Embedded.Families)
        {
            Assert.Equal(family.Drivers.Count, family.Drivers.Select(d => d.Id).Distinct(StringComparer.OrdinalIgnoreCase).Count());
            Assert.All(family.Drivers.SelectMany(d => d.Replaces ?? []), r => Assert.NotNull(family.Find(r)));
            Assert.All(family.Drivers.SelectMany(d => d.GenericIds ?? []), g => Assert.Contains(family.Drivers, d => d.Owns(g)));
            var order = family.Directories.Select(d => (d.Major, d.Minor, d.Build)).ToList();
            Assert.Equal(order.Order(), order);
        }
    }

    /// <summary>
    /// Sample INFs are written from the facts; with <c>OFFLINEPATCH_INFS</c> the INFs of kvm-guest-drivers-windows and of the Xen drivers
    /// are taken too.
    /// </summary>
    [Fact]
    public void It_agrees_with_the_infs()
    {
        foreach (var (family, samples) in (ReadOnlySpan<(DriverFamily, IReadOnlyList<SampleDriver>)>)[(DriverManifest.Embedded.VirtIO!,
            SampleDrivers.Virtios), (DriverManifest.Embedded.XenPv!, SampleDrivers.XenPv)])
        {
            foreach (var sample in samples)
            {
                Agree(family, InfFile.Parse(sample.InfText("amd64", SampleDriverDisc.Version), sample.Inf + ".inf"), sample.Inf + ".inf");
            }
        }

        var folder = Environment.GetEnvironmentVariable("OFFLINEPATCH_INFS");
        foreach (var path in string.IsNullOrEmpty(folder)
            || !Directory.Exists(folder) ? [] : Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories))
        {
            var name = Path.ChangeExtension(Path.GetFileName(path), ".inf").ToLowerInvariant();
            name = name.Length > 5 && name[4] == '-' ? name[5..] : name;
            if (path.Contains("kvm-guest", StringComparison.Ordinal) || path.Contains("win-xen", StringComparison.Ordinal))
            {
                var text = InfText.Decode(File.ReadAllBytes(path), name).Replace("NT$ARCH$", "NTamd64", StringComparison.Ordinal)
                    .Replace("_INX_SUBSYS_VENDOR_ID", "1AF4", StringComparison.Ordinal)
                    .Replace("@INF_ARCH@", "amd64", StringComparison.Ordinal).Replace("@VENDOR_PREFIX@", "XN", StringComparison.Ordinal)
                        .Replace("@VENDOR_DEVICE_ID@", "C147", StringComparison.Ordinal);
                foreach (var family in DriverManifest.Embedded.Families.Where(f => f.Drivers.Any(d => d.Inf.Contains(name))))
                {
                    Agree(family, InfFile.Parse(text, name), name);
                }
            }
        }
    }

    private static void Agree(DriverFamily family, InfFile inf, string name)
    {
        var entry = family.Drivers.Single(d => d.Inf.Contains(name, StringComparer.OrdinalIgnoreCase));
        var models = InfModels.Select(inf, Targets.Windows10).Models;
        Assert.NotEmpty(models);
        Assert.All(models, m => Assert.True(entry.Owns(m.HardwareId), $"{name}: {m.HardwareId}"));
        Assert.Equal(entry.Class, inf.Version.ClassName, ignoreCase: true);
        var services = models.Select(m => m.InstallSection).Distinct()
            .SelectMany(s => InfEvaluator.Evaluate(inf, s, Targets.Windows10).Services).ToList();
        Assert.All(entry.Services, s => Assert.Contains(services, i => i.Name.Equals(s, StringComparison.OrdinalIgnoreCase)));
        Assert.Equal(entry.BootCritical, services.Any(s => s.StartType == 0 && s.Name.Length > 0));
        if (entry.BusType is { } busType)
        {
            var edits = InfEvaluator.Evaluate(inf, models[0].InstallSection, Targets.Windows10).Registry;
            Assert.Equal((byte)busType, edits.Single(e => e.ValueName.Equals("BusType", StringComparison.OrdinalIgnoreCase)).Data[0]);
        }
    }

    [Fact]
    public void A_folder_replaces_the_embedded_one()
    {
        var folder = new MemoryFileSystem();
        folder.Add("mine.json",
            """
            {"schema":1,"family":"mine","title":"Mine","drivers":[
              {"id":"a","title":"A","inf":["a.inf"],"services":[],"hardwareIds":["PCI\\VEN_1"],"class":"System","role":"other",
               "bootCritical":false}]}
            """u8);
        folder.Add("schema.json", "not read"u8);
        Assert.Equal("mine", Assert.Single(DriverManifest.Load(folder).Families).Name);
    }

    [Theory]
    [InlineData("{")]
    [InlineData("{}")]
    [InlineData("null")]
    [InlineData("{\"schema\":2,\"family\":\"x\",\"title\":\"x\",\"drivers\":[]}")]
    [InlineData("{\"schema\":1,\"family\":\"x\",\"title\":\"x\",\"drivers\":[{}]}")]
    [InlineData("{\"schema\":1,\"family\":\"x\",\"title\":\"x\",\"drivers\":[null]}")]
    [InlineData("{\"schema\":1,\"unknown\":true}")]
    public void A_broken_manifest_is_told(string json)
    {
        Assert.Equal("DRV-0020",
            Assert.Throws<CorruptImageException>(() => DriverFamily.Parse(Encoding.UTF8.GetBytes(json), "x.json")).Code);
        Assert.Equal("DRV-0020", Assert.Throws<CorruptImageException>(() => DriverManifest.Load(new MemoryFileSystem())).Code);
    }
}
