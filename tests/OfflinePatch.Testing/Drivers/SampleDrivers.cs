namespace OfflinePatch.Testing.Drivers;

/// <summary>The sample drivers: the VirtIO set and the Xen PV chain. Ids, services, groups and values are the facts of drivers.md §6 and §7; the text is ours.</summary>
public static class SampleDrivers
{
    private const string System = "{4d36e97d-e325-11ce-bfc1-08002be10318}";
    private const string Storage = "{4D36E97B-E325-11CE-BFC1-08002BE10318}";
    private const string Net = "{4d36e972-e325-11ce-bfc1-08002be10318}";

    public static SampleDriver VioStor { get; } = VirtioStorage("viostor", "1001", "1042", "0002", "Sample VirtIO SCSI controller", 1, 257, "");

    public static SampleDriver VioScsi { get; } = VirtioStorage("vioscsi", "1004", "1048", "0008", "Sample VirtIO SCSI pass-through controller", 10, 258,
        "HKR, \"Interrupt Management\\Affinity Policy\", DevicePriority, 0x00010001, 3\n");

    public static SampleDriver NetKvm { get; } = new()
    {
        Inf = "netkvm",
        Folder = "NetKVM",
        ClassName = "Net",
        ClassGuid = Net,
        Description = "Sample VirtIO Ethernet Adapter",
        Binaries = ["netkvm.sys", "netkvmp.exe"],
        Models = [.. VirtioIds("kvmnet6.ndi", "1000", "1041", "0001")],
        Body = """
            [kvmnet6.ndi]
            Characteristics = 0x84
            BusType = 5
            AddReg = kvmnet6.Reg
            CopyFiles = kvmnet6.CopyFiles, netkvmp.CopyFiles
            *IfType = 6
            *MediaType = 0
            *PhysicalMediaType = 0

            [kvmnet6.CopyFiles]
            netkvm.sys,,,2

            [netkvmp.CopyFiles]
            netkvmp.exe

            [DestinationDirs]
            netkvmp.CopyFiles = 11

            [kvmnet6.Reg]
            HKR, Ndi, Service, 0, "netkvm"
            HKR, Ndi\Interfaces, UpperRange, 0, "ndis5"
            HKR, Ndi\Interfaces, LowerRange, 0, "ethernet"
            HKR, Ndi\Params\DoLog, Default, 0, "1"

            [kvmnet6.ndi.hw]
            AddReg = kvmnet6.EnableMSI

            [kvmnet6.EnableMSI]
            HKR, "Interrupt Management\MessageSignaledInterruptProperties", MSISupported, 0x00010001, 1
            HKR, "Interrupt Management\MessageSignaledInterruptProperties", MessageNumberLimit, 0x00010001, 2048

            [kvmnet6.ndi.Services]
            AddService = netkvm, 2, kvmnet6.Service, kvmnet6.EventLog

            [kvmnet6.Service]
            DisplayName = %DeviceDesc%
            ServiceType = 1
            StartType = 3
            ErrorControl = 1
            ServiceBinary = %@DIR@%\netkvm.sys
            LoadOrderGroup = NDIS
            AddReg = kvmnet6.Parameters

            [kvmnet6.Parameters]
            HKR, Parameters, DisableMSI,, "0"

            [kvmnet6.EventLog]
            AddReg = kvmnet6.AddEventLog

            [kvmnet6.AddEventLog]
            HKR,, EventMessageFile, 0x00020000, "%%SystemRoot%%\System32\netevent.dll"
            HKR,, TypesSupported, 0x00010001, 7

            """,
    };

    public static SampleDriver Balloon { get; } = Virtio("balloon", "Balloon", "Sample VirtIO Balloon Driver", "BALLOON", "BALLOON_Device", "1002", "1045", "0005", null,
        "HKR,Parameters,DmaRemappingCompatible,0x00010001,2\n", events: true);

    public static SampleDriver VioSerial { get; } = Virtio("vioser", "vioserial", "Sample VirtIO Serial Driver", "VirtioSerial", "VirtioSerial_Device", "1003", "1043", "0003", 2, "", events: true);

    public static SampleDriver VioRng { get; } = Virtio("viorng", "viorng", "Sample VirtIO RNG Device", "VirtRng", "VirtRng_Device", "1005", "1044", "0004", 1,
        "HKR,Parameters,DmaRemappingCompatible,0x00010001,1\n", events: false);

    public static SampleDriver PvPanic { get; } = Acpi("pvpanic", "Sample QEMU PVPanic Device", "PVPanic", ["PVPanic_Device, ACPI\\QEMU0001", "PVPanic_Device, PCI\\VEN_1B36&DEV_0011&SUBSYS_11001AF4&REV_01"]);

