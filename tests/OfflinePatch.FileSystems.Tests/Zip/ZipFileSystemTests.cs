using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;
using OfflinePatch.Core;
using OfflinePatch.FileSystems.Zip;
using OfflinePatch.Testing;

namespace OfflinePatch.FileSystems.Tests.Zip;

public sealed class ZipFileSystemTests
{
    [Fact]
    [Trait("tier", "unit")]
    public void Files_and_folders_are_read()
    {
        var random = new Random(1);
        var noise = new byte[300_000];
        random.NextBytes(noise);
        var zip = Pack(("Bin/a.txt", "alpha"u8.ToArray()), ("Bin\\Sub/b.bin", noise), ("./c", []), ("empty/", null),
            ("Ünïcode/ж.txt", "z"u8.ToArray()));
        using var tree = ZipFileSystem.Open(new MemoryDevice(zip), "test.zip");
        var all = TreeWalk.ReadAll(tree);
        Assert.Equal(["Bin/", "Bin/Sub/", "Bin/Sub/b.bin", "Bin/a.txt", "c", "empty/", "Ünïcode/", "Ünïcode/ж.txt"], all.Keys);
        Assert.Equal(noise, all["Bin/Sub/b.bin"]);
        Assert.Equal("alpha"u8.ToArray(), tree.ReadFile("bin\\A.TXT"));
        var part = new byte[100];
        Assert.Equal(100, tree.Read("bin/sub/b.bin", 200_000, part));
        Assert.Equal(noise.AsSpan(200_000, 100).ToArray(), part);
        Assert.Equal(2020, tree.Find("bin/a.txt")!.Value.LastWriteTimeUtc.Year);
    }

    [Theory]
    [Trait("tier", "unit")]
    [InlineData("../evil.txt", "ZIP-0006")]
    [InlineData("a/../../evil.txt", "ZIP-0006")]
    [InlineData("a\\..\\evil.txt", "ZIP-0006")]
    [InlineData("a/.. /evil.txt", "ZIP-0006")]
    [InlineData("/etc/evil.txt", "ZIP-0007")]
    [InlineData("\\Windows\\evil.txt", "ZIP-0007")]
    [InlineData("C:/Windows/evil.txt", "ZIP-0008")]
    [InlineData("C:evil.txt", "ZIP-0008")]
    [InlineData("good.txt:stream", "ZIP-0008")]
    [InlineData("GOOD.txt", "ZIP-0009")]
    [InlineData("good.txt/below", "ZIP-0009")]
    public void An_entry_that_could_harm_is_refused(string name, string code)
    {
        var zip = Pack(("good.txt", [1]), (name, [2]));
        Assert.Equal(code, Assert.Throws<RefusedException>(() => ZipFileSystem.Open(new MemoryDevice(zip), "evil.zip")).Code);
    }

    [Fact]
    [Trait("tier", "unit")]
    public void Control_characters_are_no_file_name() =>
        Assert.Equal("ZIP-0013",
            Assert.Throws<CorruptImageException>(() => ZipFileSystem.Open(new MemoryDevice(Pack(("a\0b", [1]))), "x")).Code);

    [Fact]
    [Trait("tier", "unit")]
    public void Encryption_links_and_other_methods_are_said()
    {
        var zip = Pack(("a.txt", [1, 2, 3]));
        var central = FindCentral(zip);
        var encrypted = (byte[])zip.Clone();
        encrypted[central + 8] |= 1;
        Assert.Equal("ZIP-0010", Assert.Throws<UnsupportedImageException>(() => ZipFileSystem.Open(new MemoryDevice(encrypted), "x")).Code);

        var lzma = (byte[])zip.Clone();
        lzma[central + 10] = 14;
        using (var tree = ZipFileSystem.Open(new MemoryDevice(lzma), "x"))
        {
            Assert.Equal("ZIP-0011", Assert.Throws<UnsupportedImageException>(() => tree.ReadFile("a.txt")).Code);
        }

        var link = (byte[])zip.Clone();
        link[central + 5] = 3;
        BinaryPrimitives.WriteUInt32LittleEndian(link.AsSpan(central + 38), 0xA1FF0000);
        using (var tree = ZipFileSystem.Open(new MemoryDevice(link), "x"))
        {
            Assert.Equal("ZIP-0014", Assert.Throws<UnsupportedImageException>(() => tree.ReadFile("a.txt")).Code);
        }
    }

