using System.Buffers.Binary;
using System.Text;
using OfflinePatch.Core;
using OfflinePatch.Disks;
using OfflinePatch.Disks.Partitions;
using OfflinePatch.Registry;
using OfflinePatch.Registry.Layout;
using OfflinePatch.Windows.Guest;
using OfflinePatch.Windows.Rules;
using OfflinePatch.Windows.Targets;

namespace OfflinePatch.Windows.Tests.Machines;

/// <summary>The generation of a test machine.</summary>
public enum Generation
{
    Windows7,
    Windows81,
    Windows10,
    Server2008R2,
    Server2012R2,
    Server2019,
}

/// <summary>
/// A small machine in memory: a partitioned 40 GiB disk whose volumes are trees in memory, with hives and boot configuration of our own
/// making, healthy in every respect that rules look at. A test breaks one thing.
/// </summary>
public sealed class Machine
{
    public const long GiB = 1L << 30;
    public const long MiB = 1L << 20;
    public const string LoaderId = "{11111111-2222-3333-4444-555555555555}";
    public const string BootManagerId = "{9dea862c-5cdd-4e70-acc1-f32b344d4795}";
    public static readonly Guid DiskGuid = new("0a1b2c3d-0001-0002-0003-000000000001");
    public static readonly Guid EspGuid = new("0a1b2c3d-0001-0002-0003-000000000002");
    public static readonly Guid WindowsGuid = new("0a1b2c3d-0001-0002-0003-000000000003");
    public const uint Signature = 0xDEADBEEF;
    public const long WindowsOffset = 500 * MiB;

    private static readonly Guid EspType = new("C12A7328-F81F-11D2-BA4B-00A0C93EC93B");
    private static readonly Guid DataType = new("EBD0A0A2-B9E5-4433-87C0-68B6B72699C7");

