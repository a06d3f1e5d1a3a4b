using System.Buffers.Binary;
using OfflinePatch.Core;
using OfflinePatch.Core.Compression;
using OfflinePatch.FileSystems.Cab;
using OfflinePatch.Testing;

namespace OfflinePatch.FileSystems.Tests.Cab;

public sealed class CabFileSystemTests
{
    [Fact]
    [Trait("tier", "unit")]
    public void Stored_and_MSZIP_files_are_read_in_any_order()
    {
        var text = Enumerable.Range(0, 30_000).SelectMany(i => BitConverter.GetBytes(i / 7)).ToArray();
        foreach (var bytes in new[] { TestCabinet.Stored(("dir\\a.bin", text), ("b.txt", "b"u8.ToArray())),
            TestCabinet.Mszip(("dir\\a.bin", text), ("b.txt", "b"u8.ToArray())) })
        {
            using var cabinet = (CabFileSystem)FileSources.Open(new MemoryDevice(bytes), "test.cab");
            Assert.Equal("CAB", cabinet.Format);
            Assert.Equal("b"u8.ToArray(), cabinet.ReadFile("B.TXT"));
            Assert.Equal(text, cabinet.ReadFile("dir/A.bin"));
            var part = new byte[100];
            Assert.Equal(100, cabinet.Read("dir/a.bin", 70_000, part));
            Assert.Equal(text.AsSpan(70_000, 100).ToArray(), part);
            Assert.True(cabinet.StorageOrderOf("b.txt") > cabinet.StorageOrderOf("dir/a.bin"));
        }
    }

