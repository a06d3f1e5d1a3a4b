using OfflinePatch.Core;

namespace OfflinePatch.Disks.Tests.Formats;

/// <summary>A guest disk in memory that an image is held against, through random reads and writes.</summary>
internal sealed class DiskModel(byte[] content, int seed)
{
    private readonly Random _random = new(seed);

    public byte[] Content => content;

    /// <summary>Content with runs of random bytes, of repeated text, and of zeros.</summary>
    public static byte[] Mixed(int length, int seed)
    {
        var random = new Random(seed);
        var content = new byte[length];
        for (var at = 0; at < length;)
        {
            var run = Math.Min(length - at, random.Next(1, 300_000));
            switch (random.Next(3))
            {
                case 0:
                    random.NextBytes(content.AsSpan(at, run));
                    break;
                case 1:
                    for (var i = 0; i < run; i++)
                    {
                        content[at + i] = (byte)("offline patch "[i % 14] ^ ((at / 997) & 0xFF));
                    }

                    break;
            }

            at += run;
        }

        return content;
    }

    /// <summary>Writes at random places, to the image and here.</summary>
    public void Write(BlockDevice image, int count)
    {
        for (var i = 0; i < count; i++)
        {
            var (offset, length) = Range();
            var bytes = new byte[length];
            switch (_random.Next(4))
            {
                case 0:
                    break;
                case 1:
                    bytes.AsSpan().Fill((byte)_random.Next(256));
                    break;
                default:
                    _random.NextBytes(bytes);
                    break;
            }

            bytes.CopyTo(content, offset);
            image.Write(offset, bytes);
            if (i % 16 == 0)
            {
                Read(image, 4);
            }
        }
    }

    /// <summary>Reads at random places and compares.</summary>
    public void Read(BlockDevice image, int count)
    {
        for (var i = 0; i < count; i++)
        {
            var (offset, length) = Range();
            var bytes = new byte[length];
            _random.NextBytes(bytes);
            image.Read(offset, bytes);
            Assert.True(bytes.AsSpan().SequenceEqual(content.AsSpan(offset, length)), $"{length} bytes at {offset} differ");
        }
    }

    /// <summary>Compares the whole disk, and every extent.</summary>
    public void AssertSame(BlockDevice image)
    {
        Assert.Equal(content.Length, image.Length);
        var bytes = new byte[content.Length];
        image.Read(0, bytes);
        var difference = bytes.AsSpan().CommonPrefixLength(content);
        Assert.True(difference == content.Length, $"the first difference is at {difference}");
        for (long at = 0; at < image.Length;)
        {
            var extent = image.GetExtent(at);
            Assert.Equal(at, extent.Offset);
            Assert.InRange(extent.Length, 1, image.Length - at);
            if (extent.IsZero)
            {
                Assert.False(content.AsSpan((int)at, (int)extent.Length).ContainsAnyExcept((byte)0), $"extent at {at} is said to be zero");
            }

            at += extent.Length;
        }
    }

    private (int Offset, int Length) Range()
    {
        var length = _random.Next(4) switch
        {
            0 => _random.Next(1, 600),
            1 => 512 * _random.Next(1, 16),
            2 => _random.Next(1, 70_000),
            _ => _random.Next(1, 400_000),
        };
        length = Math.Min(length, content.Length);
        var offset = _random.Next(0, content.Length - length + 1);
        return _random.Next(2) == 0 ? (offset & ~511, Math.Min(length, content.Length - (offset & ~511))) : (offset, length);
    }
}
