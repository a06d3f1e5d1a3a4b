using OfflinePatch.Core;

namespace OfflinePatch.Disks.Tests.Formats;

/// <summary>Random reads and writes on a disk and on a copy of it in memory.</summary>
internal static class GuestModel
{
    /// <summary>A disk with data in some places, zeros in others.</summary>
    public static MemoryDevice Patterned(long length, int seed)
    {
        var random = new Random(seed);
        var disk = new MemoryDevice(length);
        for (var offset = 0L; offset < length;)
        {
            var run = (int)Math.Min(length - offset, random.Next(1, 300) * 512L);
            if (random.Next(3) != 0)
            {
                var bytes = new byte[run];
                random.NextBytes(bytes.AsSpan(0, Math.Min(run, random.Next(1, run + 1))));
                disk.Write(offset, bytes);
            }

            offset += run;
        }

        if (length >= 512)
        {
            disk.Write(510, [0x55, 0xAA]); // as the disk of a computer has it
        }

        return disk;
    }

    /// <summary>The same random writes to both; sometimes zeros, sometimes across borders, never past the end.</summary>
    public static void Write(DiskImage image, MemoryDevice model, int seed, int count, int maxLength = 300_000)
    {
        var random = new Random(seed);
        for (var i = 0; i < count; i++)
        {
            var length = random.Next(4) == 0 ? random.Next(1, maxLength) : random.Next(1, 9) * 512;
            var offset = random.NextInt64(0, model.Length);
            offset = random.Next(2) == 0 ? offset / 512 * 512 : offset;
            length = (int)Math.Min(length, model.Length - offset);
            var bytes = new byte[length];
            if (random.Next(5) != 0)
            {
                random.NextBytes(bytes);
            }

            image.Write(offset, bytes);
            model.Write(offset, bytes);
            if (i % 10 == 0)
            {
                AssertSameRange(model, image, Math.Max(0, offset - 70_000), Math.Min(model.Length, offset + length + 70_000));
            }
        }
    }

    /// <summary>Every byte of both is equal, and what <see cref="BlockDevice.GetExtent"/> calls zero is zero.</summary>
    public static void AssertSame(BlockDevice expected, BlockDevice actual)
    {
        Assert.Equal(expected.Length, actual.Length);
        for (var offset = 0L; offset < expected.Length;)
        {
            var run = actual.GetExtent(offset);
            Assert.Equal(offset, run.Offset);
            Assert.InRange(run.Length, 1, actual.Length - offset);
            var other = expected.GetExtent(offset);
            var length = Math.Min(run.Length, other.Length);
            if (!(run.IsZero && other.IsZero))
            {
                length = Math.Min(length, 1 << 20);
                AssertSameRange(expected, actual, offset, offset + length, run.IsZero);
            }

            offset += length;
        }
    }

    public static void AssertSameRange(BlockDevice expected, BlockDevice actual, long start, long end, bool mustBeZero = false)
    {
        var left = new byte[end - start];
        var right = new byte[end - start];
        expected.Read(start, left);
        if (mustBeZero)
        {
            Assert.False(left.AsSpan().ContainsAnyExcept((byte)0), $"GetExtent calls {start} to {end} zero; it is not");
        }

        actual.Read(start, right);
        var at = left.AsSpan().CommonPrefixLength(right);
        Assert.True(at == left.Length, $"differs at {start + at}");
    }
}
