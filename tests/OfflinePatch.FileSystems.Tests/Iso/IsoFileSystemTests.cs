using System.Buffers.Binary;
using OfflinePatch.Core;
using OfflinePatch.FileSystems.Iso;
using OfflinePatch.Testing;

namespace OfflinePatch.FileSystems.Tests.Iso;

public sealed class IsoFileSystemTests
{
    [SkippableTheory]
    [Trait("tier", "oracle")]
    [InlineData("genisoimage", "ISO 9660 (Joliet)", "-J", "-joliet-long", "-R")]
    [InlineData("genisoimage", "ISO 9660 (Joliet)", "-J", "-iso-level", "3")]
    [InlineData("xorriso", "ISO 9660 (Joliet)", "-as", "mkisofs", "-J", "-joliet-long")]
    [InlineData("genisoimage", "UDF", "-J", "-R", "-udf")]
    public void Discs_of_foreign_writers_read_the_same(string program, string format, params string[] options)
    {
        Oracle.Require(program);
        using var scratch = new ScratchFolder();
        Discs.CreateTree(scratch["tree"]);
        Oracle.Run("env", ["LC_ALL=C.UTF-8", program, .. options, "-quiet", .. program == "genisoimage"
            ? new[] { "-input-charset", "utf-8" } : [], "-V", "VIRTIO", "-o", scratch["disc.bin"], scratch["tree"]]).MustSucceed();
        using var disc = FileSources.Open(scratch["disc.bin"]);
        Assert.Equal(format, disc.Format);
        TreeWalk.AssertSame(TreeWalk.ReadHost(scratch["tree"]), TreeWalk.ReadAll(disc));
        Assert.True(disc.FileExists("NETKVM\\W10\\AMD64\\a longer FILE name 3.sys"));
        Assert.InRange(disc.Find("autorun.inf")!.Value.LastWriteTimeUtc, DateTime.UtcNow.AddHours(-1), DateTime.UtcNow.AddHours(1));
        var expected = File.ReadAllBytes(scratch["tree/NetKVM/w10/amd64/A longer file name 3.sys"]);
        var part = new byte[100];
        Assert.Equal(100, disc.Read("netkvm/w10/amd64/A longer file name 3.sys", 1000, part));
        Assert.Equal(expected.AsSpan(1000, 100).ToArray(), part);
    }

    [SkippableFact]
    [Trait("tier", "oracle")]
    public void A_plain_disc_has_its_names_without_versions()
    {
        Oracle.Require("genisoimage");
        using var scratch = new ScratchFolder();
        Discs.CreateTree(scratch["tree"], shortNames: true);
        Oracle.Run("genisoimage", "-quiet", "-V", "PLAIN", "-o", scratch["disc.iso"], scratch["tree"]).MustSucceed();
        using var disc = (IsoFileSystem)FileSources.Open(scratch["disc.iso"]);
        Assert.False(disc.IsJoliet);
        Assert.Equal("PLAIN", disc.Label);
        TreeWalk.AssertSame(TreeWalk.ReadHost(scratch["tree"]), TreeWalk.ReadAll(disc));
    }

