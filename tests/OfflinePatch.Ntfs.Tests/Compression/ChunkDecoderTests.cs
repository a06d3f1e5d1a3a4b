using OfflinePatch.Core;
using OfflinePatch.Ntfs.Compression;

namespace OfflinePatch.Ntfs.Tests.Compression;

/// <summary>XPRESS-Huffman and LZX chunks by a foreign writer; damage must end in <see cref="CorruptImageException"/>.</summary>
public sealed class ChunkDecoderTests
{
    public static TheoryData<string, int, uint> GoldenChunks => new()
    {
        { "Xpress4K", 4096, 1 }, { "Xpress8K", 8192, 2 }, { "Xpress16K", 16384, 3 }, { "Lzx", 32768, 4 },
    };

    [Theory, MemberData(nameof(GoldenChunks)), Trait("tier", "layout")]
    public void Decodes_golden_chunks(string name, int length, uint seed)
    {
        var plain = new byte[length];
        Decode(name == "Lzx", SampleText.Golden(name), plain);
        Assert.True(plain.AsSpan().SequenceEqual(SampleText.Make(length, seed)));
    }

    [Theory, MemberData(nameof(GoldenChunks)), Trait("tier", "layout")]
    public void Every_truncation_is_refused_or_harmless(string name, int length, uint seed)
    {
        _ = seed;
        var chunk = SampleText.Golden(name);
        var plain = new byte[length];
        var refused = 0;
        for (var keep = 0; keep < chunk.Length; keep += keep < 300 ? 1 : 7)
        {
            try
            {
                Decode(name == "Lzx", chunk.AsSpan(0, keep), plain);
            }
            catch (CorruptImageException)
            {
                refused++;
            }
        }

        Assert.True(refused > 300);
    }

    [Theory, MemberData(nameof(GoldenChunks)), Trait("tier", "fuzz")]
    public void Bit_flips_and_noise_end_in_the_coded_error(string name, int length, uint seed)
    {
        var random = new Random((int)seed);
        var golden = SampleText.Golden(name);
        var plain = new byte[length];
        for (var i = 0; i < 3000; i++)
        {
            var chunk = (byte[])golden.Clone();
            for (var n = random.Next(1, 5); n > 0; n--)
            {
                chunk[random.Next(i % 2 == 0 ? 300 : chunk.Length)] ^= (byte)(1 << random.Next(8));
            }

            if (i % 10 == 0)
            {
                random.NextBytes(chunk.AsSpan(random.Next(300)));
            }

            try
            {
                Decode(name == "Lzx", chunk, plain.AsSpan(0, random.Next(plain.Length + 1)));
            }
            catch (CorruptImageException)
            {
                // the only answer that is allowed
            }
        }
    }

    [SkippableTheory, Trait("tier", "oracle")]
    [InlineData(false, 4096)]
    [InlineData(false, 8192)]
    [InlineData(false, 16384)]
    [InlineData(true, 32768)]
    public void Decodes_what_wimlib_compresses(bool lzx, int chunkSize)
    {
        var random = new Random(chunkSize);
        var compressed = 0;
        foreach (var level in new[] { 10, 50, 100 })
        {
            using var wim = LibWim.Require(lzx, chunkSize, level);
            for (var i = 0; i < 60; i++)
            {
                var plain = SampleText.Make(random.Next(1, chunkSize + 1), (uint)random.Next());
                if (i % 3 == 0)
                {
                    Repetitive(random, plain);
                }

                if (wim.Run(plain) is not { } chunk)
                {
                    continue;
                }

                var output = new byte[plain.Length];
                Decode(lzx, chunk, output);
                Assert.True(output.AsSpan().SequenceEqual(plain), $"level {level}, case {i}");
                compressed++;
            }
        }

        Assert.True(compressed > 100);
    }

    [Fact, Trait("tier", "unit")]
    public void Lzx_uncompressed_block_of_odd_length_is_followed_by_a_pad_byte()
    {
        // Two blocks by hand: uncompressed, 5 bytes + pad; uncompressed, 3 bytes. Bits: type 011, size flag 0, size 16 bits; then up to the
        // next word.
        byte[] chunk =
        [
            0x00, 0x60, 0x00, 0x50, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, (byte)'h', (byte)'e', (byte)'l', (byte)'l', (byte)'o', 0,
            0x00, 0x60, 0x00, 0x30, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, (byte)'y', (byte)'o', (byte)'u', 0,
        ];
        var plain = new byte[8];
        new Lzx().Decompress(chunk, plain);
        Assert.Equal("helloyou"u8.ToArray(), plain);
    }

    private static void Repetitive(Random random, byte[] plain)
    {
        for (var at = 0; at < plain.Length;)
        {
            var run = Math.Min(random.Next(1, 600), plain.Length - at);
            plain.AsSpan(at, run).Fill((byte)random.Next(256));
            at += run;
        }
    }

    private static void Decode(bool lzx, ReadOnlySpan<byte> chunk, Span<byte> plain)
    {
        if (lzx)
        {
            new Lzx().Decompress(chunk, plain);
        }
        else
        {
            new XpressHuffman().Decompress(chunk, plain);
        }
    }
}