    public static SampleDriver FwCfg { get; } = Acpi("fwcfg", "Sample QEMU FwCfg Device", "FwCfg", ["FwCfg_Device, ACPI\\QEMU0002"]);

    /// <summary>The bus of drivers that are made to be put in offline: its INF names the class filters.</summary>
    public static SampleDriver XenBus { get; } = XenBusOf("""
            AddReg = XenFilt_Parameters, XenFilt_Filters

            [XenFilt_Parameters]
            HKR,"Parameters",,0x00000010
            HKR,"Parameters","*PNP0A03",0x00000000,"PCI"
            HKR,"Parameters","Internal_IDE_Channel",0x00000000,"IDE"
            HKR,"Parameters\Precedence","PCI\VEN_5853&DEV_0001",0x00010001,0x0001

            [XenFilt_Filters]
            HKLM,%SystemClassKey%,"UpperFilters",0x00010008,"XENFILT"
            HKLM,%HDCClassKey%,"UpperFilters",0x00010008,"XENFILT"

            [XenBus_Unplug]
            HKLM,%UnplugKey%,"NICS",0x00010001,0
            HKLM,%UnplugKey%,"DISKS",0x00010001,0

            """, ", XenBus_Unplug");

    /// <summary>The bus of an older generation, whose co-installer set filters and unplug keys.</summary>
    public static SampleDriver OldXenBus { get; } = XenBusOf("""
            AddReg = XenFilt_Parameters, XenFilt_Unplug

            [XenFilt_Parameters]
            HKR,"Parameters",,0x00000010
            HKR,"Parameters","ACPI\PNP0A03",0x00000000,"DEVICE"
            HKR,"Parameters","PCIIDE\IDEChannel",0x00000000,"DISK"

            [XenFilt_Unplug]
            HKR,"Unplug",,0x00000010

            """, "");

    /// <summary>The disk of drivers that are made to be put in offline: its INF forces the emulated disks away.</summary>
    public static SampleDriver XenVbd { get; } = XenVbdOf("""
            AddReg = XenVbd_Parameters, XenVbd_Unplug, XenVbd_Extras

            [XenVbd_Unplug]
            HKLM,%UnplugKey%,"DISKS",0x00010001,0
            HKLM,%ForceUnplugKey%,"DISKS",0x00010001,1

            [XenVbd_Extras]
            HKLM,"SYSTEM\CurrentControlSet\Services\Disk","TimeOutValue",0x00010001,120

            """);

    /// <summary>The disk of an older generation.</summary>
    public static SampleDriver OldXenVbd { get; } = XenVbdOf("AddReg = XenVbd_Parameters\n\n");

    public static SampleDriver XenVif { get; } = Xen("xenvif", "Sample PV Network Class", "System", System, "XENBUS", "VIF", "00000001", "NDIS", "HKR,,BootFlags,0x00010003,0x81\nHKLM,%UnplugKey%,\"NICS\",0x00010001,0\n");

    public static SampleDriver XenNet { get; } = Xen("xennet", "Sample PV Network Device", "Net", Net, "XENVIF", "NET", "00000000", "NDIS", "");

    public static SampleDriver XenIface { get; } = Xen("xeniface", "Sample PV Interface", "System", System, "XENBUS", "IFACE", "00000001", "Extended Base", "");

    /// <summary>The VirtIO drivers.</summary>
    public static IReadOnlyList<SampleDriver> Virtios { get; } = [VioStor, VioScsi, NetKvm, Balloon, VioSerial, VioRng, PvPanic, FwCfg];

    /// <summary>The Xen PV drivers, as current discs have them.</summary>
    public static IReadOnlyList<SampleDriver> XenPv { get; } = [XenBus, XenVbd, XenVif, XenNet, XenIface];

    /// <summary>The Xen PV drivers of the generation with co-installers.</summary>
    public static IReadOnlyList<SampleDriver> OldXenPv { get; } = [OldXenBus, OldXenVbd, XenVif, XenNet, XenIface];

    private static IEnumerable<string> VirtioIds(string section, string legacy, string modern, string subsystem) =>
    [
        $"{section}, PCI\\VEN_1AF4&DEV_{legacy}&SUBSYS_{subsystem}1AF4&REV_00, PCI\\VEN_1AF4&DEV_{legacy}",
        $"{section}, PCI\\VEN_1AF4&DEV_{modern}&SUBSYS_11001AF4&REV_01, PCI\\VEN_1AF4&DEV_{modern}",
    ];

