using OfflinePatch.Core.Text;

namespace OfflinePatch.Core.Tests.Text;

/// <summary>Sizes in words.</summary>
[Trait("tier", "unit")]
public sealed class ByteSizeTests
{
    [Theory]
    [InlineData(0, "0 B", "0 B")]
    [InlineData(1023, "1023 B", "1023 B")]
    [InlineData(1536 << 10, "1.5 MiB", "1.5 MiB")]
    [InlineData(40L << 30, "40 GiB", "40 GiB")]
    [InlineData((40L << 30) - (50 << 20), "40 GiB", "39.95 GiB")]
    [InlineData((40L << 30) - (1 << 20), "40 GiB", "39.999 GiB")]
    [InlineData((40L << 30) - 512, "40 GiB", "39.9999995 GiB")]
    [InlineData(2L << 40, "2 TiB", "2 TiB")]
    [InlineData(3000L << 40, "3000 TiB", "3000 TiB")]
    public void A_size_is_in_its_unit_and_one_below_a_limit_never_reads_as_the_limit(long bytes, string text, string precise)
    {
        Assert.Equal(text, ByteSize.Text(bytes));
        Assert.Equal(precise, ByteSize.Precise(bytes));
    }
}
