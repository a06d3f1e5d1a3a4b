using System.Text;
using OfflinePatch.Core;
using OfflinePatch.Drivers.Inf;
using OfflinePatch.Drivers.Packages;
using OfflinePatch.Fixtures.Drivers;
using OfflinePatch.Testing;

namespace OfflinePatch.Drivers.Tests.Packages;

/// <summary>
/// What a driver package may do to an image: everything else is refused by name, also when unsigned packages are allowed.
/// </summary>
[Trait("tier", "unit")]
public sealed class PackageScopeTests
{
    private static DriverPackageCheck Check(string inf)
    {
        var folder = new MemoryFileSystem("folder");
        foreach (var (name, content) in SampleDrivers.VioStor.Build("amd64", SampleDriverDisc.Version))
        {
            folder.Add(name, name == "viostor.inf" ? Encoding.ASCII.GetBytes(inf) : content);
        }

        folder.Add("evil.bin", [1]);
        return DriverPackageCheck.Run(DriverPackage.Read(folder, "viostor.inf"), Targets.Windows10, SampleTrust.Options);
    }

    private static string Text => SampleDrivers.VioStor.InfText("amd64", SampleDriverDisc.Version);

    private static string Copies(string directory, string destination) =>
        Text.Replace("[SourceDisksFiles]", "[SourceDisksFiles]\r\nevil.bin = 1,,", StringComparison.Ordinal)
            .Replace("[DestinationDirs]", $"[DestinationDirs]\r\nevil_files = {directory}", StringComparison.Ordinal)
            .Replace("CopyFiles = ", "CopyFiles = evil_files, ", StringComparison.Ordinal)
        + $"\r\n[evil_files]\r\n\"{destination}\",evil.bin,,2\r\n";

    [Theory]
    [InlineData("12", "evil.dll", true)]
    [InlineData("11", "evil.dll", true)]
    [InlineData("13", "data\\evil.dll", true)]
    [InlineData("16422,Vendor", "evil.exe", true)]
    [InlineData("24", "autoexec.bat", false)]
    [InlineData("30", "bootmgr", false)]
    [InlineData("30", "$MFT", false)]
    [InlineData("11,config", "evilhive", false)]
    [InlineData("10,System32\\config", "SAM", false)]
    [InlineData("11,Tasks", "evil", false)]
    [InlineData("16419,\"Microsoft\\Windows\\Start Menu\\Programs\\StartUp\"", "evil.exe", false)]
    [InlineData("12", "con", false)]
    [InlineData("12", "com1.sys", false)]
    [InlineData("12", "evil.", false)]
    [InlineData("12", "viostor.sys:evil", false)]
    [InlineData("12", "e*vil", false)]
    [InlineData("12,..\\..\\..\\x", "evil.dll", false)]
    public void Destinations_are_those_of_drivers(string directory, string destination, bool allowed)
    {
        var check = Check(Copies(directory, destination));
        var findings = check.Findings.Where(f => f.Code == "DRV-1030").ToList();
        Assert.Equal(allowed, findings.Count == 0 && !check.Package.Effects(Targets.Windows10).SelectMany(e => e.Notices)
            .Any(n => n.Message.Contains("leads out", StringComparison.Ordinal)));
        Assert.All(findings, f => Assert.StartsWith("viostor.inf ", f.Message, StringComparison.Ordinal));
        Assert.Equal(findings.Count == 0, check.IsUsable(allowUnsigned: true));
    }

    [Fact]
    public void A_path_of_thousands_of_folders_is_refused() =>
        Assert.Contains(Check(Copies("12", string.Join('\\', Enumerable.Repeat("d", 3000)) + "\\x")).Findings, f => f.Code == "DRV-1030"
            && f.Message.Length < 400);

    [Theory]
    [InlineData(@"..\..\Control\evil")]
    [InlineData("a/b")]
    public void A_service_has_a_name(string name)
    {
        var check = Check(Text.Replace("AddService = viostor", $"AddService = {name}", StringComparison.Ordinal));
        Assert.Contains(check.Findings, f => f is { Code: "DRV-1031", Kind: DriverFindingKind.Refusal });
    }

    [Fact]
    public void A_service_runs_a_program_of_the_package()
    {
        var service = "\r\n[evil_svc]\r\nServiceType=0x10\r\nStartType=2\r\nErrorControl=1\r\nServiceBinary=%11%\\cmd.exe /c evil\r\n";
        var check = Check(Text.Replace("AddService = viostor", "AddService = evil, 0, evil_svc\r\nAddService = viostor",
            StringComparison.Ordinal) + service);
        Assert.Contains(check.Findings, f => f.Code == "DRV-1031" && f.Message.Contains("cmd.exe", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("ClassGuid={4D36E97B-E325-11CE-BFC1-08002BE10318}", "ClassGuid={4D36E97B}")]
    [InlineData("CatalogFile=viostor.cat", @"CatalogFile=..\..\etc\passwd")]
    public void The_version_section_is_sound(string before, string after) =>
        Assert.Contains(Check(Text.Replace(before, after, StringComparison.OrdinalIgnoreCase)).Findings,
            f => f is { Code: "DRV-1032", Kind: DriverFindingKind.Refusal });

    [Fact]
    public void Too_many_ids_are_refused_at_once()
    {
        var ids = string.Concat(Enumerable.Range(0, 60_000).Select(i => $",PCI\\VEN_{i:X5}"));
        var inf = Text.Replace("%DeviceDesc% = scsi_inst", $"%DeviceDesc% = scsi_inst{ids}", StringComparison.Ordinal);
        Assert.Equal("INF-0015", Assert.Throws<UnsupportedImageException>(() => Check(inf)).Code);
    }
}
