using System.Text;
using OfflinePatch.Core;
using OfflinePatch.Drivers.Packages;
using OfflinePatch.Drivers.Pe;
using OfflinePatch.Drivers.Signatures;
using OfflinePatch.Fixtures.Drivers;
using OfflinePatch.Registry;
using OfflinePatch.Testing;
using OfflinePatch.Windows.DriverStore;
using OfflinePatch.Windows.Tests.Machines;

namespace OfflinePatch.Windows.Tests.DriverStore;

/// <summary>
/// Windows itself staged two packages of VMware in the corpus' Windows 10 hive: pvscsi (staged only) and vmci (configured, because its
/// device was there). Their records are deleted, equivalent INFs of our own writing are staged, and the records are compared field by
/// field.
/// </summary>
[Trait("tier", "layout")]
public sealed class RecreationTests
{
    private const string Publisher = "Microsoft Windows Hardware Compatibility Publisher";

    private const string PvScsi = """
        [Version]
        Signature="$Windows NT$"
        Class=SCSIAdapter
        ClassGuid={4D36E97B-E325-11CE-BFC1-08002BE10318}
        Provider=%VMware%
        CatalogFile=pvscsi.cat
        DriverVer=08/02/2019,1.3.15.0
        [SourceDisksNames]
        1=%Disk%
        [SourceDisksFiles]
        pvscsi.sys=1
        [DestinationDirs]
        DefaultDestDir=12
        [Manufacturer]
        %VMware%=Models,NTamd64
        [Models.NTamd64]
        %Desc%=pvscsi_inst,PCI\VEN_15AD&DEV_07C0
        [pvscsi_inst]
        CopyFiles=@pvscsi.sys
        [pvscsi_inst.Services]
        AddService=pvscsi,2,svc
        [svc]
        ServiceType=1
        StartType=0
        ErrorControl=1
        ServiceBinary=%12%\pvscsi.sys
        LoadOrderGroup=SCSI Miniport
        [Strings]
        VMware="VMware, Inc."
        Disk="disk"
        Desc="VMware PVSCSI Controller"
        """;

    private const string Vmci = """
        [Version]
        Signature="$Windows NT$"
        Class=System
        ClassGuid={4D36E97D-E325-11CE-BFC1-08002BE10318}
        Provider=%loc.VMwareManufacturer%
        CatalogFile=vmci.cat
        DriverVer=07/11/2019,9.8.16.0
        [SourceDisksNames]
        1="disk"
        [SourceDisksFiles]
        vmci.sys=1
        [DestinationDirs]
        DefaultDestDir=12
        [Manufacturer]
        %loc.VMwareManufacturer%=VMware,NTamd64
        [VMware.NTamd64]
        %loc.VMwareBusDeviceDesc%=vmci.install.x64,PCI\VEN_15AD&DEV_0740&SUBSYS_074015AD,PCI\VEN_15AD&DEV_0740
        %loc.VMwareHostDeviceDesc%=vmci.install.x64,ROOT\VMWVMCIHOSTDEV
        [vmci.install.x64.NT]
        CopyFiles=@vmci.sys
        [vmci.install.x64.NT.HW]
        AddReg=hw
        [hw]
        HKR,"Interrupt Management",0x00000010
        HKR,"Interrupt Management",0x00000010,
        HKR,"Interrupt Management\MessageSignaledInterruptProperties",0x00000010,
        HKR,"Interrupt Management\MessageSignaledInterruptProperties",MSISupported,0x00010001,1
        HKR,"Interrupt Management\MessageSignaledInterruptProperties",MessageNumberLimit,0x00010001,2
        [vmci.install.x64.NT.Services]
        AddService=vmci,2,svc,events
        [svc]
        DisplayName=%loc.vmciServiceDisplayName%
        ServiceType=1
        StartType=0
        ErrorControl=0
        ServiceBinary=%12%\vmci.sys
        LoadOrderGroup=System Bus Extender
        AddReg=installers
        [installers]
        HKR,,vwdk.installers,0x00010002,"Windows"
        [events]
        AddReg=events.reg
        [events.reg]
        HKR,,EventMessageFile,0x00020000,"%%SystemRoot%%\System32\drivers\vmci.sys"
        HKR,,TypesSupported,0x00010001,7
        [Strings]
        loc.VMwareManufacturer="VMware, Inc."
        loc.VMwareBusDeviceDesc="VMware VMCI Bus Device"
        loc.VMwareHostDeviceDesc="VMware VMCI Host Device"
        loc.vmciServiceDisplayName="VMware VMCI Bus Driver"
        """;

    [SkippableFact]
    public void Pv_scsi_matches_field_by_field() => Compare("pvscsi", PvScsi, "oem4.inf",
        @"\DriverPackages\PKG [ImportDate]", // the time of staging
        @"\DriverPackages\PKG [OemPath]", // where it came from
        @"\DriverPackages\PKG [StatusFlags]", // 0x112: staged, device absent; 0x12 here, as configured packages have it
        @"\DriverPackages\PKG\Properties", // submission ids, from the catalogue's attributes; optional (drivers.md 3.6)
        @"\DriverPackages\PKG\Configurations", // Windows staged only; a boot driver is configured here
        @"\DriverPackages\PKG\Descriptors",
        @"\DriverPackages\PKG\Strings",
        @"\DriverInfFiles\oem4.inf [Configurations]",
        @"ControlSet001\Services\pvscsi");

