using OfflinePatch.Core;
using OfflinePatch.Testing;

namespace OfflinePatch.Cli.Tests.Commands;

/// <summary>Encrypted containers, each of which is refused by name before anything is done with it.</summary>
[Trait("tier", "e2e")]
public sealed class EncryptionTests
{
    public static TheoryData<string, string> Containers => new()
    {
        { "qcow", "QCOW-0002" }, { "qcow2-aes", "QCOW2-0006" }, { "qcow2-luks", "QCOW2-0006" }, { "luks", "DISK-0002" },
        { "vdi", "VDI-0202" }, { "vmdk", "VMDK-0201" },
    };

    [Theory]
    [MemberData(nameof(Containers))]
    public void Encrypted_container_is_refused_by_every_command(string kind, string code)
    {
        using var scratch = new ScratchFolder();
        var image = Make(scratch, kind);
        var before = File.ReadAllBytes(image);
        foreach (var command in new[] { "fix", "check", "inspect" })
        {
            var result = Tool.RunJson(command, image).MustExit(4);
            Assert.Equal(code, result.ErrorCode);
            Assert.Contains("image.encryption", result.Image.GetProperty("error").GetProperty("message").GetString(),
                StringComparison.Ordinal);
            Assert.NotEmpty(result.Image.GetProperty("error").GetProperty("remedy").GetString()!);
        }

        Assert.Contains(code, Tool.Run("convert", image, "-o", scratch["out.raw"]).MustExit(4).Error, StringComparison.Ordinal);
        Assert.Equal(before, File.ReadAllBytes(image));
        Assert.False(File.Exists(scratch["out.raw"]));
    }

    [SkippableTheory]
    [InlineData("luks", "key-secret=key,iter-time=10", "DISK-0002")]
    [InlineData("qcow2", "encrypt.format=luks,encrypt.key-secret=key,encrypt.iter-time=10", "QCOW2-0006")]
    [Trait("tier", "oracle")]
    public void What_qemu_encrypts_is_refused(string driver, string options, string code)
    {
        Oracle.Require("qemu-img");
        using var scratch = new ScratchFolder();
        var image = scratch["image"];
        var made = Oracle.Run("qemu-img", "create", "-q", "-f", driver, "--object", "secret,id=key,data=secret", "-o", options, image,
            "8M");
        // it times its key derivation, and gives up where it cannot
        Skip.If(made.ExitCode != 0, $"qemu-img could not encrypt on this machine: {made.Error}");
        Assert.Equal(code, Tool.RunJson("check", image).MustExit(4).ErrorCode);
    }

    private static string Make(ScratchFolder scratch, string kind)
    {
        var image = scratch["image"];
        if (kind == "luks")
        {
            var bytes = new byte[1 << 20];
            new Random(1).NextBytes(bytes.AsSpan(4096));
            "LUKS"u8.CopyTo(bytes);
            bytes[4] = 0xBA;
            bytes[5] = 0xBE;
            bytes[7] = 1;
            File.WriteAllBytes(image, bytes);
            return image;
        }

        if (kind == "vmdk")
        {
            File.WriteAllText(image,
                "# Disk DescriptorFile\nversion=1\nCID=12345678\nparentCID=ffffffff\ncreateType=\"monolithicFlat\"\nRW 2048 FLAT "
                    + "\"image-flat\" 0\n"
                + "encryption.keySafe = \"vmware:key/list/(pair/(phrase/x))\"\n");
            File.WriteAllBytes(scratch["image-flat"], new byte[1 << 20]);
            return image;
        }

        var disk = new byte[4 << 20];
        disk[510] = 0x55;
        disk[511] = 0xAA;
        if (kind == "vdi")
        {
            new Random(2).NextBytes(disk); // what AES-XTS leaves of it; the container says nothing
            disk[510] = 0;
        }

        Write(image, kind.Split('-')[0], disk);
        if (kind != "vdi")
        {
            var bytes = File.ReadAllBytes(image);
            bytes[kind == "qcow" ? 39 : 35] = (byte)(kind == "qcow2-luks" ? 2 : 1); // crypt_method, big-endian
            File.WriteAllBytes(image, bytes);
        }

        return image;
    }

    private static void Write(string path, string format, byte[] content)
    {
        var target = Disks.Formats.DiskFormats.All.First(
            f => string.Equals(f.Format.ToString(), format, StringComparison.OrdinalIgnoreCase));
        using var output = new OutputFile(path, overwrite: true);
        Disks.Conversion.DiskConverter.Convert(new MemoryDevice(content), target, output, new Disks.DiskWriterOptions());
        output.Complete();
    }
}
