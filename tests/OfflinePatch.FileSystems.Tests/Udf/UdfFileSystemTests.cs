using System.Buffers.Binary;
using OfflinePatch.Core;
using OfflinePatch.FileSystems.Tests.Iso;
using OfflinePatch.FileSystems.Udf;
using OfflinePatch.Testing;

namespace OfflinePatch.FileSystems.Tests.Udf;

public sealed class UdfFileSystemTests
{
    [Fact]
    [Trait("tier", "layout")]
    public void The_checksum_is_that_of_the_specification() =>
        Assert.Equal(0x3299, UdfVolume.ComputeCrc([0x70, 0x6A, 0x77])); // the example of ECMA-167 3/7.2.6

    [Fact]
    [Trait("tier", "layout")]
    public void Names_are_compressed_Unicode()
    {
        Assert.Equal("a\u00E9", UdfText.Decode([8, 0x61, 0xE9]));
        Assert.Equal("a\u0416", UdfText.Decode([16, 0, 0x61, 0x04, 0x16]));
        Assert.Null(UdfText.Decode([9, 0x61]));
    }

    [SkippableTheory]
    [Trait("tier", "oracle")]
    [InlineData("0x0102", "2048")]
    [InlineData("0x0150", "512")]
    [InlineData("0x0200", "4096")]
    [InlineData("0x0201", "2048")]
    [InlineData("0x0201", "1024")]
    public void Empty_volumes_of_mkudffs_open(string revision, string blockSize)
    {
        Oracle.Require("mkudffs");
        using var scratch = new ScratchFolder();
        using (var file = File.Create(scratch["v.udf"]))
        {
            file.SetLength(16 << 20);
        }

        Oracle.Run("mkudffs", "--utf8", "-m", "hd", "-l", "MyLabel", "-r", revision, "-b", blockSize, scratch["v.udf"]).MustSucceed();
        using var disc = (UdfFileSystem)FileSources.Open(scratch["v.udf"]);
        Assert.Equal("MyLabel", disc.Label);
        Assert.All(disc.Enumerate(""), e => Assert.Equal("lost+found", e.Name));
    }

    [SkippableFact]
    [Trait("tier", "oracle")]
    public void A_metadata_partition_is_said_and_a_bridge_falls_back()
    {
        Oracle.Require("mkudffs", "genisoimage");
        using var scratch = new ScratchFolder();
        using (var file = File.Create(scratch["v.udf"]))
        {
            file.SetLength(16 << 20);
        }

        Oracle.Run("mkudffs", "-m", "dvdrw", "-r", "0x0201", "-b", "2048", scratch["v.udf"]).MustSucceed();
        TreeWalk.Hostile("sparable", () => FileSources.Open(scratch["v.udf"]).Dispose());

        // A partition map of type 2 in a bridge disc: its ISO 9660 half still reads.
        var bytes = Discs.Small(scratch, "-udf", "-J");
        for (var sector = 32; sector < 300; sector++)
        {
            var at = sector * 2048;
            if (at + 2048 <= bytes.Length && BinaryPrimitives.ReadUInt16LittleEndian(bytes.AsSpan(at)) == 6 && bytes[at + 440] == 1)
            {
                bytes[at + 440] = 2;
                var length = BinaryPrimitives.ReadUInt16LittleEndian(bytes.AsSpan(at + 10));
                BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(at + 8), UdfVolume.ComputeCrc(bytes.AsSpan(at + 16, length)));
                bytes[at + 4] = 0;
                bytes[at + 4] = (byte)(bytes.AsSpan(at, 16).ToArray().Sum(b => b) & 0xFF);
            }
        }

        Assert.Equal("UDF-0006", Assert.Throws<UnsupportedImageException>(() => UdfFileSystem.Open(new MemoryDevice(bytes), "x")).Code);
        using var disc = FileSources.Open(new MemoryDevice(bytes), "x");
        Assert.Equal("ISO 9660 (Joliet)", disc.Format);
        Assert.Equal("b"u8.ToArray(), disc.ReadFile("one/two/b long name.txt"));
    }

    [SkippableFact]
    [Trait("tier", "unit")]
    public void Damage_is_said()
    {
        Oracle.Require("genisoimage");
        using var scratch = new ScratchFolder();
        var bytes = Discs.Small(scratch, "-udf");
        var anchor = (byte[])bytes.Clone();
        anchor.AsSpan(256 * 2048, 2048).Clear();
        TreeWalk.Hostile("second anchor", () => UdfFileSystem.Open(new MemoryDevice(anchor), "x").Dispose());
        Assert.Throws<CorruptImageException>(() => UdfFileSystem.Open(new MemoryDevice(bytes.AsSpan(0, 200 * 1024)), "x"));
        using var cut = UdfFileSystem.Open(new MemoryDevice(bytes.AsSpan(0, 267 * 2048)), "x");
        Assert.Throws<CorruptImageException>(() => TreeWalk.ReadAll(cut));
    }

    [SkippableTheory]
    [Trait("tier", "fuzz")]
    [InlineData(1)]
    [InlineData(2)]
    public void Mutations_give_typed_errors(int seed) => Fuzz(seed, 400);

    [SkippableTheory]
    [Trait("tier", "fuzz")]
    [Trait("speed", "slow")]
    [InlineData(11)]
    public void Mutations_give_typed_errors_long(int seed) => Fuzz(seed, 15_000);

    /// <summary>Mutates descriptors, and signs every tag again so that the mutations get past the checksums.</summary>
    private static void Fuzz(int seed, int cases)
    {
        Oracle.Require("genisoimage");
        using var scratch = new ScratchFolder();
        var bytes = Discs.Small(scratch, "-udf").AsSpan(0, 280 * 2048).ToArray();
        TreeWalk.Fuzz(bytes, cases, seed, d =>
        {
            var sector = new byte[2048];
            for (var i = 16; i < d.Length / 2048; i++)
            {
                d.Read(i * 2048L, sector);
                if (Sign(sector))
                {
                    d.Write(i * 2048L, sector);
                }
            }

            return UdfFileSystem.Open(d, "fuzz");
        }, r => r.Next(3) == 0 ? r.Next(32, 64) * 2048 + r.Next(512) : (r.Next(256, 275) * 2048) + r.Next(512));
    }

    private static bool Sign(byte[] sector)
    {
        var length = BinaryPrimitives.ReadUInt16LittleEndian(sector.AsSpan(10));
        if (BinaryPrimitives.ReadUInt16LittleEndian(sector) is 0 or > 300 || length > 2032)
        {
            return false;
        }

        BinaryPrimitives.WriteUInt16LittleEndian(sector.AsSpan(8), UdfVolume.ComputeCrc(sector.AsSpan(16, length)));
        sector[4] = 0;
        sector[4] = (byte)(sector.AsSpan(0, 16).ToArray().Sum(b => b) & 0xFF);
        return true;
    }
}
