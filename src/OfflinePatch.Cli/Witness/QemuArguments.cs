using System.Globalization;
using System.Text.Json.Nodes;
using OfflinePatch.Windows.Jobs;

namespace OfflinePatch.Cli.Witness;

/// <summary>The command line of QEMU: no network, no sound, no device of the host, nothing that is not named here.</summary>
internal static class QemuArguments
{
    /// <summary>The name of the disk in QEMU.</summary>
    public const string Disk = "disk";

    /// <summary>Files in the private folder of a start.</summary>
    public const string Overlay = "overlay.qcow2", VariablesFile = "vars.fd", Monitor = "qmp", Serial = "com1", Agent = "qga";

    /// <summary>The buses that a disk can be attached to.</summary>
    public static IReadOnlyList<string> Buses { get; } = ["virtio-blk", "virtio-scsi", "sata"];

    /// <summary>The arguments, one word each; no shell reads them.</summary>
    /// <param name="source">The image.</param>
    /// <param name="bus">One of <see cref="Buses"/>.</param>
    /// <param name="options">How the machine is started.</param>
    /// <param name="installation">QEMU and its firmware.</param>
    /// <param name="folder">The full path of the private folder.</param>
    /// <param name="isKvm">Whether the processor of the host runs the machine.</param>
    /// <param name="isSandboxed">Whether system calls that a machine does not need are forbidden to QEMU.</param>
    public static IReadOnlyList<string> Create(
        WitnessSource source, string bus, WitnessOptions options, QemuInstallation installation, string folder, bool isKvm,
        bool isSandboxed)
    {
        var isArm = QemuInstallation.IsArm(source.Architecture);
        List<string> arguments =
        [
            "-nodefaults", "-no-user-config", "-name", "offlinepatch-witness",
            "-machine", $"{(isArm ? "virt" : source.IsUefi ? "q35" : "pc")},accel={(isKvm ? "kvm" : "tcg")}",

            // hv_crash lets Windows report its stop code to the hypervisor.
            "-cpu", !isKvm ? "max" : isArm ? "host" : "host,hv_relaxed,hv_vapic,hv_spinlocks=0x1fff,hv_time,hv_crash",
            "-m", string.Create(CultureInfo.InvariantCulture, $"{options.Memory >> 20}M"), "-smp", "2",
            "-rtc", "base=localtime", "-display", "none", "-nic", "none",

            // What a machine shows in the end can be looked at.
            "-action", "panic=pause,shutdown=pause",
            "-chardev", $"socket,id=qmp,path={Word(Path.Combine(folder, Monitor))}", "-mon", "chardev=qmp,mode=control",
            "-chardev", $"socket,id=com1,path={Word(Path.Combine(folder, Serial))}", "-serial", "chardev:com1",
            "-chardev", $"socket,id=qga,path={Word(Path.Combine(folder, Agent))}",
            "-device", "virtio-serial-pci", "-device", "virtserialport,chardev=qga,name=org.qemu.guest_agent.0",
        ];
        arguments.AddRange(isArm ? ["-device", "ramfb"] : ["-device", "VGA", "-device", "pvpanic"]);
        if (isSandboxed)
        {
            arguments.AddRange(["-sandbox", "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny"]);
        }

        AddFirmware(arguments, installation, folder);
        AddDisk(arguments, source, bus, folder);
        return arguments;
    }

    private static void AddFirmware(List<string> arguments, QemuInstallation installation, string folder)
    {
        if (installation.FirmwareFile is not { } firmware)
        {
            return;
        }

        if (installation.VariablesFile is not null)
        {
            arguments.AddRange(["-blockdev", Node("code", "raw", firmware, isReadOnly: true)]);
            arguments.AddRange(["-blockdev", Node("vars", "raw", Path.Combine(folder, VariablesFile), isReadOnly: false)]);
            var machine = arguments.IndexOf("-machine") + 1;
            arguments[machine] += ",pflash0=code,pflash1=vars";
        }
        else
        {
            arguments.AddRange(["-bios", firmware]);
        }
    }

    /// <summary>
    /// The image is a node that can only be read, below an overlay that is deleted. Both are named here: nothing is taken from what stands
    /// in the overlay.
    /// </summary>
    private static void AddDisk(List<string> arguments, WitnessSource source, string bus, string folder)
    {
        var image = new JsonObject
        {
            ["node-name"] = "image",
            ["driver"] = source.QemuFormat,
            ["read-only"] = true,
            ["file"] = File(source.ImagePath, isReadOnly: true),
        };
        if (source.QemuFormat == "qcow2" && !source.HasParents)
        {
            image["backing"] = null;
        }

        var overlay = new JsonObject
        {
            ["node-name"] = Disk,
            ["driver"] = "qcow2",
            ["read-only"] = false,
            ["file"] = File(Path.Combine(folder, Overlay), isReadOnly: false),
            ["backing"] = "image",
        };
        var sector = source.SectorSize == 512
            ? ""
            : string.Create(CultureInfo.InvariantCulture,
                $",logical_block_size={source.SectorSize},physical_block_size={source.SectorSize}");
        var device = $"drive={Disk},bootindex=0{sector}";
        arguments.AddRange(["-blockdev", image.ToJsonString(), "-blockdev", overlay.ToJsonString()]);
        arguments.AddRange(bus switch
        {
            "virtio-blk" => ["-device", $"virtio-blk-pci,{device}"],
            "virtio-scsi" => ["-device", "virtio-scsi-pci,id=bus", "-device", $"scsi-hd,bus=bus.0,{device}"],
            _ => (string[])["-device", "ahci,id=bus", "-device", $"ide-hd,bus=bus.0,{device}"],
        });
    }

    private static string Node(string name, string driver, string path, bool isReadOnly) => new JsonObject
    {
        ["node-name"] = name,
        ["driver"] = driver,
        ["read-only"] = isReadOnly,
        ["file"] = File(path, isReadOnly),
    }.ToJsonString();

    private static JsonObject File(string path, bool isReadOnly) => new()
    {
        ["driver"] = "file",
        ["filename"] = path,
        ["read-only"] = isReadOnly,
    };

    // A comma ends a value; two of them stand for one.
    private static string Word(string text) => text.Replace(",", ",,", StringComparison.Ordinal);
}
