using OfflinePatch.Fixtures.Drivers;
using OfflinePatch.Fixtures.Machines;
using OfflinePatch.Testing;

namespace OfflinePatch.Cli.Tests.Boot;

/// <summary>GRUB reads from a fixed image the files that <c>fix</c> wrote. Its NTFS code has no line in common with ntfs-3g.</summary>
[Trait("tier", "oracle")]
public sealed class GrubReaderTests(Machines machines) : IClassFixture<Machines>
{
    [SkippableTheory]
    [InlineData(MachineFirmware.Uefi, "gpt3")]
    [InlineData(MachineFirmware.Bios, "msdos2")]
    public void Files_that_fix_wrote_are_the_originals(MachineFirmware firmware, string partition)
    {
        Oracle.Require("grub-fstest");
        using var scratch = new ScratchFolder();
        var image = machines.Copy(scratch, machines.Raw("win10", firmware, Defect.StaticAddress));
        Tool.Run("fix", image, "--drivers", machines.Drivers, "--cloudbase-init", machines.Agent).MustExit(0);

        var compared = 0;
        var volume = $"(loop0,{partition})";
        foreach (var folder in List(image, volume + "/Windows/System32/DriverStore/FileRepository/").Where(f => f.EndsWith('/')))
        {
            var name = folder[..folder.IndexOf('.', StringComparison.Ordinal)];
            var driver = SampleDrivers.Virtios.FirstOrDefault(d => d.Inf == name);
            var source = driver is null ? null : Path.Combine(machines.Drivers, driver.Folder, "w10", "amd64");
            foreach (var file in source is null ? [] : Directory.GetFiles(source))
            {
                var path = $"{volume}/Windows/System32/DriverStore/FileRepository/{folder}{Path.GetFileName(file)}";
                Assert.Equal(0, Oracle.Run("grub-fstest", image, "cmp", path, file).ExitCode);
                compared++;
            }
        }

        Assert.InRange(compared, 3 * SampleDrivers.Virtios.Count, 100);
        foreach (var (name, folder) in ((string, string)[])[("viostor.sys", "viostor"), ("vioscsi.sys", "vioscsi")])
        {
            var original = Path.Combine(machines.Drivers, folder, "w10", "amd64", name);
            Assert.Equal(0, Oracle.Run("grub-fstest", image, "cmp", $"{volume}/Windows/System32/drivers/{name}", original).ExitCode);
            var other = Path.Combine(machines.Drivers, folder, "w10", "amd64", Path.ChangeExtension(name, "inf"));
            Assert.NotEqual(0, Oracle.Run("grub-fstest", image, "cmp", $"{volume}/Windows/System32/drivers/{name}", other).ExitCode);
        }

        // the hives as we read them ourselves, large and in pieces, are what GRUB reads
        foreach (var hive in (string[])["SYSTEM", "SOFTWARE", "DRIVERS"])
        {
            Tool.Run("fs", "get", image, $"/Windows/System32/config/{hive}", scratch.Path).MustExit(0);
            Assert.Equal(0, Oracle.Run("grub-fstest", image, "cmp", $"{volume}/Windows/System32/config/{hive}", scratch[hive]).ExitCode);
        }
    }

    private static string[] List(string image, string path) =>
        Oracle.Run("grub-fstest", image, "ls", path).MustSucceed().Output.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
}