    [SkippableFact]
    [Trait("tier", "unit")]
    public void A_file_of_several_extents_is_whole()
    {
        Oracle.Require("genisoimage");
        using var scratch = new ScratchFolder();
        Directory.CreateDirectory(scratch["tree"]);
        File.WriteAllBytes(scratch["tree/FILE1.BIN"], Enumerable.Repeat((byte)1, 4096).ToArray());
        File.WriteAllBytes(scratch["tree/FILE2.BIN"], Enumerable.Repeat((byte)2, 1000).ToArray());
        Oracle.Run("genisoimage", "-quiet", "-V", "MULTI", "-o", scratch["disc.iso"], scratch["tree"]).MustSucceed();
        var bytes = File.ReadAllBytes(scratch["disc.iso"]);
        var first = bytes.AsSpan().IndexOf("FILE1.BIN;1"u8) - 33;
        var second = bytes.AsSpan().IndexOf("FILE2.BIN;1"u8) - 33;
        bytes[first + 25] |= 0x80;
        bytes[second + 33 + 4] = (byte)'1';
        using var disc = IsoFileSystem.Open(new MemoryDevice(bytes), "multi");
        Assert.Equal(["FILE1.BIN"], disc.Enumerate("").Select(e => e.Name));
        Assert.Equal([.. Enumerable.Repeat((byte)1, 4096), .. Enumerable.Repeat((byte)2, 1000)], disc.ReadFile("file1.bin"));
        var part = new byte[10];
        Assert.Equal(10, disc.Read("FILE1.BIN", 4091, part));
        Assert.Equal(new byte[] { 1, 1, 1, 1, 1, 2, 2, 2, 2, 2 }, part);

        // Its own version 2, and the same version twice.
        bytes[first + 25] = 0;
        bytes[second + 33 + 10] = (byte)'2';
        using (var versions = IsoFileSystem.Open(new MemoryDevice(bytes), "versions"))
        {
            Assert.Equal(1000, versions.Find("FILE1.BIN")!.Value.Length);
        }

        bytes[second + 33 + 10] = (byte)'1';
        using var twice = IsoFileSystem.Open(new MemoryDevice(bytes), "twice");
        Assert.Equal("TREE-0002", Assert.Throws<CorruptImageException>(() => twice.Enumerate("")).Code);
    }

    [SkippableFact]
    [Trait("tier", "unit")]
    public void A_truncated_disc_and_a_cycle_are_said()
    {
        Oracle.Require("genisoimage");
        using var scratch = new ScratchFolder();
        var bytes = Discs.Small(scratch);
        var start = bytes.AsSpan(0, 44 * 1024).ToArray();
        Assert.Equal("ISO-0008", Assert.Throws<CorruptImageException>(() => IsoFileSystem.Open(new MemoryDevice(start), "cut")).Code);
        using (var cut = IsoFileSystem.Open(new MemoryDevice(Shortened(start)), "cut"))
        {
            Assert.Throws<CorruptImageException>(() => TreeWalk.ReadAll(cut));
        }

        // The directory TWO leads back to the root.
        var root = BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(0x8000 + 156 + 2));
        var two = bytes.AsSpan(0x8000).IndexOf("\u0003TWO"u8) + 0x8000 - 32;
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(two + 2), root);
        using var looped = IsoFileSystem.Open(new MemoryDevice(bytes), "loop");
        Assert.Equal("ISO-0005", Assert.Throws<CorruptImageException>(() => TreeWalk.ReadAll(looped)).Code);
    }

    [SkippableTheory]
    [Trait("tier", "fuzz")]
    [InlineData(1, "-J")]
    [InlineData(2, "-iso-level", "1")]
    public void Mutations_give_typed_errors(int seed, params string[] options) => Fuzz(seed, 500, options);

    [SkippableTheory]
    [Trait("tier", "fuzz")]
    [Trait("speed", "slow")]
    [InlineData(11, "-J")]
    [InlineData(12, "-iso-level", "1")]
    public void Mutations_give_typed_errors_long(int seed, params string[] options) => Fuzz(seed, 20_000, options);

    /// <summary>The start of a disc whose descriptors say that this is all.</summary>
    private static byte[] Shortened(byte[] bytes)
    {
        for (var at = 0x8000; bytes.AsSpan(at + 1, 5).SequenceEqual("CD001"u8); at += 2048)
        {
            BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(at + 0x50), bytes.Length / 2048);
        }

        return bytes;
    }

    private static void Fuzz(int seed, int cases, string[] options)
    {
        Oracle.Require("genisoimage");
        using var scratch = new ScratchFolder();
        var bytes = Shortened(Discs.Small(scratch, options).AsSpan(0, 128 * 1024).ToArray());
        TreeWalk.Fuzz(bytes, cases, seed, d => IsoFileSystem.Open(d, "fuzz"),
            r => r.Next(0x8000, Math.Min(bytes.Length, 0x8000 + (26 * 2048))));
    }
}
