using System.Diagnostics;
using OfflinePatch.Core;
using OfflinePatch.Disks.Formats;
using OfflinePatch.Testing;

namespace OfflinePatch.Disks.Tests.Formats;

/// <summary>Damages containers, and uses them: an answer, or one of the four error families; no hang, no great allocation.</summary>
internal static class Mutation
{
    private const long MaxAllocated = 64L * 1024 * 1024;
    private static readonly TimeSpan MaxTime = TimeSpan.FromSeconds(30); // a hang, not a busy machine

    /// <summary>Opens an image, reads, asks for extents, writes where it can be written, and does it again.</summary>
    /// <returns>Whether nothing was refused.</returns>
    public static bool Try(IImageFiles files, string what, int seed = 1)
    {
        var started = Stopwatch.GetTimestamp();
        var allocated = GC.GetAllocatedBytesForCurrentThread();
        var isWhole = false;
        try
        {
            var random = new Random(seed);
            Use(files, random);
            Use(files, random);
            isWhole = true;
        }
        catch (Exception e) when (e is CorruptImageException or UnsupportedImageException or RefusedException or IOException)
        {
            Assert.True(e is not ICodedError { Code.Length: < 6 }, what); // the answer that damage asks for
        }
        catch (Exception e) when (e is not Xunit.Sdk.XunitException)
        {
            Assert.Fail($"{what}: {e}");
        }

        Assert.True(Stopwatch.GetElapsedTime(started) < MaxTime, $"{what} took {Stopwatch.GetElapsedTime(started)}");
        allocated = GC.GetAllocatedBytesForCurrentThread() - allocated;
        var stored = files.Image is MemoryDevice device ? device.AllocatedBytes : 0;
        Assert.True(allocated < MaxAllocated + (2 * stored), $"{what} allocated {allocated} bytes");
        return isWhole;
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
        var started = Stopwatch.GetTimestamp();
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

        Console.WriteLine($"{cases} cases, {cases / Stopwatch.GetElapsedTime(started).TotalSeconds:0} per second");
    }

    private static void Use(IImageFiles files, Random random)
    {
        using var image = DiskFormats.Open(files);
        Assert.NotEmpty(image.Properties.Select(p => p.Value).Append(image.Subformat));
        var buffer = new byte[96 * 1024];
        for (var i = 0; i < 8 && image.Length > 0; i++)
        {
            var at = i switch { 0 => 0, 1 => Math.Max(0, image.Length - buffer.Length), _ => random.NextInt64(image.Length) };
            image.Read(at, buffer.AsSpan(0, (int)Math.Min(buffer.Length, image.Length - at)));
            Assert.InRange(image.GetExtent(at).Length, 1, image.Length - at);
        }

        for (var i = 0; i < 4 && image.Length > 0 && image.WhyNotInPlace is null; i++)
        {
            var at = random.NextInt64(image.Length);
            random.NextBytes(buffer.AsSpan(0, 64));
            image.Write(at, buffer.AsSpan(0, (int)Math.Min(random.Next(1, 20_000), image.Length - at)));
        }

        image.Flush();
    }
}
