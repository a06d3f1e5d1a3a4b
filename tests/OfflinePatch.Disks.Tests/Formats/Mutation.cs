using OfflinePatch.Core;
using OfflinePatch.Disks.Formats;
using OfflinePatch.Testing;

namespace OfflinePatch.Disks.Tests.Formats;

/// <summary>Opens and reads mutated containers: an answer, or one of the four error families; no hang, no great allocation.</summary>
internal static class Mutation
{
    private const long MaxAllocation = 64L * 1024 * 1024;
    private static readonly TimeSpan MaxTime = TimeSpan.FromSeconds(30); // a hang, not a busy machine

    /// <summary>Opens the image in <paramref name="files"/>, reads pieces of it, writes one where it can be written.</summary>
    public static void Try(IImageFiles files, string what)
    {
        var started = System.Diagnostics.Stopwatch.GetTimestamp();
        var allocated = GC.GetAllocatedBytesForCurrentThread();
        try
        {
            using var image = DiskFormats.Open(files);
            Touch(image);
        }
        catch (Exception e) when (e is CorruptImageException or UnsupportedImageException or RefusedException or IOException)
        {
            // The answer that damage asks for.
        }
        catch (Exception e)
        {
            throw new InvalidOperationException($"{what}: {e.GetType().Name}: {e.Message}\n{e.StackTrace}", e);
        }

        Assert.True(System.Diagnostics.Stopwatch.GetElapsedTime(started) < MaxTime,
            $"{what}: took {System.Diagnostics.Stopwatch.GetElapsedTime(started)}");
        var grown = GC.GetAllocatedBytesForCurrentThread() - allocated;
        Assert.True(grown < MaxAllocation, $"{what}: allocated {grown}");
    }

    /// <summary>Flips each bit of a range of the file, one at a time.</summary>
    public static void FlipEveryBit(byte[] file, int start, int length, Func<MemoryDevice, IImageFiles>? wrap = null, int step = 1)
    {
        for (var offset = start; offset < Math.Min(file.Length, start + length); offset += step)
        {
            for (var bit = 0; bit < 8; bit++)
            {
                var copy = new MemoryDevice(file);
                copy.Write(offset, [(byte)(file[offset] ^ (1 << bit))]);
                Try(wrap?.Invoke(copy) ?? new MemoryImageFiles(copy, "disk"), $"bit {bit} of 0x{offset:X}");
            }
        }
    }

    /// <summary>Cuts the file: every length below <paramref name="fine"/>, then some.</summary>
    public static void TruncateEverywhere(byte[] file, int fine, Func<MemoryDevice, IImageFiles>? wrap = null)
    {
        for (var length = 0; length < file.Length; length += length < fine ? 1 : Math.Max(512, file.Length / 200))
        {
            var copy = new MemoryDevice(file.AsSpan(0, length));
            Try(wrap?.Invoke(copy) ?? new MemoryImageFiles(copy, "disk"), $"cut to {length}");
        }
    }

    /// <summary>Random damage, mostly in the metadata: bytes, interesting numbers, copies of other parts, a cut.</summary>
    public static void Fuzz(byte[] file, int seed, int cases, IReadOnlyList<(int Start, int Length)> metadata, Func<MemoryDevice,
        IImageFiles>? wrap = null)
    {
        var started = System.Diagnostics.Stopwatch.GetTimestamp();
        for (var i = 0; i < cases; i++)
        {
            var random = new Random(unchecked(seed + (i * 7919)));
            var copy = new MemoryDevice(file);
            for (var n = random.Next(1, 5); n > 0; n--)
            {
                var (start, length) = metadata[random.Next(metadata.Count)];
                var offset = Math.Min(file.Length - 8, start + random.Next(length));
                var bytes = new byte[random.Next(3) == 0 ? 1 : random.Next(2) == 0 ? 4 : 8];
                switch (random.Next(4))
                {
                    case 0:
                        random.NextBytes(bytes);
                        break;
                    case 1:
                        bytes.AsSpan().Fill(random.Next(2) == 0 ? (byte)0xFF : (byte)0);
                        break;
                    case 2:
                        bytes[random.Next(bytes.Length)] = (byte)(1 << random.Next(8));
                        break;
                    default:
                        file.AsSpan(random.Next(file.Length - bytes.Length), bytes.Length).CopyTo(bytes);
                        break;
                }

                copy.Write(offset, bytes);
            }

            if (random.Next(10) == 0)
            {
                copy.SetLength(random.NextInt64(copy.Length));
            }

            Try(wrap?.Invoke(copy) ?? new MemoryImageFiles(copy, "disk"), $"seed {seed} case {i}");
        }

        Console.WriteLine($"{cases} cases, {cases / System.Diagnostics.Stopwatch.GetElapsedTime(started).TotalSeconds:0} per second");
    }

    private static void Touch(DiskImage image)
    {
        var buffer = new byte[4096];
        foreach (var offset in new[] { 0, image.Length / 3, image.Length / 2, Math.Max(0, image.Length - 4096) })
        {
            var count = (int)Math.Min(buffer.Length, image.Length - offset);
            image.Read(offset, buffer.AsSpan(0, count));
            if (count > 0)
            {
                var run = image.GetExtent(offset);
                Assert.InRange(run.Length, 1, image.Length - offset);
            }
        }

        if (image.WhyNotInPlace is null && image.Length >= 4096)
        {
            buffer.AsSpan().Fill(7);
            image.Write((image.Length / 2) - 2048, buffer);
            image.Flush();
        }
    }
}
