using System.Security.Cryptography;
using System.Text;
using OfflinePatch.Drivers.Pe;
using OfflinePatch.Fixtures.Drivers;

namespace OfflinePatch.Windows.Tests.DriverStore;

/// <summary>Packages of other classes than the sample drivers have, by the text of their INF; signed as those are.</summary>
internal static class VendorPackage
{
    /// <summary>A package: the INF, stubs for its binaries, and a catalogue that lists them.</summary>
    public static List<(string Name, byte[] Content)> Of(string name, string inf, params string[] binaries)
    {
        var text = Encoding.ASCII.GetBytes(inf.ReplaceLineEndings("\r\n"));
        var files = new List<(string Name, byte[] Content)> { ($"{name}.inf", text) };
        var members = new List<(string Name, byte[] Hash)> { ($"{name}.inf", SHA256.HashData(text)) };
        foreach (var binary in binaries)
        {
            var machine = inf.Contains("NTx86", StringComparison.Ordinal) ? SamplePe.X86 : SamplePe.X64;
            var content = Encoding.ASCII.GetBytes($"{name} {binary}");
            var plain = PeImage.TryParse(SamplePe.Build(machine, content), out _)!;
            var file = SamplePe.Build(machine, content, SampleSignature.Embedded(plain.Hash(HashAlgorithmName.SHA256)));
            files.Add((binary, file));
            members.Add((binary, PeImage.TryParse(file, out _)!.Hash(HashAlgorithmName.SHA256)));
        }

        files.Add(($"{name}.cat", SampleSignature.Catalog([.. members])));
        return files;
    }

    /// <summary>A display driver that includes an INF of Windows, with a program in a folder of its own and a DLL in System32.</summary>
    public static List<(string Name, byte[] Content)> Display(string architecture = "amd64") => Of("smpgpu", $$"""
        [Version]
        Signature="$Windows NT$"
        Class=Display
        ClassGuid={4d36e968-e325-11ce-bfc1-08002be10318}
        Provider=%Maker%
        CatalogFile=smpgpu.cat
        DriverVer=03/04/2024,31.0.15.1
        [SourceDisksNames]
        1="disk"
        [SourceDisksFiles]
        smpgpu.sys=1
        smpgpu.dll=1
        smptool.exe=1
        [DestinationDirs]
        DefaultDestDir=13
        smp.dll=11
        smp.tool=16422,"Sample GPU\Tools"
        [Manufacturer]
        %Maker%=Models,NT{{architecture}}
        [Models.NT{{architecture}}]
        %Desc%=smp,PCI\VEN_FFF1&DEV_0001,PCI\VEN_FFF1&CC_0300
        [smp]
        Include=msdv.inf
        Needs=MSDV.NoSuch
        FeatureScore=FB
        CopyFiles=@smpgpu.sys,smp.dll,smp.tool
        [smp.dll]
        smpgpu.dll
        [smp.tool]
        smptool.exe
        [smp.Services]
        AddService=smpgpu,2,svc
        [svc]
        ServiceType=1
        StartType=3
        ErrorControl=0
        ServiceBinary=%13%\smpgpu.sys
        [Strings]
        Maker="Sample graphics"
        Desc="Sample display adapter"
        """, "smpgpu.sys", "smpgpu.dll", "smptool.exe");

    /// <summary>A chipset device: class System, no boot start, a service and a filter's value.</summary>
    public static List<(string Name, byte[] Content)> Chipset(string architecture = "amd64") => Of("smpchip", $$"""
        [Version]
        Signature="$Windows NT$"
        Class=System
        ClassGuid={4D36E97D-E325-11CE-BFC1-08002BE10318}
        Provider=%Maker%
        CatalogFile=smpchip.cat
        DriverVer=03/04/2024,10.1.2.3
        PnpLockdown=1
        [SourceDisksNames]
        1="disk"
        [SourceDisksFiles]
        smpchip.sys=1
        smphelp.dll=1
        [DestinationDirs]
        DefaultDestDir=12
        helper=11
        [Manufacturer]
        %Maker%=Models,NT{{architecture}}
        [Models.NT{{architecture}}]
        %Desc%=chip,PCI\VEN_FFF2&DEV_0002,SMPBUS\Chip&Deep\Id
        [chip]
        CopyFiles=@smpchip.sys,helper
        [helper]
        smphelp.dll
        [chip.Services]
        AddService=smpchip,2,svc,events
        [svc]
        DisplayName=%Desc%
        ServiceType=1
        StartType=3
        ErrorControl=1
        ServiceBinary=%12%\smpchip.sys
        AddReg=svc.reg
        [svc.reg]
        HKR,Parameters,Setting,0x00010001,7
        [events]
        AddReg=events.reg
        [events.reg]
        HKR,,EventMessageFile,0x00020000,"%%SystemRoot%%\System32\drivers\smpchip.sys"
        HKR,,TypesSupported,0x00010001,7
        [Strings]
        Maker="Sample chipset"
        Desc="Sample bridge"
        """, "smpchip.sys", "smphelp.dll");

    /// <summary>An extension INF: settings for devices whose driver another INF brings.</summary>
    public static List<(string Name, byte[] Content)> Extension() => Of("smpext", """
        [Version]
        Signature="$Windows NT$"
        Class=Extension
        ClassGuid={e2f84ce7-8efa-411c-aa69-97454ca4cb57}
        Provider=%Maker%
        ExtensionId={9A491B01-A00A-4FCC-BFC3-07004B01C002}
        CatalogFile=smpext.cat
        DriverVer=03/04/2024,1.0.0.0
        [Manufacturer]
        %Maker%=Models,NTamd64
        [Models.NTamd64]
        %Desc%=ext,PCI\VEN_FFF2&DEV_0002
        [ext]
        [ext.HW]
        AddReg=hw
        [hw]
        HKR,,Tuned,0x00010001,1
        [Strings]
        Maker="Sample chipset"
        Desc="Sample extension"
        """);

    /// <summary>A software component.</summary>
    public static List<(string Name, byte[] Content)> Component() => Of("smpswc", """
        [Version]
        Signature="$Windows NT$"
        Class=SoftwareComponent
        ClassGuid={5c4c3332-344d-483c-8739-259e934c9cc8}
        Provider=%Maker%
        CatalogFile=smpswc.cat
        DriverVer=03/04/2024,1.0.0.0
        [SourceDisksNames]
        1="disk"
        [SourceDisksFiles]
        smpsvc.exe=1
        [DestinationDirs]
        DefaultDestDir=13
        [Manufacturer]
        %Maker%=Models,NTamd64
        [Models.NTamd64]
        %Desc%=swc,SWC\SmpComponent
        [swc]
        CopyFiles=@smpsvc.exe
        [swc.Services]
        AddService=smpsvc,,svc
        [svc]
        ServiceType=0x10
        StartType=2
        ErrorControl=1
        ServiceBinary=%13%\smpsvc.exe
        [Strings]
        Maker="Sample chipset"
        Desc="Sample component"
        """, "smpsvc.exe");
}
