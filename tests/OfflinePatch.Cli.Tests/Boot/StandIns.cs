using System.Collections.Concurrent;
using System.Text.RegularExpressions;
using OfflinePatch.Fixtures.Machines;
using OfflinePatch.Testing;

namespace OfflinePatch.Cli.Tests.Boot;

/// <summary>
/// Sample machines that QEMU can start: in the place of Windows' boot manager lies a program of <c>tests/boot</c>, which says on COM1 what
/// Windows' loader would find on the disk, read by code that shares nothing with the program under test.
/// </summary>
public sealed partial class StandIns : IDisposable
{
    private const int BootAreaLength = 8192; // the 16 sectors of $Boot
    private const string Code = "/usr/share/OVMF/OVMF_CODE.fd";
    private const string Variables = "/usr/share/OVMF/OVMF_VARS.fd";
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5); // emulation on a busy machine
    private readonly ScratchFolder _scratch = new();
    private readonly ConcurrentDictionary<string, Lazy<string>> _made = new();

    internal Machines Machines { get; } = new();

    internal static void Require(MachineFirmware firmware)
    {
        Oracle.Require("qemu-system-x86_64");
        if (firmware == MachineFirmware.Uefi)
        {
            Oracle.Require("x86_64-w64-mingw32-gcc");
            Skip.IfNot(File.Exists(Code) && File.Exists(Variables), "OVMF is not installed");
        }
        else
        {
            Oracle.Require("gcc", "ld", "objcopy", "nasm");
        }
    }

    public void Dispose() => _scratch.Dispose();

    /// <summary>A machine as it was exported: what makes its firmware find the boot manager is missing or wrong.</summary>
    internal string Exported(string generation, MachineFirmware firmware) => Make($"{generation}-{firmware}-exported.raw", path =>
    {
        Defect[] defects = firmware == MachineFirmware.Uefi ? [Defect.NoFallbackLoader, Defect.StaticAddress] : [Defect.StaticAddress];
        var raw = Machines.Raw(generation, firmware, defects);
        Oracle.Run("cp", "--sparse=always", raw, path).MustSucceed();
        if (firmware == MachineFirmware.Uefi)
        {
            Put(path, Path.Combine(Parts("efi"), "bootmgfw.efi"), @"\EFI\Microsoft\Boot\bootmgfw.efi");
            return;
        }

        Put(path, Path.Combine(Parts("bios"), "bootmgr"), @"\bootmgr");
        var plan = DiskPlan.For(new MachineSpec { Firmware = firmware });
        using var disk = File.Open(path, FileMode.Open, FileAccess.ReadWrite);
        disk.Write(new byte[440]); // no boot code
        disk.Position = 0x1BE;
        disk.WriteByte(0); // no partition is active
        WriteBootArea(disk, plan.System.Offset, plan.System.Length, File.ReadAllBytes(Path.Combine(Parts("bios"), "boot-sector.bin")));
    });

    /// <summary>The same machine after <c>fix</c>.</summary>
    internal string Fixed(string generation, MachineFirmware firmware) => Make($"{generation}-{firmware}-fixed.raw", path =>
    {
        Oracle.Run("cp", "--sparse=always", Exported(generation, firmware), path).MustSucceed();
        Fix(path, generation);
    });

    /// <summary>A BIOS machine, made ready and then a UEFI machine; the stand-in is what Windows has in <c>\Windows\Boot\EFI</c>.</summary>
    internal string Converted(string generation) => Make($"{generation}-converted.raw", path =>
    {
        Oracle.Run("cp", "--sparse=always", Machines.Raw(generation, MachineFirmware.Bios), path).MustSucceed();
        Put(path, Path.Combine(Parts("efi"), "bootmgfw.efi"), @"\Windows\Boot\EFI\bootmgfw.efi", "2");
        Fix(path, generation);
        Tool.Run("convert-boot", "uefi", path, "--no-undo-keep").MustExit(0);
    });

    /// <summary>
    /// A machine whose system partition stayed behind, with nothing in sector 0 but the table, after <c>boot repair</c> and <c>fix</c>; the
    /// stand-in is what Windows has in <c>\Windows\Boot\PCAT</c> and in its boot sector.
    /// </summary>
    internal string Repaired(string generation) => Make($"{generation}-repaired.raw", path =>
    {
        Oracle.Run("cp", "--sparse=always", Machines.Raw(generation, MachineFirmware.Bios, Defect.NoSystemPartition), path).MustSucceed();
        Put(path, Path.Combine(Parts("bios"), "bootmgr"), @"\Windows\Boot\PCAT\bootmgr");
        var plan = DiskPlan.For(new MachineSpec { Defects = new HashSet<Defect> { Defect.NoSystemPartition } });
        using (var disk = File.Open(path, FileMode.Open, FileAccess.ReadWrite))
        {
            disk.Write(new byte[440]);
            WriteBootArea(disk, plan.Windows.Offset, plan.Windows.Length,
                File.ReadAllBytes(Path.Combine(Parts("bios"), "boot-sector.bin")));
        }

        Tool.Run("boot", "repair", path, "--no-undo-keep").MustExit(0);
        Fix(path, generation);
    });

    private void Fix(string path, string generation) => Tool.Run("fix", path, "--drivers", Machines.Drivers, "--cloudbase-init",
        Machines.AgentFor(generation), "--no-undo-keep").MustExit(0);

    /// <summary>The same machine with a boot manager that is found, and no driver for VirtIO disks.</summary>
    internal string WithoutDrivers(string generation, MachineFirmware firmware) => Make($"{generation}-{firmware}-loader.raw", path =>
    {
        Oracle.Run("cp", "--sparse=always", Exported(generation, firmware), path).MustSucceed();
        Tool.Run("fix", path, "--only", "boot.loader", "--no-undo-keep").MustExit(0);
    });

    /// <summary>A disk with a master boot record of <c>screens.asm</c> alone.</summary>
    internal string Screen(string name) => Make($"{name}.raw", path =>
    {
        File.Copy(Path.Combine(Parts("bios"), name + ".bin"), path);
        using var disk = File.Open(path, FileMode.Open, FileAccess.ReadWrite);
        disk.SetLength(16 << 20);
    });

    /// <summary>A UEFI machine whose fallback loader paints the blue page of Windows 10.</summary>
    internal string BluePage() => Make("blue-uefi.raw", path =>
    {
        Oracle.Run("cp", "--sparse=always", Machines.Raw("win10", MachineFirmware.Uefi, Defect.NoFallbackLoader), path).MustSucceed();
        Tool.Run("fs", "mkdir", path, "--partition", "1", @"\EFI\Boot", "--no-undo-keep").MustExit(0);
        Put(path, Path.Combine(Parts("efi"), "blue.efi"), @"\EFI\Boot\bootx64.efi");
    });

    /// <summary>Starts a throw-away view of an image with its disk on a bus, until the stand-in ends the machine.</summary>
    internal StandInRun Start(string image, MachineFirmware firmware, string bus)
    {
        using var scratch = new ScratchFolder();
        string[] controller = bus switch
        {
            "virtio-blk" => ["-device", "virtio-blk-pci,drive=disk"],
            "virtio-blk-modern" => ["-device", "virtio-blk-pci,drive=disk,disable-legacy=on,disable-modern=off"],
            "virtio-scsi" => ["-device", "virtio-scsi-pci,id=bus", "-device", "scsi-hd,bus=bus.0,drive=disk"],
            "sata" => ["-device", "ahci,id=bus", "-device", "ide-hd,bus=bus.0,drive=disk"],
            "nvme" => ["-device", "nvme,drive=disk,serial=1"],
            _ => throw new ArgumentOutOfRangeException(nameof(bus), bus, "not a bus"),
        };
        string[] firmwareFiles = [$"if=pflash,format=raw,readonly=on,file={Code}", $"if=pflash,format=raw,snapshot=on,file={Variables}"];
        string[] flash = firmware == MachineFirmware.Uefi ? ["-drive", firmwareFiles[0], "-drive", firmwareFiles[1]] : [];
        string[] arguments =
        [
            $"{Patience.TotalSeconds}", "qemu-system-x86_64", "-M", "pc", "-m", "512", "-display", "none", "-vga", "none", "-monitor",
            "none",
            "-net", "none", "-device", "isa-debug-exit,iobase=0x501,iosize=1", "-serial", $"file:{scratch["com1"]}", .. flash,
            "-drive", $"if=none,id=disk,file={image},format=raw,snapshot=on", .. controller,
        ];
        var result = Oracle.Run("timeout", arguments);
        var said = File.Exists(scratch["com1"]) ? File.ReadAllText(scratch["com1"]) : "";
        return new StandInRun(result.ExitCode,
            ControlSequence().Replace(said, "").Replace("\r", "", StringComparison.Ordinal) + result.Error);
    }

    /// <summary>The folder with the built stand-ins.</summary>
    private string Parts(string what) => Make("parts-" + what, path =>
        Oracle.Run("sh", Path.Combine(Repository.Root, "tests", "boot", "build.sh"), path, what).MustSucceed());

    private static void Put(string image, string source, string target, string partition = "1") =>
        Tool.Run("fs", "put", image, "--partition", partition, source, target, "--no-undo-keep").MustExit(0);

    private string Make(string name, Action<string> make) => _made.GetOrAdd(name, n => new Lazy<string>(() =>
    {
        make(_scratch[n]);
        return _scratch[n];
    })).Value;

    /// <summary>Puts boot code in the boot area of an NTFS volume, and says a wrong number of hidden sectors in it.</summary>
    private static void WriteBootArea(FileStream disk, long offset, long length, byte[] code)
    {
        var area = new byte[BootAreaLength];
        code.CopyTo(area, 0);
        disk.Position = offset + 3;
        disk.ReadExactly(area.AsSpan(3, 0x51)); // the description of the volume
        BitConverter.TryWriteBytes(area.AsSpan(0x1C), 63u);
        disk.Position = offset;
        disk.Write(area);
        disk.Position = offset + length - 512;
        disk.Write(area, 0, 512);
    }

    [GeneratedRegex(@"\x1B\[[0-9;=?]*[A-Za-z]")]
    private static partial Regex ControlSequence();
}

/// <summary>What a stand-in said on COM1.</summary>
internal sealed record StandInRun(int ExitCode, string Said)
{
    private const int Starts = 33; // isa-debug-exit: (0x10 * 2) + 1
    private const int Stops = 35;

    public IReadOnlyList<string> Lines(string kind) => [.. Said.Split('\n').Where(l => l.StartsWith(kind + " ", StringComparison.Ordinal))];

    public StandInRun MustStart()
    {
        Assert.True(ExitCode == Starts, $"exit code {ExitCode}\n{Said}");
        Assert.Contains("VERDICT starts", Said, StringComparison.Ordinal);
        return this;
    }

    public StandInRun MustStop(string problem)
    {
        Assert.True(ExitCode == Stops, $"exit code {ExitCode}\n{Said}");
        Assert.Contains(problem, Said, StringComparison.Ordinal);
        return this;
    }
}
