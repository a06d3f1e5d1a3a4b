using System.Buffers.Binary;
using OfflinePatch.Core;
using OfflinePatch.FileSystems.Msi;
using OfflinePatch.Testing;

namespace OfflinePatch.FileSystems.Tests.Msi;

public sealed class MsiFileSystemTests
{
    [Fact]
    [Trait("tier", "layout")]
    public void Stream_names_are_unpacked()
    {
        // from a package made by Windows Installer tools
        Assert.Equal("!_StringPool", MsiNames.Decode("\u4840\u3F3F\u4577\u446C\u3E6A\u44B2\u482F"));
        Assert.Equal("\u0005SummaryInformation", MsiNames.Decode("\u0005SummaryInformation"));
    }

    [SkippableFact]
    [Trait("tier", "oracle")]
    public void Packages_of_wixl_read_as_msiextract_reads_them()
    {
        Oracle.Require("wixl", "msiextract");
        using var scratch = new ScratchFolder();
        Iso.Discs.CreateTree(scratch["tree"], shortNames: false);
        Directory.Delete(scratch["tree/guest agent"], recursive: true);
        File.WriteAllText(scratch["tree/large.txt"], string.Join('\n', Enumerable.Range(0, 60_000)));
        var package = WixlPackage.Create(scratch, scratch["tree"]);
        using var tree = (MsiFileSystem)FileSources.Open(package);
        Assert.Equal("MSI", tree.Format);
        Assert.Equal("1.1.6.0", tree.Properties["ProductVersion"]);
        Assert.Equal("Cloudbase-Init 1.1.6", tree.Properties["ProductName"]);
        Assert.Empty(tree.Notes);
        Oracle.Run("msiextract", "-C", scratch["out"], package).MustSucceed();
        var ours = TreeWalk.ReadAll(tree);
        var theirs = TreeWalk.ReadHost(scratch["out"]);
        Assert.Equal(theirs.Where(f => f.Value is not null).Select(f => f.Key), ours.Where(f => f.Value is not null).Select(f => f.Key));
        foreach (var (path, content) in TreeWalk.ReadHost(scratch["tree"]))
        {
            Assert.Equal(content, ours["PFiles/Vendor/Product/" + path]);
        }

        var order = ours.Where(f => f.Value is not null).Select(f => tree.StorageOrderOf(f.Key)).ToArray();
        Assert.Equal(order.Length, order.Distinct().Count());
    }

    [SkippableFact]
    [Trait("tier", "unit")]
    public void A_cabinet_beside_the_package_is_found_or_missed()
    {
        using var scratch = new ScratchFolder();
        Directory.CreateDirectory(scratch["tree"]);
        File.WriteAllText(scratch["tree/a.txt"], "alpha");
        var package = WixlPackage.Create(scratch, scratch["tree"]);
        var bytes = File.ReadAllBytes(package);
        var cabinet = new CompoundFile(new MemoryDevice(bytes)).OpenStream("files.cab")!;
        var content = new byte[cabinet.Length];
        cabinet.Read(0, content);
        File.WriteAllBytes(scratch["XFILES.CAB"], content);
        bytes[bytes.AsSpan().IndexOf("#files.cab"u8)] = (byte)'x';
        File.WriteAllBytes(package, bytes);
        using (var tree = FileSources.Open(package))
        {
            Assert.Equal("alpha"u8.ToArray(), tree.ReadFile("PFiles/Vendor/Product/a.txt"));
        }

        File.Delete(scratch["XFILES.CAB"]);
        using var missing = FileSources.Open(package);
        Assert.Equal("MSI-0006", Assert.Throws<HostIOException>(() => missing.ReadFile("PFiles/Vendor/Product/a.txt")).Code);
    }

    [SkippableTheory]
    [Trait("tier", "fuzz")]
    [InlineData(1)]
    [InlineData(2)]
    public void Mutations_give_typed_errors(int seed) => Fuzz(seed, 600);

    [SkippableTheory]
    [Trait("tier", "fuzz")]
    [Trait("speed", "slow")]
    [InlineData(11)]
    [InlineData(12)]
    public void Mutations_give_typed_errors_long(int seed) => Fuzz(seed, 20_000);

    [Fact]
    [Trait("tier", "unit")]
    public void A_compound_file_that_is_no_package_is_said()
    {
        var bytes = new byte[4 * 512];
        byte[] signature = [0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1];
        signature.CopyTo(bytes, 0);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(0x1A), 3);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(0x1C), 0xFFFE);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(0x1E), 9);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(0x20), 6);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(0x2C), 1);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(0x30), 1);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(0x3C), 0xFFFFFFFE);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(0x44), 0xFFFFFFFE);
        bytes.AsSpan(0x200, 512).Fill(0xFF);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(0x204), 0xFFFFFFFE);
        bytes[0x400 + 0x42] = 5;
        bytes.AsSpan(0x400 + 0x44, 12).Fill(0xFF);
        Assert.Equal("MSI-0010", Assert.Throws<UnsupportedImageException>(() => FileSources.Open(new MemoryDevice(bytes), "x")).Code);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(0x204), 1); // the directory's chain leads to itself
        Assert.Throws<CorruptImageException>(() => FileSources.Open(new MemoryDevice(bytes), "x"));
    }

    private static void Fuzz(int seed, int cases)
    {
        using var scratch = new ScratchFolder();
        Directory.CreateDirectory(scratch["tree/sub"]);
        File.WriteAllText(scratch["tree/a.txt"], "alpha");
        File.WriteAllText(scratch["tree/sub/b.txt"], new string('b', 5000));
        var bytes = File.ReadAllBytes(WixlPackage.Create(scratch, scratch["tree"]));
        TreeWalk.Fuzz(bytes, cases, seed, d => MsiFileSystem.Open(d, "fuzz.msi"),
            r => r.Next(4) == 0 ? r.Next(0x60) : r.Next(bytes.Length));
    }
}
