using System.Buffers.Binary;
using System.Text;
using OfflinePatch.Core;
using OfflinePatch.Ntfs.Compression;
using OfflinePatch.Testing;

namespace OfflinePatch.Ntfs.Tests.Compression;

public sealed class WofReaderTests
{
    /// <summary>Streams that Windows wrote (compact /exe); the plain lengths stand in the project that made them.</summary>
    [SkippableTheory, Trait("tier", "layout")]
    [InlineData("test4k", nameof(WofAlgorithm.Xpress4K), 24408)]
    [InlineData("test8k", nameof(WofAlgorithm.Xpress8K), 32832)]
    [InlineData("test16k", nameof(WofAlgorithm.Xpress16K), 17004)]
    public void Decodes_streams_that_Windows_wrote(string name, string method, int length)
    {
        var algorithm = Enum.Parse<WofAlgorithm>(method);
        var text = Plain(name, algorithm, length);
        AssertRepeats(text);
    }

    [SkippableFact, Trait("tier", "layout")]
    public void Decodes_the_LZX_stream_that_Windows_wrote()
    {
        // Its length is not recorded: the one that ends in whole repetitions of the text and none other decodes.
        Corpus.Require("ntfs/wof/testlzx.txt.WofCompressedData");
        var raw = Corpus.Read("ntfs/wof/testlzx.txt.WofCompressedData");
        var lengths = Enumerable.Range(1, Lzx.ChunkSize).Where(n => Decodes(raw, n)).ToList();
        var length = Assert.Single(lengths);
        AssertRepeats(Plain("testlzx", WofAlgorithm.Lzx, length));
    }

    [Theory, Trait("tier", "unit")]
    [InlineData(nameof(WofAlgorithm.Xpress4K), "Xpress4K", 4096, 1u)]
    [InlineData(nameof(WofAlgorithm.Lzx), "Lzx", 32768, 4u)]
    public void Reads_any_range_of_a_stream_with_raw_and_short_chunks(string method, string golden, int chunkSize, uint seed)
    {
        var algorithm = Enum.Parse<WofAlgorithm>(method);
        // chunk 0 and 2 compressed, chunk 1 stored plain, chunk 3 stored plain and short
        var packed = SampleText.Golden(golden);
        var plainChunk = SampleText.Make(chunkSize, seed);
        var noise = new byte[chunkSize];
        new Random(5).NextBytes(noise);
        byte[] expected = [.. plainChunk, .. noise, .. plainChunk, .. noise[..100]];
        var table = new byte[12];
        BinaryPrimitives.WriteInt32LittleEndian(table, packed.Length);
        BinaryPrimitives.WriteInt32LittleEndian(table.AsSpan(4), packed.Length + chunkSize);
        BinaryPrimitives.WriteInt32LittleEndian(table.AsSpan(8), (2 * packed.Length) + chunkSize);
        byte[] raw = [.. table, .. packed, .. noise, .. packed, .. noise[..100]];
        var reader = new WofReader((o, b) => raw.AsSpan((int)o, b.Length).CopyTo(b), raw.Length, expected.Length, algorithm);
        using var stream = new ContentStream(reader);
        var all = new byte[expected.Length];
        stream.ReadExactly(all);
        Assert.True(all.AsSpan().SequenceEqual(expected));
        Assert.Equal(0, stream.Read(all));
        var random = new Random(1);
        for (var i = 0; i < 200; i++)
        {
            var offset = random.Next(expected.Length);
            var buffer = new byte[random.Next(1, 3 * chunkSize)];
            var read = reader.Read(offset, buffer);
            Assert.Equal(Math.Min(buffer.Length, expected.Length - offset), read);
            Assert.True(buffer.AsSpan(0, read).SequenceEqual(expected.AsSpan(offset, read)));
        }
    }

    [Theory, Trait("tier", "unit")]
    [InlineData(4096L * 1000, 100)]
    [InlineData(long.MaxValue, 100)]
    [InlineData(1L, 0)]
    public void A_stream_shorter_than_its_table_is_refused(long length, long rawLength) =>
        Assert.Equal("NTFS-5130",
            Assert.Throws<CorruptImageException>(() => new WofReader((_, _) => { }, rawLength, length, WofAlgorithm.Xpress4K)).Code);