    private static SampleDriver VirtioStorage(string name, string legacy, string modern, string subsystem, string title, int busType, int messages, string more) => new()
    {
        Inf = name,
        Folder = name,
        ClassName = "SCSIAdapter",
        ClassGuid = Storage,
        Description = title,
        Binaries = [$"{name}.sys"],
        Models = [.. VirtioIds("scsi_inst", legacy, modern, subsystem)],
        Body = $"""
            [scsi_inst]
            CopyFiles = {name}_Files_Driver

            [{name}_Files_Driver]
            {name}.sys,,,2

            [scsi_inst.Services]
            AddService = {name}, 0x00000002, scsi_Service_Inst, scsi_EventLog_Inst

            [scsi_Service_Inst]
            ServiceType = 1
            StartType = 0
            ErrorControl = 1
            ServiceBinary = %@DIR@%\{name}.sys
            LoadOrderGroup = SCSI miniport
            AddReg = pnpsafe_pci_addreg

            [scsi_inst.HW]
            AddReg = pnpsafe_pci_addreg_msix

            [scsi_EventLog_Inst]
            AddReg = scsi_EventLog_AddReg

            [scsi_EventLog_AddReg]
            HKR,, EventMessageFile, 0x00020000, "%%SystemRoot%%\System32\IoLogMsg.dll"
            HKR,, TypesSupported, 0x00010001, 7

            [pnpsafe_pci_addreg]
            HKR, "Parameters\PnpInterface", "5", 0x00010001, 0x00000001
            HKR, "Parameters", "BusType", 0x00010001, {busType}
            HKR, "Parameters", DmaRemappingCompatible, 0x00010001, 0

            [pnpsafe_pci_addreg_msix]
            HKR, "Interrupt Management",, 0x00000010
            HKR, "Interrupt Management\MessageSignaledInterruptProperties", MSISupported, 0x00010001, 1
            HKR, "Interrupt Management\MessageSignaledInterruptProperties", MessageNumberLimit, 0x00010001, {messages}
            HKR, "Interrupt Management\Affinity Policy", DevicePolicy, 0x00010001, 5
            {more}

            """,
    };

    private static SampleDriver Virtio(
        string inf, string folder, string title, string service, string section, string legacy, string modern, string subsystem, int? messages, string parameters, bool events) => new()
        {
            Inf = inf,
            Folder = folder,
            ClassName = "System",
            ClassGuid = System,
            Description = title,
            Binaries = [$"{inf}.sys"],
            Models = [.. VirtioIds(section, legacy, modern, subsystem)],
            Body = $"""
            [{section}.NT]
            CopyFiles = Drivers_Dir

            [Drivers_Dir]
            {inf}.sys

            {(messages is null ? "" : $"[{section}.NT.HW]\nAddReg = Device_AddReg\n\n[Device_AddReg]\nHKR,\"Interrupt Management\\MessageSignaledInterruptProperties\",MSISupported,0x00010001,1\nHKR,\"Interrupt Management\\MessageSignaledInterruptProperties\",MessageNumberLimit,0x00010001,{messages}\n")}
            [{section}.NT.Services]
            AddService = {service},2,Service_Inst{(events ? ",Logging_Inst" : "")}

            [Service_Inst]
            DisplayName = %DeviceDesc%
            ServiceType = 1
            StartType = 3
            ErrorControl = 1
            ServiceBinary = %@DIR@%\{inf}.sys
            {(parameters.Length > 0 ? $"AddReg = Service_AddReg\n\n[Service_AddReg]\n{parameters}" : "")}

            {(events ? "[Logging_Inst]\nAddReg = Logging_AddReg\n\n[Logging_AddReg]\nHKR,,EventMessageFile,0x00020000,\"%%SystemRoot%%\\System32\\IoLogMsg.dll\"\nHKR,,TypesSupported,0x00010001,7\n" : "")}
            [{section}.NT.Wdf]
            KmdfService = {service}, wdfsect

            [wdfsect]
            KmdfLibraryVersion = 1.15

            """,
        };

    private static SampleDriver Acpi(string inf, string title, string service, IReadOnlyList<string> models) => new()
    {
        Inf = inf,
        Folder = inf,
        ClassName = "System",
        ClassGuid = System,
        Description = title,
        Binaries = [$"{inf}.sys"],
        Models = models,
        Body = $"""
            [{service}_Device.NT]
            CopyFiles = Drivers_Dir

            [Drivers_Dir]
            {inf}.sys

            [{service}_Device.NT.Services]
            AddService = {service},2,Service_Inst

            [Service_Inst]
            DisplayName = %DeviceDesc%
            ServiceType = 1
            StartType = 3
            ErrorControl = 1
            ServiceBinary = %@DIR@%\{inf}.sys
            LoadOrderGroup = Extended Base

            [{service}_Device.NT.Wdf]
            KmdfService = {service}, wdfsect

            [wdfsect]
            KmdfLibraryVersion = 1.15

            """,
    };

