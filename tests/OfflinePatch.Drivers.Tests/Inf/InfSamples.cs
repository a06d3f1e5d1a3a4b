namespace OfflinePatch.Drivers.Tests.Inf;

/// <summary>INFs of our own writing, each built around constructs of the grammar.</summary>
internal static class InfSamples
{
    /// <summary>A boot storage driver: HKR in three contexts, event log, DIRID 12, ids as hardware and compatible ids.</summary>
    public const string Storage = """
        ; a storage driver
        [Version]
        Signature   = "$Windows NT$"
        Class       = SCSIAdapter
        ClassGuid   = {4D36E97B-E325-11CE-BFC1-08002BE10318}
        Provider    = %Maker%
        DriverVer   = 11/12/2020, 100.83.104.19000
        CatalogFile = sample.cat
        PnpLockdown = 1

        [SourceDisksNames]
        1 = %Disk%,,,""

        [SourceDisksFiles]
        sample.sys = 1,,

        [DestinationDirs]
        Sample_Files = 12

        [Manufacturer]
        %Maker% = Sample, NTamd64, NTx86

        [Sample.NTamd64]
        %Sample.Desc% = sample_inst, PCI\VEN_1AF4&DEV_1001&SUBSYS_00021AF4&REV_00, PCI\VEN_1AF4&DEV_1001
        %Sample.Desc% = sample_inst, PCI\VEN_1AF4&DEV_1042&SUBSYS_11001AF4&REV_01, PCI\VEN_1AF4&DEV_1042

        [Sample.NTx86]
        %Sample.Desc% = sample_inst, PCI\VEN_1AF4&DEV_1001&SUBSYS_00021AF4&REV_00, PCI\VEN_1AF4&DEV_1001

        [sample_inst]
        CopyFiles = Sample_Files

        [Sample_Files]
        sample.sys,,,2

        [sample_inst.Services]
        AddService = sample, %SPSVCINST_ASSOCSERVICE%, sample_service, sample_events

        [sample_service]
        ServiceType    = 1
        StartType      = %BOOT%
        ErrorControl   = 1
        ServiceBinary  = %12%\sample.sys
        LoadOrderGroup = SCSI miniport
        Dependencies   = pci, +Boot Bus Extender
        AddReg         = sample_parameters

        [sample_parameters]
        HKR, "Parameters\PnpInterface", "5", %REG_DWORD%, 0x00000001
        HKR, "Parameters", "BusType", %REG_DWORD%, 0x0000000A

        [sample_inst.HW]
        AddReg = sample_msi

        [sample_msi]
        HKR, "Interrupt Management",, 0x00000010
        HKR, "Interrupt Management\MessageSignaledInterruptProperties", MSISupported, 0x00010001, 1

        [sample_events]
        AddReg = sample_events_reg

        [sample_events_reg]
        HKR,, EventMessageFile, 0x00020000, "%%SystemRoot%%\System32\IoLogMsg.dll"
        HKR,, TypesSupported, 0x00010001, 7

        [Strings]
        SPSVCINST_ASSOCSERVICE = 0x00000002
        REG_DWORD = 0x00010001
        BOOT = 0
        Maker = "Sample, Inc."
        Disk = "Sample disk"
        Sample.Desc = "Sample storage controller"
        """;
}
