using OfflinePatch.Ntfs.Layout;
using OfflinePatch.Ntfs.Replay;

namespace OfflinePatch.Ntfs.Tests.Replay;

[Trait("tier", "unit")]
public sealed class RestartTableEntriesTests
{
    private const string Common = "FFFFFFFF 50000000 00000000 02000000";
    private const string Place = "0700000000000000 0301000000000000 1000000000000000 1100000000000000";

    [Theory]
    [InlineData(0, Common + "00000000" + Place)]
    [InlineData(1, Common + Place)]
    public void A_dirty_page_is_read_in_both_versions(uint version, string entry)
    {
        Assert.True(DirtyPage.TryParse(Bytes(entry), version, out var page, out _));
        Assert.Equal((0x50, 7L, 0x103UL), (page.Attribute, page.Vcn, page.OldestLsn));
        Assert.Equal([0x10L, 0x11L], page.Lcns);
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(0, 2)]
    [InlineData(1, 3)]
    [InlineData(1, uint.MaxValue)]
    public void A_dirty_page_that_its_entry_has_no_room_for_is_not(uint version, uint clusters)
    {
        var entry = new byte[0x20]; // the least that a table's entry has
        BitConverter.TryWriteBytes(entry.AsSpan(0x0C), clusters);
        Assert.False(DirtyPage.TryParse(entry, version, out _, out var count));
        Assert.Equal(clusters, count);
    }

    [Fact]
    public void A_transaction_is_read()
    {
        var transaction = OpenTransaction.Parse(
            Bytes("FFFFFFFF 02000000 0102000000000000 0000000000000000 0504000000000000 0000000000000000"));
        Assert.Equal((0x201UL, 0x405UL, false), (transaction.FirstLsn, transaction.UndoNextLsn, transaction.IsActive));
    }

    [Theory]
    [InlineData(0, "FFFFFFFF 00000000 2700000000000500 00000000 00000000 00000000 A0000000 0000000000000000 00100000")]
    [InlineData(1, "FFFFFFFF 00100000 A0000000 00000000 2700000000000500 0000000000000000 0000000000000000")]
    public void An_open_attribute_is_read_in_both_versions(uint version, string entry) => Assert.Equal(
        new OpenAttribute(AttributeType.IndexAllocation, 4096, new FileReference(0x27, 5)), OpenAttribute.Parse(Bytes(entry), version));

    private static byte[] Bytes(string text) => Convert.FromHexString(text.Replace(" ", "", StringComparison.Ordinal));
}