    public Machine(Generation generation = Generation.Windows10, Firmware firmware = Firmware.Uefi, long size = 40 * GiB,
        ImageFormat format = ImageFormat.Raw,
        Dictionary<string, string>? properties = null, Hive? sam = null)
    {
        Generation = generation;
        Firmware = firmware;
        Disk = new TestDisk(size, format, properties);
        if (firmware == Firmware.Uefi)
        {
            TestDisk.WriteGpt(Disk, DiskGuid, (EspType, EspGuid, MiB, 260 * MiB),
                (DataType, WindowsGuid, WindowsOffset, size - WindowsOffset - (2 * MiB)));
        }
        else
        {
            TestDisk.WriteMbr(Disk, Signature, (7, true, MiB, 350 * MiB), (7, false, WindowsOffset, size - WindowsOffset - (2 * MiB)));
            var boot = new byte[512];
            boot[0] = 0xEB;
            "NTFS    "u8.CopyTo(boot.AsSpan(3));
            BinaryPrimitives.WriteUInt32LittleEndian(boot.AsSpan(0x1C), (uint)(MiB / 512));
            boot.AsSpan(0x54, 0x100).Fill(0x90);
            boot[510] = 0x55;
            boot[511] = 0xAA;
            Disk.Write(MiB, boot);
        }

        System = Hive.Create(rootName: "SYSTEM");
        Software = Hive.Create(rootName: "SOFTWARE");
        Sam = sam ?? Hive.Create(rootName: "SAM");
        Bcd = Hive.Create(minorVersion: 3, rootName: "BCD00000000");
        BuildSystem();
        BuildSoftware();
        if (sam is null)
        {
            BuildSam();
        }

        BuildBcd();
        foreach (var file in new[] { "ntoskrnl.exe", "kernel32.dll", "winload.exe", "winload.efi" })
        {
            WindowsFiles.Put(@"Windows\System32\" + file, Pe(IsX86 ? (ushort)0x014C : (ushort)0x8664));
        }

        foreach (var driver in new[] { "atapi", "intelide", "pciide", "storahci", "stornvme", "msahci", "disk", "pci", "acpi", "volmgr",
            "mountmgr", "partmgr" })
        {
            WindowsFiles.Put($@"Windows\System32\drivers\{driver}.sys", [1]);
        }

        if (firmware == Firmware.Uefi)
        {
            SystemFiles.Put(@"EFI\Microsoft\Boot\bootmgfw.efi", Pe(0x8664));
            SystemFiles.Put(FallbackLoader, Pe(0x8664));
        }
        else
        {
            SystemFiles.Put("bootmgr", [1, 2, 3]);
        }
    }

    public Generation Generation { get; }

    /// <summary>Before Windows 8: a critical device database, no driver database, no NVMe.</summary>
    public bool IsOld => Old(Generation);

    public bool IsX86 => Generation == Generation.Windows7;

    public bool IsServer => Server(Generation);

    public string FallbackLoader => IsX86 ? @"EFI\Boot\bootia32.efi" : @"EFI\Boot\bootx64.efi";

    public static bool Old(Generation generation) => generation is Generation.Windows7 or Generation.Server2008R2;

    public static bool Server(Generation generation) => generation >= Generation.Server2008R2;

    public Firmware Firmware { get; }

    public TestDisk Disk { get; }

    public Hive System { get; set; }

    public Hive Software { get; set; }

    public Hive Sam { get; }

    public Hive Bcd { get; set; }

    public MemoryFiles WindowsFiles { get; } = new();

    public MemoryFiles SystemFiles { get; } = new();

    /// <summary>What the Windows volume says of itself.</summary>
    public VolumeState Condition { get; set; } = new();

    /// <summary>What its first sector says.</summary>
    public VolumeKind WindowsKind { get; set; } = VolumeKind.Ntfs;

    public RuleOptions Options { get; set; } = new();

    public TargetProfile Profile { get; set; } = TargetCatalog.Get(TargetCatalog.DefaultId);

    public string ControlSet { get; } = "ControlSet001";

    public HiveKey Set(string path) => System.Create($@"{ControlSet}\{path}");

    public const long ExtraOffset = 30 * GiB;
    public static readonly Guid ExtraGuid = new("0a1b2c3d-0001-0002-0003-000000000004");

    /// <summary>The volume of a third partition, or null.</summary>
    public MemoryFiles? Extra { get; private set; }

    /// <summary>Adds a third partition of 5 GiB with an NTFS volume.</summary>
    public MemoryFiles AddPartition()
    {
        if (Firmware == Firmware.Uefi)
        {
            TestDisk.WriteGpt(Disk, DiskGuid, (EspType, EspGuid, MiB, 260 * MiB), (DataType, WindowsGuid, WindowsOffset, 20 * GiB),
                (DataType, ExtraGuid, ExtraOffset, 5 * GiB));
        }
        else
        {
            TestDisk.WriteMbr(Disk, Signature, (7, true, MiB, 350 * MiB), (7, false, WindowsOffset, 20 * GiB),
                (7, false, ExtraOffset, 5 * GiB));
        }

        return Extra = new MemoryFiles();
    }

    /// <summary>The machine as rules see it, read from the bytes of its hives.</summary>
    internal RuleContext Start()
    {
        Store(WindowsFiles, @"Windows\System32\config\SYSTEM", System);
        Store(WindowsFiles, @"Windows\System32\config\SOFTWARE", Software);
        Store(WindowsFiles, @"Windows\System32\config\SAM", Sam);
        Store(SystemFiles, Firmware == Firmware.Uefi ? @"EFI\Microsoft\Boot\BCD" : @"Boot\BCD", Bcd);
        return Restart();
    }

    /// <summary>The machine as rules see it, from what is on its volumes now.</summary>
    internal RuleContext Restart()
    {
        var changes = new ChangeLog { Clock = Options.Clock };
        var table = PartitionTable.Read(Disk);
        var volumes = new List<GuestVolume>();
        foreach (var partition in table.Partitions)
        {
            var isWindows = partition.Offset == WindowsOffset;
            var isExtra = partition.Offset == ExtraOffset;
            var files = isWindows ? WindowsFiles : isExtra ? Extra! : SystemFiles;
            var kind = isWindows ? WindowsKind : isExtra ? VolumeKind.Ntfs : Firmware == Firmware.Uefi ? VolumeKind.Fat : VolumeKind.Ntfs;
            volumes.Add(new GuestVolume
            {
                Number = partition.Number,
                Partition = partition,
                Kind = kind,
                Files = kind is VolumeKind.Ntfs or VolumeKind.Fat
                    ? new RecordingFileSystem(files, changes, isWindows ? "C:" : "S:", IsHive)
                    : null,
                Condition = isWindows ? Condition : new VolumeState(),
            });
        }

        return Options.ContextOf(GuestMachine.Find(Disk, table, volumes, changes), Profile);
    }

    /// <summary>Writes back what rules changed.</summary>
    internal static void Save(RuleContext guest)
    {
        foreach (var system in guest.Systems)
        {
            system.WriteBack();
        }

        guest.Boot.WriteBack();
    }

    /// <summary>A BCD device element that names a partition of a GPT disk.</summary>
    public static byte[] GptDevice(Guid disk, Guid partition)
    {
        var element = new byte[88];
        element[0x10] = 6;
        element[0x18] = 0x48;
        partition.TryWriteBytes(element.AsSpan(0x20));
        disk.TryWriteBytes(element.AsSpan(0x38));
        return element;
    }

    /// <summary>A BCD device element that names a partition of an MBR disk.</summary>
    public static byte[] MbrDevice(uint signature, long offset)
    {
        var element = new byte[88];
        element[0x10] = 6;
        element[0x18] = 0x48;
        BinaryPrimitives.WriteInt64LittleEndian(element.AsSpan(0x20), offset);
        element[0x34] = 1;
        BinaryPrimitives.WriteUInt32LittleEndian(element.AsSpan(0x38), signature);
        return element;
    }

    public static byte[] Pe(ushort machine)
    {
        var file = new byte[0x100];
        file[0] = (byte)'M';
        file[1] = (byte)'Z';
        file[0x3C] = 0x80;
        "PE\0\0"u8.CopyTo(file.AsSpan(0x80));
        BinaryPrimitives.WriteUInt16LittleEndian(file.AsSpan(0x84), machine);
        return file;
    }

    /// <summary>Adds a local account; returns its key.</summary>
    public void AddAccount(uint rid, string name, ushort flags, bool hasPassword)
    {
        var key = Sam.Create($@"SAM\Domains\Account\Users\{rid:X8}");
        var f = new byte[0x50];
        BinaryPrimitives.WriteInt64LittleEndian(f.AsSpan(0x20), long.MaxValue);
        BinaryPrimitives.WriteUInt32LittleEndian(f.AsSpan(0x30), rid);
        BinaryPrimitives.WriteUInt16LittleEndian(f.AsSpan(0x38), flags);
        key.SetBinary("F", f);
        var text = Encoding.Unicode.GetBytes(name);
        var hash = hasPassword ? new byte[0x38] : new byte[0x18];
        hash[2] = 2;
        var v = new byte[0xCC + text.Length + hash.Length];
        BinaryPrimitives.WriteInt32LittleEndian(v.AsSpan(0x0C + 4), text.Length);
        BinaryPrimitives.WriteInt32LittleEndian(v.AsSpan(0xA8), text.Length);
        BinaryPrimitives.WriteInt32LittleEndian(v.AsSpan(0xAC), hash.Length);
        text.CopyTo(v.AsSpan(0xCC));
        hash.CopyTo(v.AsSpan(0xCC + text.Length));
        key.SetBinary("V", v);
    }

    private static bool IsHive(string path) =>
        path.Contains(@"\config\", StringComparison.OrdinalIgnoreCase) || path.EndsWith("BCD", StringComparison.Ordinal);

    private static void Store(MemoryFiles files, string path, Hive hive) => files.Put(path, hive.ToArray());

    private void BuildSystem()
    {
        var select = System.Create("Select");
        select.SetDword("Current", 1);
        select.SetDword("Default", 1);
        select.SetDword("LastKnownGood", 1);
        System.Create("Setup").SetDword("SystemSetupInProgress", 0);
        Set(@"Control\ProductOptions").SetString("ProductType", IsServer ? "ServerNT" : "WinNT");
        Set(@"Control\ComputerName\ComputerName").SetString("ComputerName", "BENCH");
        Set(@"Control\Session Manager").SetMultiString("BootExecute", ["autocheck autochk *"]);
        Set(@"Control\Terminal Server").SetDword("fDenyTSConnections", 1);
        foreach (var (service, start) in new (string, uint)[]
            {
                ("ACPI", 0), ("pci", 0), ("volmgr", 0), ("mountmgr", 0), ("disk", 0), ("partmgr", 0), ("atapi", 0), ("intelide", 0),
                ("pciide", 0),
                ("NDIS", 0), ("Tcpip", 0), ("AFD", 1), ("tdx", 1), ("nsiproxy", 1), ("nsi", 2), ("RpcSs", 2), ("RpcEptMapper", 2),
                ("DcomLaunch", 2),
                ("BFE", 2), ("MpsSvc", 2), ("Dhcp", 2), ("Dnscache", 2), ("NlaSvc", 2), ("TermService", 3), ("Winmgmt", 2), ("ProfSvc", 2),
                ("kbdclass", 3), ("mouclass", 3), ("i8042prt", 3), ("kbdhid", 3), ("mouhid", 3), ("HidUsb", 3),
            })
        {
            Service(service, start);
        }

        if (IsOld)
        {
            Service("msahci", 0);
            var ide = "{4D36E96A-E325-11CE-BFC1-08002BE10318}";
            foreach (var (id, service, guid) in new[]
                {
                    ("primary_ide_channel", "atapi", ide), ("secondary_ide_channel", "atapi", ide), ("*pnp0600", "atapi", ide),
                    ("gendisk", "disk", "{4D36E967-E325-11CE-BFC1-08002BE10318}"), ("pci#cc_0101", "pciide", ide),
                    ("pci#ven_8086&dev_7010", "intelide", ide), ("pci#cc_010601", "msahci", ide),
                })
            {
                var key = Set($@"Control\CriticalDeviceDatabase\{id}");
                key.SetString("Service", service);
                key.SetString("ClassGUID", guid);
            }
        }
        else
        {
            Service("storahci", 0);
            Service("stornvme", 0);
        }

        Set(@"Services\partmgr\Parameters").SetDword("SanPolicy", 1);
        Set(@"Control\Class\{4d36e967-e325-11ce-bfc1-08002be10318}").SetMultiString("UpperFilters", ["partmgr"]);
        Set(@"Control\Class\{4d36e96b-e325-11ce-bfc1-08002be10318}").SetMultiString("UpperFilters", ["kbdclass"]);
        Set(@"Control\Class\{4d36e96f-e325-11ce-bfc1-08002be10318}").SetMultiString("UpperFilters", ["mouclass"]);
        Set(@"Services\Tcpip\Parameters").SetString("NameServer", "");
        AddInterface("{AAAAAAAA-0000-0000-0000-000000000001}").SetDword("EnableDHCP", 1);
        var mounted = System.Create("MountedDevices");
        var device = new byte[Firmware == Firmware.Uefi ? 24 : 12];
        if (Firmware == Firmware.Uefi)
        {
            "DMIO:ID:"u8.CopyTo(device);
            WindowsGuid.TryWriteBytes(device.AsSpan(8));
        }
        else
        {
            BinaryPrimitives.WriteUInt32LittleEndian(device, Signature);
            BinaryPrimitives.WriteInt64LittleEndian(device.AsSpan(4), WindowsOffset);
        }

        mounted.SetBinary(@"\DosDevices\C:", device);
    }

    /// <summary>Puts the file of every driver that the registry names.</summary>
    public void PutDriverFiles()
    {
        foreach (var service in System.Find($@"{ControlSet}\Services")?.SubKeys ?? [])
        {
            if (service.GetDword("Type") is 1 or 2 && service.GetDword("Start") is <= 3)
            {
                var path = (service.GetString("ImagePath") ?? $@"System32\drivers\{service.Name}.sys")
                    .Replace(@"\SystemRoot\", "", StringComparison.OrdinalIgnoreCase);
                if (path.StartsWith(@"system32\", StringComparison.OrdinalIgnoreCase) && WindowsFiles.Find($@"Windows\{path}") is null)
                {
                    WindowsFiles.Put($@"Windows\{path}", [1]);
                }
            }
        }
    }

    /// <summary>A third-party driver with its file.</summary>
    public HiveKey Driver(string name, uint start)
    {
        var key = Set(@"Services\" + name);
        key.SetDword("Type", 1);
        key.SetDword("Start", start);
        key.SetExpandString("ImagePath", $@"System32\drivers\{name}.sys");
        WindowsFiles.Put($@"Windows\System32\drivers\{name}.sys", [1]);
        return key;
    }

    public HiveKey Class(string guid) => Set($@"Control\Class\{{{guid}}}");

    public HiveKey AddInterface(string id, string set = "ControlSet001") =>
        System.Create($@"{set}\Services\Tcpip\Parameters\Interfaces\{id}");

    /// <summary>Adds a file operation that waits for the next start; an empty target deletes.</summary>
    public void Rename(string source, string target)
    {
        const string Name = "PendingFileRenameOperations";
        var manager = Set(@"Control\Session Manager");
        var before = manager.FindValue(Name)?.ReadData() is { Length: > 2 } data ? Encoding.Unicode.GetString(data)[..^1] : "";
        manager.SetValue(Name, RegistryValueType.MultiString, Encoding.Unicode.GetBytes($"{before}{source}\0{target}\0\0"));
    }

    public void Service(string name, uint start)
    {
        var key = Set(@"Services\" + name);
        key.SetDword("Start", start);
        key.SetDword("Type", start < 2 || char.IsLower(name[0]) ? 1u : 0x20u);
        if (start < 2)
        {
            key.SetExpandString("ImagePath", $@"System32\drivers\{name}.sys");
        }
    }

    private void BuildSoftware()
    {
        var (product, version, build, edition, type) = Generation switch
        {
            Generation.Windows7 => ("Windows 7 Professional", "6.1", "7601", "Professional", "Client"),
            Generation.Windows81 => ("Windows 8.1 Pro", "6.3", "9600", "Professional", "Client"),
            Generation.Windows10 => ("Windows 10 Pro", "6.3", "16299", "Professional", "Client"),
            Generation.Server2008R2 => ("Windows Server 2008 R2 Datacenter", "6.1", "7601", "ServerDatacenter", "Server"),
            Generation.Server2012R2 => ("Windows Server 2012 R2 Datacenter", "6.3", "9600", "ServerDatacenter", "Server"),
            _ => ("Windows Server 2019 Datacenter", "6.3", "17763", "ServerDatacenter", "Server"),
        };
        var key = Software.Create(@"Microsoft\Windows NT\CurrentVersion");
        key.SetString("ProductName", product);
        key.SetString("CurrentVersion", version);
        key.SetString("CurrentBuildNumber", build);
        key.SetString("EditionID", edition);
        key.SetString("InstallationType", type);
        key.SetString("SystemRoot", @"C:\Windows");
        if (Generation is Generation.Windows10 or Generation.Server2019)
        {
            key.SetDword("CurrentMajorVersionNumber", 10);
            key.SetDword("CurrentMinorVersionNumber", 0);
            key.SetString("ReleaseId", Generation == Generation.Windows10 ? "1709" : "1809");
        }

        Software.Create(@"Microsoft\Windows\CurrentVersion\Setup\State").SetString("ImageState", "IMAGE_STATE_COMPLETE");
    }

    private void BuildSam()
    {
        Sam.Create(@"SAM\Domains\Account").SetBinary("V", new byte[24]);
        AddAccount(500, "Administrator", 0x0210, hasPassword: true);
        AddAccount(501, "Guest", 0x0215, hasPassword: false);
    }

    private void BuildBcd()
    {
        var isUefi = Firmware == Firmware.Uefi;
        Bcd.Create("Description").SetString("KeyName", "BCD00000000");
        Element(BootManagerId, 0x10100002, "11000001").SetBinary("Element",
            isUefi ? GptDevice(DiskGuid, EspGuid) : MbrDevice(Signature, MiB));
        Element(BootManagerId, 0x10100002, "23000003").SetString("Element", LoaderId);
        Element(BootManagerId, 0x10100002, "24000001").SetMultiString("Element", [LoaderId]);
        var windows = isUefi ? GptDevice(DiskGuid, WindowsGuid) : MbrDevice(Signature, WindowsOffset);
        Loader("11000001").SetBinary("Element", windows);
        Loader("21000001").SetBinary("Element", windows);
        Loader("12000002").SetString("Element", isUefi ? @"\Windows\system32\winload.efi" : @"\Windows\system32\winload.exe");
        Loader("22000002").SetString("Element", @"\Windows");
        Loader("12000004").SetString("Element", "Windows");
    }

    /// <summary>An element of the default loader.</summary>
    public HiveKey Loader(string element) => Element(LoaderId, 0x10200003, element);

    public HiveKey Element(string id, uint type, string element)
    {
        Bcd.Create($@"Objects\{id}\Description").SetDword("Type", type);
        return Bcd.Create($@"Objects\{id}\Elements\{element}");
    }
}