    private const string XenStrings = """

        [Strings]
        UnplugKey="SYSTEM\CurrentControlSet\Services\XEN\Unplug"
        ForceUnplugKey="SYSTEM\CurrentControlSet\Services\XEN\ForceUnplug"
        SystemClassKey="SYSTEM\CurrentControlSet\Control\Class\{4d36e97d-e325-11ce-bfc1-08002be10318}"
        HDCClassKey="SYSTEM\CurrentControlSet\Control\Class\{4d36e96a-e325-11ce-bfc1-08002be10318}"
        XenFiltDesc = "Sample Bus Filter"

        """;

    private static SampleDriver XenBusOf(string filter, string more) => new()
    {
        Inf = "xenbus",
        Folder = "xenbus",
        ClassName = "System",
        ClassGuid = System,
        Description = "Sample PV Bus",
        Maker = "Sample Xen",
        Binaries = ["xen.sys", "xenbus.sys", "xenfilt.sys"],
        Models = ["XenBus_Inst, PCI\\VEN_5853&DEV_0001", "XenBus_Inst, PCI\\VEN_5853&DEV_0002"],
        Body = $"""
            [XenBus_Inst]
            CopyFiles = XenBus_Copyfiles

            [XenBus_Copyfiles]
            xen.sys
            xenbus.sys
            xenfilt.sys

            [XenBus_Inst.Services]
            AddService = xenbus,0x02,XenBus_Service,
            AddService = xenfilt,,XenFilt_Service,

            [XenBus_Service]
            DisplayName = %DeviceDesc%
            ServiceType = 1
            StartType = 0
            ErrorControl = 1
            ServiceBinary = %@DIR@%\xenbus.sys
            LoadOrderGroup = "Boot Bus Extender"
            AddReg = XenBus_Parameters{more}

            [XenBus_Parameters]
            HKR,"Parameters",,0x00000010
            HKR,"Parameters","SupportedClasses",0x00010000,"VIF","VBD","IFACE"

            [XenFilt_Service]
            DisplayName = %XenFiltDesc%
            ServiceType = 1
            StartType = 0
            ErrorControl = 1
            ServiceBinary = %@DIR@%\xenfilt.sys
            LoadOrderGroup = "Boot Bus Extender"
            {filter}
            """ + XenStrings,
    };

    private static SampleDriver XenVbdOf(string values) => new()
    {
        Inf = "xenvbd",
        Folder = "xenvbd",
        ClassName = "SCSIAdapter",
        ClassGuid = Storage,
        Description = "Sample PV Storage Host Adapter",
        Maker = "Sample Xen",
        Binaries = ["xenvbd.sys", "xencrsh.sys"],
        Models = ["XenVbd_Inst, XENBUS\\VEN_XS0001&DEV_VBD&REV_00000001", "XenVbd_Inst, XENBUS\\VEN_XP0001&DEV_VBD&REV_00000001"],
        Body = $"""
            [XenVbd_Inst]
            CopyFiles = XenVbd_Copyfiles

            [XenVbd_Copyfiles]
            xenvbd.sys
            xencrsh.sys

            [XenVbd_Inst.Services]
            AddService = xenvbd,2,XenVbd_Service,

            [XenVbd_Service]
            DisplayName = %DeviceDesc%
            ServiceType = 1
            StartType = 0
            ErrorControl = 1
            ServiceBinary = %@DIR@%\xenvbd.sys
            LoadOrderGroup = "Scsi Miniport"
            {values}
            [XenVbd_Parameters]
            HKR,"Parameters","BusType",0x00010001,0x00000001
            HKR,"Parameters\PnpInterface","5",0x00010001,0x00000001

            """ + XenStrings,
    };

    private static SampleDriver Xen(string name, string title, string className, string classGuid, string bus, string device, string revision, string group, string values) => new()
    {
        Inf = name,
        Folder = name,
        ClassName = className,
        ClassGuid = classGuid,
        Description = title,
        Maker = "Sample Xen",
        Binaries = [$"{name}.sys"],
        Models = [$"Inst, {bus}\\VEN_XS0001&DEV_{device}&REV_{revision}", $"Inst, {bus}\\VEN_XP0001&DEV_{device}&REV_{revision}"],
        Body = $"""
            [Inst]
            CopyFiles = Files

            [Files]
            {name}.sys

            [Inst.Services]
            AddService = {name},2,Service,

            [Service]
            DisplayName = %DeviceDesc%
            ServiceType = 1
            StartType = 3
            ErrorControl = 1
            ServiceBinary = %@DIR@%\{name}.sys
            LoadOrderGroup = {group}
            {(values.Length > 0 ? $"AddReg = Values\n\n[Values]\n{values}" : "")}

            """ + XenStrings,
    };
}
