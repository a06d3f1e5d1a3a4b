using OfflinePatch.Core;
using OfflinePatch.Testing;
using OfflinePatch.Windows.BootStore;
using OfflinePatch.Windows.Tests.Machines;

namespace OfflinePatch.Windows.Tests.BootStore;

/// <summary>Our boot code: equal to its source, and started by SeaBIOS.</summary>
public sealed class MbrBootCodeTests
{
    [SkippableFact]
    [Trait("tier", "oracle")]
    public void The_bytes_are_those_of_the_source()
    {
        Oracle.Require("nasm");
        using var scratch = new ScratchFolder();
        var source = Path.Combine(Repository.Root, "src", "OfflinePatch.Windows", "BootStore", "mbr.asm");
        Oracle.Run("nasm", "-f", "bin", "-o", scratch["mbr.bin"], source).MustSucceed();
        Assert.Equal(File.ReadAllBytes(scratch["mbr.bin"]), MbrBootCode.Code.ToArray());
        Assert.InRange(MbrBootCode.Code.Length, 1, MbrBootCode.Space);
    }

    [SkippableTheory]
    [Trait("tier", "oracle")]
    [InlineData(2, 33)] // the boot sector ran
    [InlineData(0, null)] // no partition is active: a message, and a halt
    public void SeaBIOS_starts_the_active_partition(int active, int? exitCode)
    {
        Oracle.Require("qemu-system-x86_64");
        using var scratch = new ScratchFolder();
        var disk = new MemoryDevice(8 << 20);
        TestDisk.WriteMbr(disk, 1, (7, active == 1, 1 << 20, 1 << 20), (7, active == 2, 2 << 20, 1 << 20));
        disk.Write(0, new byte[MbrBootCode.Space]);
        Assert.True(MbrBootCode.IsMissing(disk));
        MbrBootCode.Write(disk);
        Assert.False(MbrBootCode.IsMissing(disk));
        var sector = new byte[512];
        byte[] code = [0xBA, 0x01, 0x05, 0xB0, 0x10, 0xEE, 0xF4]; // mov dx,501h; mov al,10h; out dx,al; hlt: QEMU ends with (10h * 2) + 1
        code.CopyTo(sector, 0);
        sector[510] = 0x55;
        sector[511] = 0xAA;
        disk.Write(2 << 20, sector);
        var image = new byte[disk.Length];
        disk.Read(0, image);
        File.WriteAllBytes(scratch["disk.raw"], image);
        var result = Oracle.Run(
            "timeout", "10", "qemu-system-x86_64", "-M", "pc", "-m", "32", "-display", "none", "-monitor", "none", "-serial", "none",
            "-net", "none",
            "-device", "isa-debug-exit,iobase=0x501,iosize=1", "-drive", $"file={scratch["disk.raw"]},format=raw,if=virtio,snapshot=on");
        Assert.Equal(exitCode ?? 124, result.ExitCode); // 124: it was still halted after ten seconds
    }
}
