using OfflinePatch.Core;
using OfflinePatch.Ntfs.Compression;
using OfflinePatch.Testing;

namespace OfflinePatch.Ntfs.Tests.Compression;

public sealed class Lznt1Tests
{
    [SkippableFact, Trait("tier", "layout")]
    public void Decodes_a_unit_that_Windows_wrote()
    {
        var expected = Corpus.Read("ntfs/lznt1_real.expected");
        var unit = new byte[64 * 1024];
        var length = Lznt1.Decompress(Corpus.Read("ntfs/lznt1_real.bin"), unit);
        Assert.True(length >= expected.Length);
        Assert.True(unit.AsSpan(0, expected.Length).SequenceEqual(expected));
    }

    [SkippableFact, Trait("tier", "fuzz")]
    public void Damage_ends_in_the_coded_error()
    {
        var golden = Corpus.Has("ntfs/lznt1_real.bin") ? Corpus.Read("ntfs/lznt1_real.bin") : Pack(SampleText.Make(9000, 3));
        var random = new Random(7);
        var unit = new byte[64 * 1024];
        for (var i = 0; i < 5000; i++)
        {
            var bytes = golden[..random.Next(golden.Length + 1)];
            for (var n = random.Next(4); n > 0 && bytes.Length > 0; n--)
            {
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            }

            try
            {
                Lznt1.Decompress(bytes, unit.AsSpan(0, random.Next(unit.Length)));
            }
            catch (CorruptImageException)
            {
                // the only answer that is allowed
            }
        }
    }

    [Theory, Trait("tier", "unit")]
    [InlineData(1)]
    [InlineData(17)]
    [InlineData(4096)]
    [InlineData(4097)]
    [InlineData(65536)]
    public void Decodes_what_a_simple_writer_packs(int length)
    {
        var plain = SampleText.Make(length, (uint)length);
        var unit = new byte[65536];
        unit.AsSpan().Fill(0xAA);
        Assert.Equal(length, Lznt1.Decompress(Pack(plain), unit));
        Assert.True(unit.AsSpan(0, length).SequenceEqual(plain));
        Assert.False(unit.AsSpan(length).ContainsAnyExcept((byte)0));
    }

    /// <summary>A greedy LZNT1 writer from MS-XCA 2.5.</summary>
    private static byte[] Pack(ReadOnlySpan<byte> plain)
    {
        var output = new List<byte>();
        for (var start = 0; start < plain.Length; start += 4096)
        {
            var chunk = plain.Slice(start, Math.Min(4096, plain.Length - start));
            var body = new List<byte>();
            var at = 0;
            while (at < chunk.Length)
            {
                var flagsAt = body.Count;
                body.Add(0);
                for (var bit = 0; bit < 8 && at < chunk.Length; bit++)
                {
                    var split = 12;
                    while (split > 4 && at > 1 << (16 - split))
                    {
                        split--;
                    }

                    var (length, distance) = Longest(chunk, at, Math.Min(1 << (16 - split), at), (1 << split) + 2);
                    if (length < 3)
                    {
                        body.Add(chunk[at++]);
                        continue;
                    }

                    var token = ((distance - 1) << split) | (length - 3);
                    body.Add((byte)(token & 0xFF));
                    body.Add((byte)(token >> 8));
                    body[flagsAt] |= (byte)(1 << bit);
                    at += length;
                }
            }

            if (body.Count >= chunk.Length)
            {
                var plainHeader = 0x3000 | (chunk.Length - 1);
                output.AddRange([(byte)(plainHeader & 0xFF), (byte)(plainHeader >> 8), .. chunk]);
                continue;
            }

            var header = 0xB000 | (body.Count - 1);
            output.AddRange([(byte)(header & 0xFF), (byte)(header >> 8), .. body]);
        }

        output.AddRange([0, 0]);
        return [.. output];
    }

    private static (int Length, int Distance) Longest(ReadOnlySpan<byte> chunk, int at, int farthest, int longest)
    {
        var best = (Length: 0, Distance: 0);
        for (var distance = 1; distance <= farthest; distance++)
        {
            var length = 0;
            while (length < longest && at + length < chunk.Length && chunk[at + length] == chunk[at + length - distance])
            {
                length++;
            }

            if (length > best.Length)
            {
                best = (length, distance);
            }
        }

        return best;
    }
}
