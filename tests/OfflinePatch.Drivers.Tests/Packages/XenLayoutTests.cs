using OfflinePatch.Core;
using OfflinePatch.Drivers.Manifest;
using OfflinePatch.Drivers.Packages;
using OfflinePatch.Fixtures.Drivers;
using OfflinePatch.Testing;

namespace OfflinePatch.Drivers.Tests.Packages;

/// <summary>
/// The Xen PV drivers lie differently in the discs and archives of their makers: Xen Project has a folder per driver and processor;
/// XenServer a folder per driver below the installer's; XCP-ng has ids of its own; an exported driver store has the folders of
/// FileRepository; some put everything into one folder.
/// </summary>
[Trait("tier", "unit")]
public sealed class XenLayoutTests
{
    [Theory]
    [InlineData("Xen Project", "{0}/{1}/", "XP")]
    [InlineData("XenServer", "Program Files/XenServer/XenTools/Drivers/{0}/{1}/", "XS")]
    [InlineData("XCP-ng", "package/{1}/{0}/", "XN")]
    [InlineData("driver store", "FileRepository/{0}.inf_{2}_0123456789abcdef/", "XS")]
    [InlineData("one folder", "{1}/", "XP")]
    public void The_whole_chain_is_found(string layout, string folder, string prefix)
    {
        Assert.NotEmpty(layout);
        var disc = new MemoryFileSystem("disc");
        foreach (var driver in SampleDrivers.XenPv)
        {
            var own = driver with
            {
                Models = [.. driver.Models.Select(m => m.Replace("VEN_XS0001", $"VEN_{prefix}0001",
                StringComparison.Ordinal)).Where(m => prefix == "XP" || !m.Contains("VEN_XP", StringComparison.Ordinal))]
            };
            foreach (var (name, architecture) in ((string, string)[])[("x64", "amd64"), ("x86", "x86")])
            {
                foreach (var (file, content) in own.Build(architecture, "06/01/2025,9.1.0.0"))
                {
                    disc.Add(string.Format(System.Globalization.CultureInfo.InvariantCulture, folder, driver.Inf, name, architecture)
                        + file, content);
                }
            }
        }

        foreach (var target in (WindowsTarget[])[Targets.Server2022, Targets.Windows10X86])
        {
            var selection = DriverSelection.Choose(DriverSource.Scan(disc).Packages, DriverManifest.Embedded.XenPv!, target);
            Assert.Equal(["xenbus", "xenvbd", "xenvif", "xennet", "xeniface"], selection.Chosen.Select(c => c.Entry.Id));
            Assert.All(selection.Chosen, c => Assert.Empty(DriverPackageCheck.Run(c.Package, target, SampleTrust.Options).Findings));
        }
    }
}
