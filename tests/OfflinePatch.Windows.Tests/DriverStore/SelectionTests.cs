using OfflinePatch.Core;
using OfflinePatch.Drivers;
using OfflinePatch.Drivers.Manifest;
using OfflinePatch.Drivers.Packages;
using OfflinePatch.FileSystems;
using OfflinePatch.Fixtures.Drivers;
using OfflinePatch.Testing;
using Xunit.Abstractions;

namespace OfflinePatch.Windows.Tests.DriverStore;

/// <summary>
/// Which folder of a disc in the layout of virtio-win each of twelve Windows takes, for every driver: against a list of folders by
/// preference that is written down here, and not derived from the manifest.
/// </summary>
[Trait("tier", "unit")]
public sealed class SelectionTests(ITestOutputHelper output)
{
    private static readonly string[] Servers = ["2k25", "2k22", "2k19", "2k16", "w10", "2k12R2", "2k12", "2k8R2"];

    private static readonly (string Name, WindowsTarget Target, string[] Folders)[] Systems =
    [
        ("7 x86", Client(6, 1, 7601, ProcessorArchitecture.X86), ["w7"]),
        ("7", Client(6, 1, 7601), ["w7"]),
        ("2008 R2", Server(6, 1, 7601), ["2k8R2"]),
        ("8", Client(6, 2, 9200), ["w8", "w7"]),
        ("2012", Server(6, 2, 9200), ["2k12", "2k8R2"]),
        ("8.1", Client(6, 3, 9600), ["w8.1", "w8", "w7"]),
        ("2012 R2", Server(6, 3, 9600), ["2k12R2", "2k12", "2k8R2"]),
        ("10 1709", Client(10, 0, 16299), ["w10", "w8.1", "w8", "w7"]),
        ("2016", Server(10, 0, 14393), Servers[3..]),
        ("2019", Server(10, 0, 17763), Servers[2..]),
        ("2022", Server(10, 0, 20348), Servers[1..]),
        ("11", Client(10, 0, 22631), ["w11", "w10", "w8.1", "w8", "w7"]),
        ("2025", Server(10, 0, 26100), Servers),
    ];

    [Fact]
    public void Every_Windows_takes_its_folder_of_every_driver()
    {
        // The disc is not the same for all drivers: some began late, some have no package of their own for a Windows.
        (SampleDriver Driver, Func<string, bool> Has)[] drivers =
        [
            (SampleDrivers.VioStor, _ => true), (SampleDrivers.VioScsi, _ => true), (SampleDrivers.NetKvm, _ => true),
            (SampleDrivers.Balloon, _ => true),
            (SampleDrivers.VioSerial, _ => true), (SampleDrivers.VioRng, f => f is not "2k22"),
            (SampleDrivers.PvPanic, f => f is not ("w8" or "2k12")),
            (SampleDrivers.FwCfg, f => f is not ("w7" or "2k8R2")),
            (Other("vioinput", "vioinput", "VirtioInput", @"PCI\VEN_1AF4&DEV_1052&SUBSYS_11001AF4&REV_01"), f => f is not "2k25"),
            (Other("viogpudo", "viogpudo", "VioGpuDod", @"PCI\VEN_1AF4&DEV_1050&SUBSYS_11001AF4&REV_01"),
                f => f is "w10" or "2k16" or "2k19" or "2k22" or "w11" or "2k25"),
            (Other("viofs", "viofs", "VirtioFsDrv", @"PCI\VEN_1AF4&DEV_105A&SUBSYS_11001AF4&REV_01"),
                f => f is not ("w7" or "2k8R2" or "2k16")),
        ];
        var disc = StagingMachine.Disc(
        [
            .. drivers.SelectMany(d => SampleDriverDisc.Virtio([d.Driver], d.Has)),
            // What else such a disc holds, and nobody may take for one of the above.
            .. SampleDriverDisc.Virtio([SampleDrivers.NetKvm with { Folder = "sriov" }]),
            .. SampleDriverDisc.Virtio([Other("qemufwcfg", "qemufwcfg", "none", @"ACPI\QEMU0002"),
                Other("qemupciserial", "qemupciserial", "Serial", @"PCI\VEN_1B36&DEV_0002")]),
        ]);
        var packages = DriverSource.Scan(disc).Packages;
        Assert.True(packages.Count > 200, $"{packages.Count} packages");
        foreach (var (name, target, folders) in Systems)
        {
            var selection = DriverSelection.Choose(packages, DriverManifest.Embedded.VirtIO!, target);
            foreach (var (driver, has) in drivers)
            {
                var arch = target.Architecture == ProcessorArchitecture.X86 ? "x86" : "amd64";
                var folder = folders.FirstOrDefault(f => has(f)
                    && SampleDriverDisc.Folders.Any(d => d.Folder == f && d.Architectures.Contains(arch)));
                var expected = folder is null ? null : $"{driver.Folder}\\{folder}\\{arch}\\{driver.Inf}.inf";
                var found = selection.Chosen.FirstOrDefault(c => c.Entry.Inf.Contains(driver.Inf + ".inf")).Package?.Path;
                Assert.True(expected == found, $"{name}, {driver.Inf}: {found ?? "nothing"} instead of {expected ?? "nothing"}");
            }
        }
    }

