using OfflinePatch.Core;
using OfflinePatch.Disks.Qcow2;
using OfflinePatch.Disks.Vhdx;
using OfflinePatch.Testing;

namespace OfflinePatch.Disks.Tests.Qcow2;

/// <summary>Fields against values that others have written or published.</summary>
public sealed class Qcow2LayoutTests
{
    [Theory]
    [InlineData(16, 0x4000_0000_0005_0000UL, 0x50000, 512)] // x = 54: no further sector
    [InlineData(16, 0x4040_0000_0005_0001UL, 0x50001, 1023)] // one more; the first byte is not the sector's first
    [InlineData(9, 0x6000_0000_0000_0200UL, 0x200, 1024)] // x = 61
    [InlineData(21, 0x4002_0000_0000_0000UL | 0x1FF, 0x1FF, 513)] // x = 49
    [Trait("tier", "layout")]
    public void Compressed_descriptors(int clusterBits, ulong entry, long offset, int length) =>
        Assert.Equal((offset, length), Qcow2Tables.CompressedRange(entry, clusterBits));

    [Fact]
    [Trait("tier", "layout")]
    public void Crc32_c_of_the_check_string()
    {
        Assert.Equal(0xE3069283u, ~Crc32C.Add(Crc32C.Start, "123456789"u8)); // RFC 3720 and every catalogue of CRCs
        Assert.Equal(0x8A9136AAu, ~Crc32C.Add(Crc32C.Start, new byte[32])); // RFC 3720 B.4
    }

    [SkippableFact]
    [Trait("tier", "layout")]
    public void The_header_of_an_image_of_the_corpus()
    {
        var header = Qcow2Header.Read(new MemoryDevice(Corpus.Read("containers/qcow2/backing-chain-1.qcow2")));
        Assert.Equal(3, header.Version);
        Assert.Equal(16, header.ClusterBits);
        Assert.Equal(4, header.RefcountOrder);
        Assert.Equal(0x10000, header.RefcountTableOffset);
        Assert.Equal(0x30000, header.L1Offset);
        Assert.Equal("qcow2", header.BackingFormat);
        Assert.StartsWith("backing-chain-", header.BackingFile, StringComparison.Ordinal);
    }
}
