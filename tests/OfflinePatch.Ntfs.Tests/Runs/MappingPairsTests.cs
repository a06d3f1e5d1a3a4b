using OfflinePatch.Core;
using OfflinePatch.Ntfs.Engine.Attributes;
using OfflinePatch.Ntfs.Runs;

namespace OfflinePatch.Ntfs.Tests.Runs;

/// <summary>Mapping pairs against bytes from the format's description, and against the lengths that chkdsk dislikes.</summary>
public sealed class MappingPairsTests
{
    private const long Clusters = 1L << 32;

    [Theory, Trait("tier", "layout")]
    [InlineData("21 18 34 56 00", "5634+18")]
    [InlineData("31 38 73 25 34 32 14 01 E5 11 02 31 42 AA 00 03 00", "342573+38 363758+114 393802+42")]
    [InlineData("11 30 60 01 10 11 20 E0 00", "60+30 hole+10 40+20")]
    [InlineData("00", "")]
    public void Known_lists(string bytes, string expected)
    {
        var pairs = Convert.FromHexString(bytes.Replace(" ", "", StringComparison.Ordinal));
        var runs = new RunList();
        MappingPairs.Decode(pairs, runs, Clusters, long.MaxValue >> 12, 5);
        Assert.Equal(expected, string.Join(' ', runs.Runs.Select(r => r.IsHole ? $"hole+{r.Count:X}" : $"{r.Lcn:X}+{r.Count:X}")));
        var encoded = new byte[64];
        var length = MappingPairs.Encode(runs, 0, encoded, out var next);
        Assert.Equal(runs.ClusterCount, next);
        Assert.Equal(pairs, encoded[..length]);
        Assert.Equal(length, MappingPairs.Measure(runs));
    }

    [Theory, Trait("tier", "layout")]
    [InlineData(0x7F, "11 7F 01 00")]
    [InlineData(0x80, "12 80 00 01 00")]
    [InlineData(0x7FFF, "12 FF 7F 01 00")]
    [InlineData(0x8000, "13 00 80 00 01 00")]
    [InlineData(0x800000, "14 00 00 80 00 01 00")]
    public void The_top_bit_of_a_length_is_clear(long count, string expected)
    {
        var runs = new RunList();
        runs.Append(1, count);
        var encoded = new byte[32];
        var length = MappingPairs.Encode(runs, 0, encoded, out _);
        Assert.Equal(Convert.FromHexString(expected.Replace(" ", "", StringComparison.Ordinal)), encoded[..length]);
    }

    [Theory, Trait("tier", "layout")]
    [InlineData("")]
    [InlineData("21")]
    [InlineData("21 18 34 56")]
    [InlineData("01 00 00")]
    [InlineData("11 80 01 00")]
    [InlineData("90 00")]
    [InlineData("19 01 01 01 01 01 01 01 01 01 01 00")]
    [InlineData("11 10 F0 00")]
    [InlineData("18 FF FF FF FF FF FF FF 7F 01 00")]
    [InlineData("81 01 00 00 00 00 00 00 00 80 00")]
    public void Broken_lists_are_refused(string bytes)
    {
        var pairs = Convert.FromHexString(bytes.Replace(" ", "", StringComparison.Ordinal));
        var error = Assert.Throws<CorruptImageException>(() => MappingPairs.Decode(pairs, new RunList(), 1000, long.MaxValue >> 12, 5));
        Assert.Equal("NTFS-0120", error.Code);
    }

    [Fact, Trait("tier", "unit")]
    public void Extents_cover_everything_once()
    {
        var random = new Random(3);
        for (var round = 0; round < 300; round++)
        {
            var runs = new RunList();
            for (var i = 0; i < random.Next(1, 60); i++)
            {
                runs.Append(random.Next(6) == 0 ? -1 : random.NextInt64(Clusters - 100_000), random.Next(1, 70_000));
            }

            var again = new RunList();
            var buffer = new byte[random.Next(24, 100)];
            for (long vcn = 0; vcn < runs.ClusterCount;)
            {
                var length = MappingPairs.Encode(runs, vcn, buffer, out var next);
                Assert.True(next > vcn);
                Assert.True(length <= buffer.Length);
                MappingPairs.Decode(buffer, again, Clusters, long.MaxValue >> 12, 0);
                Assert.Equal(next, again.ClusterCount);
                vcn = next;
            }

            Assert.Equal(runs.Runs, again.Runs);
        }
    }
}