    [Fact]
    [Trait("tier", "unit")]
    public void Damage_and_deceit_are_said()
    {
        var bytes = TestCabinet.Mszip(("a.bin", new byte[100_000]), ("b.txt", "b"u8.ToArray()));
        var damaged = (byte[])bytes.Clone();
        damaged[^1] ^= 1;
        using (var cabinet = CabFileSystem.Open(new MemoryDevice(damaged), "x"))
        {
            Assert.Equal("CAB-0003", Assert.Throws<CorruptImageException>(() => cabinet.ReadFile("b.txt")).Code);
        }

        Assert.Equal("CAB-0008",
            Assert.Throws<RefusedException>(() => CabFileSystem.Open(new MemoryDevice(TestCabinet.Stored(("..\\a", [1]))), "x")).Code);
        Assert.Equal("CAB-0008",
            Assert.Throws<RefusedException>(() => CabFileSystem.Open(new MemoryDevice(TestCabinet.Stored(("C:\\a", [1]))), "x")).Code);
        Assert.Equal("CAB-0008",
            Assert.Throws<RefusedException>(() => CabFileSystem.Open(new MemoryDevice(TestCabinet.Stored(("\\a", [1]))), "x")).Code);
        using (var twice = CabFileSystem.Open(new MemoryDevice(TestCabinet.Stored(("a", [1]), ("A", [2]))), "x"))
        {
            Assert.Equal("TREE-0002", Assert.Throws<CorruptImageException>(() => twice.Find("a")).Code);
        }

        for (var length = 0; length < bytes.Length; length += 7)
        {
            Assert.ThrowsAny<Exception>(() => CabFileSystem.Open(new MemoryDevice(bytes.AsSpan(0, length)), "cut"));
            TreeWalk.Hostile("cut", () => CabFileSystem.Open(new MemoryDevice(bytes.AsSpan(0, length)), "cut").Dispose());
        }

        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(42), 2);
        using var quantum = CabFileSystem.Open(new MemoryDevice(bytes), "x");
        Assert.Equal("CAB-0005", Assert.Throws<UnsupportedImageException>(() => quantum.ReadFile("b.txt")).Code);
    }

    [Theory]
    [Trait("tier", "unit")]
    [InlineData(15)]
    [InlineData(16)]
    [InlineData(17)]
    [InlineData(18)]
    [InlineData(19)]
    [InlineData(20)]
    [InlineData(21)]
    public void Random_LZX_streams_unpack(int windowBits)
    {
        for (var seed = 1; seed <= 3; seed++)
        {
            var encoder = new LzxTestEncoder((windowBits * 100) + seed, windowBits);
            var frames = encoder.Encode(seed * 70_001, 0);
            var bytes = TestCabinet.Pack(3 | (windowBits << 8), [("a.bin", encoder.Output)], _ => frames);
            using var cabinet = CabFileSystem.Open(new MemoryDevice(bytes), "lzx");
            Assert.Equal(encoder.Output, cabinet.ReadFile("a.bin"));
        }
    }

    [SkippableTheory]
    [Trait("tier", "oracle")]
    [InlineData(15, 2)]
    [InlineData(18, 2)]
    [InlineData(21, 2)]
    public void LZX_streams_unpack_as_cabextract_does(int windowBits, int cases) => CompareLzx(windowBits, cases);

    [SkippableTheory]
    [Trait("tier", "oracle")]
    [Trait("speed", "slow")]
    [InlineData(15, 25)]
    [InlineData(16, 25)]
    [InlineData(17, 25)]
    [InlineData(19, 25)]
    [InlineData(20, 25)]
    [InlineData(21, 25)]
    public void LZX_streams_unpack_as_cabextract_does_long(int windowBits, int cases) => CompareLzx(windowBits, cases);

    [SkippableTheory]
    [Trait("tier", "oracle")]
    [InlineData("-cz")]
    [InlineData("-c")]
    public void Cabinets_of_gcab_read_the_same(string option)
    {
        Oracle.Require("gcab");
        using var scratch = new ScratchFolder();
        Iso.Discs.CreateTree(scratch["tree"], shortNames: true);
        var text = string.Join('\n', Enumerable.Range(0, 40_000).Select(i => $"line {i * i}"));
        File.WriteAllText(scratch["tree/TEXT.TXT"], text);
        var files = Directory.EnumerateFiles(scratch["tree"], "*", SearchOption.AllDirectories)
            .Select(f => Path.GetRelativePath(scratch["tree"], f)).ToArray();
        Oracle.RunIn(scratch["tree"], "gcab", [option, scratch["a.cab"], .. files]).MustSucceed();
        using var cabinet = FileSources.Open(scratch["a.cab"]);
        TreeWalk.AssertSame(TreeWalk.ReadHost(scratch["tree"]), TreeWalk.ReadAll(cabinet));
    }

    /// <summary>
    /// A folder of cabinets made by Microsoft's and other tools, named by a variable: each reads as cabextract reads it, or is refused.
    /// </summary>
    [SkippableFact]
    [Trait("tier", "oracle")]
    public void Foreign_cabinets_read_as_cabextract_reads_them()
    {
        var folder = Environment.GetEnvironmentVariable("OFFLINEPATCH_CABINETS");
        Skip.If(string.IsNullOrEmpty(folder), "OFFLINEPATCH_CABINETS does not name a folder of cabinets");
        Oracle.Require("cabextract");
        var same = 0;
        foreach (var path in Directory.EnumerateFiles(folder!, "*.cab"))
        {
            using var scratch = new ScratchFolder();
            SortedDictionary<string, byte[]?>? ours = null;
            TreeWalk.Hostile(path, () =>
            {
                using var cabinet = FileSources.Open(path);
                ours = TreeWalk.ReadAll(cabinet);
            });
            var theirs = Oracle.Run("env", "LC_ALL=C.UTF-8", "timeout", "20", "cabextract", "-q", "-d", scratch.Path, path);
            if (ours is not null && theirs.ExitCode == 0)
            {
                Assert.Equal(TreeWalk.ReadHost(scratch.Path).Values.Where(v => v is not null)
                    .Select(v => Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(v!))).Order(StringComparer.Ordinal),
                    ours.Values.Where(v => v is not null)
                        .Select(v => Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(v!))).Order(StringComparer.Ordinal));
                same++;
            }
        }

        Assert.True(same > 0);
    }

    [Theory]
    [Trait("tier", "fuzz")]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Mutations_give_typed_errors(int seed) => Fuzz(seed, 600);

    [Theory]
    [Trait("tier", "fuzz")]
    [Trait("speed", "slow")]
    [InlineData(11)]
    [InlineData(12)]
    [InlineData(13)]
    public void Mutations_give_typed_errors_long(int seed) => Fuzz(seed, 20_000);

    private static void CompareLzx(int windowBits, int cases)
    {
        Oracle.Require("cabextract");
        using var scratch = new ScratchFolder();
        var random = new Random(windowBits);
        for (var i = 0; i < cases; i++)
        {
            var encoder = new LzxTestEncoder(random.Next(), windowBits);
            var frames = encoder.Encode(random.Next(1, 300_000), random.Next(2) == 0 ? 0 : random.Next(1, 50_000_000));
            File.WriteAllBytes(scratch["a.cab"], TestCabinet.Pack(3 | (windowBits << 8), [("a.bin", encoder.Output)], _ => frames));
            Oracle.Run("cabextract", "-q", "-d", scratch["out"], scratch["a.cab"]).MustSucceed();
            using var cabinet = FileSources.Open(scratch["a.cab"]);
            Assert.Equal(File.ReadAllBytes(scratch["out/a.bin"]), cabinet.ReadFile("a.bin"));
        }
    }

    /// <summary>Recent distances stand in the stream as they are, and may be longer than any that can be written in a match.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [Trait("tier", "layout")]
    public void A_copy_from_beyond_the_window_is_refused(int seed)
    {
        var encoder = new LzxTestEncoder(seed, 15) { RecentReach = 60_000 };
        var decoder = new LzxDecoder(LzxVariant.Cabinet);
        var plain = new byte[LzxDecoder.FrameSize];
        var error = Assert.Throws<LzxException>(() =>
        {
            foreach (var (packed, length) in encoder.Encode(1_000_000, 0))
            {
                decoder.DecodeFrame(packed, plain.AsSpan(0, length));
            }
        });
        Assert.Equal((LzxFault.MatchOutside, "a copy from 1 to 32768 bytes back"), (error.Fault, error.Expected));
    }

    private static void Fuzz(int seed, int cases)
    {
        byte[] bytes;
        if (seed % 3 == 0)
        {
            bytes = TestCabinet.Mszip(("dir\\a.bin", [.. Enumerable.Range(0, 20_000).SelectMany(i => BitConverter.GetBytes(i / 3))]),
                ("b.txt", [1, 2, 3]));
        }
        else
        {
            var encoder = new LzxTestEncoder(seed, 15 + (seed % 7));
            var frames = encoder.Encode(40_000, 1000);
            bytes = TestCabinet.Pack(3 | ((15 + (seed % 7)) << 8), [("a.bin", encoder.Output)], _ => frames);
        }

        TreeWalk.Fuzz(bytes, cases, seed, d =>
        {
            Unsign(d);
            return CabFileSystem.Open(d, "fuzz");
        }, r => r.Next(3) == 0 ? r.Next(100) : r.Next(bytes.Length));
    }

    /// <summary>Takes the checksums away, so that mutations get past them.</summary>
    private static void Unsign(BlockDevice device)
    {
        var header = new byte[44];
        if (device.Length < header.Length)
        {
            return;
        }

        device.Read(0, header);
        long at = BinaryPrimitives.ReadUInt32LittleEndian(header.AsSpan(36));
        for (var i = BinaryPrimitives.ReadUInt16LittleEndian(header.AsSpan(40)); i > 0 && at + 8 <= device.Length; i--)
        {
            var block = new byte[8];
            device.Read(at, block);
            device.Write(at, new byte[4]);
            at += 8 + BinaryPrimitives.ReadUInt16LittleEndian(block.AsSpan(4));
        }
    }
}
