using OfflinePatch.Ntfs.Layout;

namespace OfflinePatch.Ntfs.Tests.Layout;

/// <summary>Update sequences: round trips, and refusal of what is torn.</summary>
public sealed class UpdateSequenceTests
{
    [Theory, Trait("tier", "layout")]
    [InlineData(1024)]
    [InlineData(4096)]
    public void Protects_and_restores(int size)
    {
        var record = New(size, 0x1234);
        var original = (byte[])record.Clone();
        Assert.True(UpdateSequence.TryEncode(record));
        Assert.Equal(0x1235, BitConverter.ToUInt16(record, 0x30));
        for (var end = 512; end <= size; end += 512)
        {
            Assert.Equal(0x1235, BitConverter.ToUInt16(record, end - 2));
        }

        for (var end = 512; end <= size; end += 512)
        {
            var torn = (byte[])record.Clone();
            torn[end - 1] ^= 1;
            Assert.False(UpdateSequence.TryDecode(torn));
        }

        Assert.True(UpdateSequence.TryDecode(record));
        Assert.Equal(original.AsSpan(0x34 + (2 * size / 512)), record.AsSpan(0x34 + (2 * size / 512)));
    }

    [Theory, Trait("tier", "layout")]
    [InlineData(0xFFFE, 1)]
    [InlineData(0xFFFF, 1)]
    [InlineData(0, 1)]
    public void The_number_is_never_0_or_FFFF(int before, int after)
    {
        var record = New(1024, (ushort)before);
        Assert.True(UpdateSequence.TryEncode(record));
        Assert.Equal(after, BitConverter.ToUInt16(record, 0x30));
    }

    [Theory, Trait("tier", "layout")]
    [InlineData(0x1FC, 3)]
    [InlineData(0x30, 2)]
    [InlineData(0x30, 4)]
    [InlineData(0x31, 3)]
    [InlineData(0xFFFE, 3)]
    public void An_array_that_does_not_fit_is_refused(int offset, int count)
    {
        var record = New(1024, 5);
        BitConverter.TryWriteBytes(record.AsSpan(4), (ushort)offset);
        BitConverter.TryWriteBytes(record.AsSpan(6), (ushort)count);
        Assert.False(UpdateSequence.TryDecode(record));
        Assert.False(UpdateSequence.TryEncode(record));
    }

    private static byte[] New(int size, ushort number)
    {
        var record = new byte[size];
        new Random(size).NextBytes(record);
        "FILE"u8.CopyTo(record);
        BitConverter.TryWriteBytes(record.AsSpan(4), (ushort)0x30);
        BitConverter.TryWriteBytes(record.AsSpan(6), (ushort)((size / 512) + 1));
        BitConverter.TryWriteBytes(record.AsSpan(0x30), number);
        return record;
    }
}