    [Fact]
    [Trait("tier", "unit")]
    public void A_bomb_is_refused_before_it_is_unpacked()
    {
        var zip = Pack(("zeros", new byte[70 * 1024 * 1024]));
        Assert.Equal("ZIP-0005", Assert.Throws<RefusedException>(() => ZipFileSystem.Open(new MemoryDevice(zip), "x")).Code);

        // One that lies about its length gives out no more than it said.
        var liar = Pack(("zeros", new byte[70 * 1024 * 1024]));
        BinaryPrimitives.WriteUInt32LittleEndian(liar.AsSpan(FindCentral(liar) + 24), 1000);
        using var tree = ZipFileSystem.Open(new MemoryDevice(liar), "x");
        Assert.Equal("ZIP-0012", Assert.Throws<CorruptImageException>(() => tree.ReadFile("zeros")).Code);
    }

    [Fact]
    [Trait("tier", "unit")]
    public void A_changed_byte_is_noticed()
    {
        var zip = Pack(("a.txt", Encoding.ASCII.GetBytes(string.Join(' ', Enumerable.Range(0, 500)))));
        BinaryPrimitives.WriteUInt32LittleEndian(zip.AsSpan(FindCentral(zip) + 16), 0x12345678);
        using var tree = ZipFileSystem.Open(new MemoryDevice(zip), "x");
        Assert.Equal("ZIP-0012", Assert.Throws<CorruptImageException>(() => tree.ReadFile("a.txt")).Code);
    }

    [Fact]
    [Trait("tier", "layout")]
    public void Every_truncation_is_an_error()
    {
        var zip = Pack(("dir/a.txt", "alpha"u8.ToArray()), ("b.txt", new byte[500]));
        for (var length = 0; length < zip.Length; length++)
        {
            var cut = zip[..length];
            Assert.Throws<CorruptImageException>(() => ZipFileSystem.Open(new MemoryDevice(cut), "cut"));
        }
    }

    [SkippableFact]
    [Trait("tier", "oracle")]
    public void Archives_of_a_foreign_writer_read_the_same()
    {
        Oracle.Require("python3");
        using var scratch = new ScratchFolder();
        var script = """
            import zipfile, sys, io, os
            random = __import__('random'); random.seed(7)
            with zipfile.ZipFile(sys.argv[1], 'w', zipfile.ZIP_DEFLATED) as z:
                for i in range(40):
                    content = random.randbytes(random.randrange(0, 9000)) + b'text ' * random.randrange(0, 4000)
                    z.writestr(f'dir{i % 5}/file{i}.bin', content)
                with z.open(zipfile.ZipInfo('big64.bin'), 'w', force_zip64=True) as f:
                    f.write(b'zip64' * 1000)
                z.writestr(zipfile.ZipInfo('stored\u00e9.txt'), b'stored')
            with zipfile.ZipFile(sys.argv[1]) as z:
                z.extractall(sys.argv[2])
            """;
        Oracle.Run("python3", "-c", script, scratch["a.zip"], scratch["out"]).MustSucceed();
        using var tree = FileSources.Open(scratch["a.zip"]);
        Assert.Equal("ZIP", tree.Format);
        TreeWalk.AssertSame(TreeWalk.ReadHost(scratch["out"]), TreeWalk.ReadAll(tree));
    }

    [Theory]
    [Trait("tier", "fuzz")]
    [InlineData(1)]
    [InlineData(2)]
    public void Mutations_give_typed_errors(int seed) => FuzzZip(seed, 1500);

    [Theory]
    [Trait("tier", "fuzz")]
    [Trait("speed", "slow")]
    [InlineData(11)]
    [InlineData(12)]
    public void Mutations_give_typed_errors_long(int seed) => FuzzZip(seed, 40_000);

    private static void FuzzZip(int seed, int cases)
    {
        var zip = Pack(("dir/a.txt", "alpha"u8.ToArray()), ("dir/b.txt", new byte[3000]), ("c/", null),
            ("d.bin", Encoding.ASCII.GetBytes(string.Join(' ', Enumerable.Range(0, 300)))));
        var central = FindCentral(zip);
        TreeWalk.Fuzz(zip, cases, seed, d => ZipFileSystem.Open(d, "fuzz"),
            r => r.Next(3) == 0 ? r.Next(zip.Length) : r.Next(central, zip.Length));
    }

    internal static byte[] Pack(params (string Name, byte[]? Content)[] files)
    {
        using var memory = new MemoryStream();
        using (var archive = new ZipArchive(memory, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach (var (name, content) in files)
            {
                var entry = archive.CreateEntry(name, CompressionLevel.Optimal);
                entry.LastWriteTime = new DateTimeOffset(2020, 5, 6, 7, 8, 10, TimeSpan.Zero);
                if (content is not null)
                {
                    using var stream = entry.Open();
                    stream.Write(content);
                }
            }
        }

        return memory.ToArray();
    }

    private static int FindCentral(byte[] zip) => zip.AsSpan().IndexOf("PK\x01\x02"u8);
}