    [SkippableFact]
    public void Vmci_matches_field_by_field() => Compare("vmci", Vmci, "oem2.inf",
        @"\DriverPackages\PKG [ImportDate]",
        @"\DriverPackages\PKG [OemPath]",
        @"\DriverPackages\PKG\Properties",
        @"ControlSet001\Services\vmci [vwdk.installers]", // written by VMware's own installer afterwards
        @"ControlSet001\Services\vmci [Owners]", // Windows keeps a second, former owner there
        @"ControlSet001\Services\vmci [Tag]"); // load order within the group; without it the driver loads after those that have one

    private static void Compare(string name, string text, string published, params string[] exceptions)
    {
        var machine = StagingMachine.Create("win10-1709-x64");
        var database = machine.System.Find("DriverDatabase")!;
        var package = database.Find($@"DriverInfFiles\{published}")!.GetString("Active")!;
        var original = Records(machine, name, package, published);
        Assert.NotEmpty(original);
        Remove(machine, name, package, published);
        Assert.DoesNotContain(Records(machine, name, package, published), l => !l.Contains("EventLog", StringComparison.Ordinal));

        var guest = machine.Start();
        var result = StagingMachine.Stage(guest.Windows, Package(name, text));
        Assert.Equal((StagingOutcome.Staged, published), (result.Outcome, result.PublishedName));
        Machine.Save(guest);
        machine.System = Hive.Open(machine.WindowsFiles.ReadFile(@"Windows\System32\config\SYSTEM"));
        var ours = Records(machine, name, result.PackageName, published);
        var differences = StagingMachine.Difference(original, ours)
            .Where(d => !exceptions.Any(e => d.Contains(e, StringComparison.OrdinalIgnoreCase))).ToList();
        Assert.True(differences.Count == 0, string.Join('\n', differences));
    }

    private static List<(string Name, byte[] Content)> Package(string name, string text)
    {
        var inf = Encoding.ASCII.GetBytes(text);
        var unsigned = Drivers.Pe.PeImage.TryParse(SamplePe.Build(SamplePe.X64, Encoding.ASCII.GetBytes(name)), out _)!;
        var sys = SamplePe.Build(SamplePe.X64, Encoding.ASCII.GetBytes(name),
            SampleSignature.Embedded(unsigned.Hash(System.Security.Cryptography.HashAlgorithmName.SHA256)));
        var hash = Drivers.Pe.PeImage.TryParse(sys, out _)!.Hash(System.Security.Cryptography.HashAlgorithmName.SHA256);
        return [($"{name}.inf", inf), ($"{name}.sys", sys),
            ($"{name}.cat",
                SampleSignature.Catalog([($"{name}.inf", System.Security.Cryptography.SHA256.HashData(inf)), ($"{name}.sys", hash)],
                    publisher: Publisher))];
    }

    private static List<string> Records(Machine machine, string name, string package, string published) =>
        [
            .. StagingMachine.Dump(machine.System, "S", "DriverDatabase", @"ControlSet001\Services\" + name,
                @"ControlSet001\Services\EventLog\System\" + name).Where(l =>
                (l.Contains($@"\DriverPackages\{package}", StringComparison.OrdinalIgnoreCase)
                    || l.Contains($@"\DriverInfFiles\{published}", StringComparison.OrdinalIgnoreCase)
                || (l.Contains(@"\DeviceIds\", StringComparison.Ordinal)
                    && l.Contains($"[{published}]", StringComparison.OrdinalIgnoreCase))
                || l.Contains($@"ControlSet001\Services\{name} ", StringComparison.OrdinalIgnoreCase)
                    || l.Contains($@"\EventLog\System\{name}", StringComparison.OrdinalIgnoreCase)
                || l.Contains("[OemInfMap]", StringComparison.Ordinal)) && !l.EndsWith("[OemInfMap] 3: f7f0", StringComparison.Ordinal)
                    && !l.EndsWith("[OemInfMap] 3: dff0", StringComparison.Ordinal))
            .Select(l => l.Replace(package, "PKG", StringComparison.OrdinalIgnoreCase))];

    private static void Remove(Machine machine, string name, string package, string published)
    {
        var database = machine.System.Find("DriverDatabase")!;
        database.Find("DriverPackages")!.DeleteSubKeyTree(package);
        database.Find("DriverInfFiles")!.DeleteSubKeyTree(published);
        machine.System.Find(@"ControlSet001\Services")!.DeleteSubKeyTree(name);
        RemoveIds(database.Find("DeviceIds")!, published);
        var number = int.Parse(published.AsSpan(3, published.Length - 7));
        var map = database.GetBinary("OemInfMap")!;
        map[number / 8] &= (byte)(0xFF ^ (0x80 >> (number % 8)));
        database.SetBinary("OemInfMap", map);
    }

    private static void RemoveIds(HiveKey key, string published)
    {
        key.DeleteValue(published);
        foreach (var child in key.SubKeys.ToList())
        {
            RemoveIds(child, published);
        }
    }
}