    /// <summary>
    /// The same over a real disc, or a folder in its layout, which the project does not hold: <c>OFFLINEPATCH_VIRTIO_WIN</c> names it.
    /// </summary>
    [SkippableFact]
    [Trait("tier", "oracle")]
    public void A_real_disc_gives_every_Windows_its_folder()
    {
        var path = Environment.GetEnvironmentVariable("OFFLINEPATCH_VIRTIO_WIN");
        Skip.If(string.IsNullOrEmpty(path), "OFFLINEPATCH_VIRTIO_WIN names no driver disc");
        using var disc = FileSources.Open(path!);
        var packages = DriverSource.Scan(disc).Packages;
        var family = DriverManifest.Embedded.VirtIO!;
        var checkedPaths = 0;
        foreach (var (name, target, folders) in Systems)
        {
            var selection = DriverSelection.Choose(packages, family, target);
            foreach (var entry in family.Drivers.Where(d => d.Id != "qemufwcfg"))
            {
                Assert.Null(selection.Conflict(entry.Id));
                var arch = target.Architecture == ProcessorArchitecture.X86 ? "x86" : "amd64";
                var own =
                    packages
                        .Where(p => entry.Inf.Contains(p.InfName, StringComparer.OrdinalIgnoreCase)
                            && !p.Folder.StartsWith("sriov", StringComparison.OrdinalIgnoreCase)).ToList();
                var folder = folders.FirstOrDefault(f => own.Exists(p => Lies(p, f, arch)));
                var found = selection.Find(entry.Id);
                output.WriteLine($"{name}, {entry.Id}: {found?.Path ?? "nothing"}");
                if (folder is not null)
                {
                    Assert.True(found is not null && Lies(found, folder, arch),
                        $"{name}, {entry.Id}: {found?.Path ?? "nothing"} instead of {folder}\\{arch}");
                    checkedPaths++;
                }
            }
        }

        output.WriteLine($"{packages.Count} packages, {checkedPaths} choices");
        Assert.True(checkedPaths > 0);
    }

    private static bool Lies(DriverPackage package, string folder, string architecture) =>
        package.Folder.Split('\\') is { Length: >= 2 } parts && parts[^2].Equals(folder, StringComparison.OrdinalIgnoreCase)
            && parts[^1].Equals(architecture, StringComparison.OrdinalIgnoreCase);

    private static SampleDriver Other(string inf, string folder, string service, string id) => SampleDrivers.FwCfg with
    {
        Inf = inf,
        Folder = folder,
        Description = $"Sample {inf}",
        Binaries = [$"{inf}.sys"],
        Models = [$"FwCfg_Device, {id}"],
        Body = SampleDrivers.FwCfg.Body.Replace("fwcfg.sys", $"{inf}.sys", StringComparison.Ordinal)
            .Replace("AddService = FwCfg", $"AddService = {service}", StringComparison.Ordinal),
    };

    private static WindowsTarget Client(int major, int minor, int build,
        ProcessorArchitecture architecture = ProcessorArchitecture.Amd64) =>
        new(major, minor, build, architecture, WindowsProductType.Workstation);

    private static WindowsTarget Server(int major, int minor, int build) =>
        new(major, minor, build, ProcessorArchitecture.Amd64, WindowsProductType.Server);
}