    [Fact, Trait("tier", "fuzz")]
    public void Hostile_tables_end_in_the_coded_error()
    {
        var random = new Random(3);
        var buffer = new byte[20000];
        for (var i = 0; i < 2000; i++)
        {
            var raw = new byte[random.Next(1, 3000)];
            random.NextBytes(raw);
            raw.AsSpan(0, Math.Min(raw.Length, 16)).Clear();
            try
            {
                var reader = new WofReader((o, b) => raw.AsSpan((int)o, b.Length).CopyTo(b), raw.Length, random.Next(1, 20000),
                    (WofAlgorithm)random.Next(4));
                reader.Read(0, buffer);
            }
            catch (CorruptImageException)
            {
                // the only answer that is allowed
            }
        }
    }

    [Fact, Trait("tier", "layout")]
    public void Reparse_point_names_the_algorithm_or_says_why_not()
    {
        byte[] data = [1, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 3, 0, 0, 0];
        Assert.Equal(WofAlgorithm.Xpress16K, WofReparsePoint.Over(data).Algorithm);
        data[12] = 4;
        Assert.Equal("NTFS-5135", Assert.Throws<UnsupportedImageException>(() => WofReparsePoint.Over(data).Algorithm).Code);
        data[4] = 1;
        Assert.Equal("NTFS-5134", Assert.Throws<UnsupportedImageException>(() => WofReparsePoint.Over(data).Algorithm).Code);
        Assert.Equal("NTFS-5133", Assert.Throws<CorruptImageException>(() => WofReparsePoint.Over(data.AsSpan(1))).Code);
    }

    private static bool Decodes(byte[] raw, int length)
    {
        try
        {
            new Lzx().Decompress(raw, new byte[length]);
            return true;
        }
        catch (CorruptImageException)
        {
            return false;
        }
    }

    private static string Plain(string name, WofAlgorithm algorithm, int length)
    {
        var raw = Corpus.Read($"ntfs/wof/{name}.txt.WofCompressedData");
        var reader = new WofReader((o, b) => raw.AsSpan((int)o, b.Length).CopyTo(b), raw.Length, length, algorithm);
        var plain = new byte[length];
        Assert.Equal(length, reader.Read(0, plain));
        return Encoding.ASCII.GetString(plain);
    }

    /// <summary>The text is one word of 12 letters, over and over.</summary>
    private static void AssertRepeats(string text)
    {
        Assert.Equal(0, text.Length % 12);
        Assert.Equal("KUSJESVANSRT", text[..12]);
        Assert.True(text.AsSpan(12).SequenceEqual(text.AsSpan(0, text.Length - 12)));
    }

    /// <summary>
    /// Calls whose target lies below 12,000,000, and not at it, were made absolute by the packer (wimlib's lzx_postprocess).
    /// </summary>
    [Fact, Trait("tier", "layout")]
    public void Calls_of_programs_are_made_relative_up_to_the_limit()
    {
        var packed = new byte[2 + 12 + Lzx.ChunkSize];
        packed[1] = 0x70; // type 3, stored; of the usual size
        packed[2] = packed[6] = packed[10] = 1; // recent distances
        var plain = packed.AsSpan(14);
        var expected = new byte[Lzx.ChunkSize];
        foreach (var (at, stored, relative) in ((int, int, int)[])
            [(100, 11_999_999, 11_999_899), (200, 12_000_000, 12_000_000), (300, -300, 11_999_700), (400, -401, -401), (500, 0, -500)])
        {
            plain[at] = expected[at] = 0xE8;
            System.Buffers.Binary.BinaryPrimitives.WriteInt32LittleEndian(plain[(at + 1)..], stored);
            System.Buffers.Binary.BinaryPrimitives.WriteInt32LittleEndian(expected.AsSpan(at + 1), relative);
        }

        var content = new byte[Lzx.ChunkSize];
        new Lzx().Decompress(packed, content);
        Assert.Equal(expected, content);
    }
}
