using OfflinePatch.Core;
using OfflinePatch.FileSystems.Fat;
using OfflinePatch.FileSystems.Tests.Cab;
using OfflinePatch.FileSystems.Tests.Fat;
using OfflinePatch.FileSystems.Tests.Zip;
using OfflinePatch.Testing;

namespace OfflinePatch.FileSystems.Tests;

[Trait("tier", "unit")]
public sealed class FileSourcesTests
{
    [Fact]
    public void Content_decides_and_not_the_name()
    {
        using var scratch = new ScratchFolder();
        var floppy = FatVolumes.Formatted(1440 * 1024);
        using (var volume = FatFileSystem.Open(floppy))
        {
            volume.WriteFile("VIOSTOR.INF", "floppy"u8);
            volume.Flush();
        }

        FatVolumes.Save(floppy, scratch["drivers.iso"]);
        File.WriteAllBytes(scratch["drivers.vfd"], ZipFileSystemTests.Pack(("viostor.inf", "zip"u8.ToArray())));
        File.WriteAllBytes(scratch["drivers.zip"], TestCabinet.Mszip(("viostor.inf", "cabinet"u8.ToArray())));
        foreach (var (name, format, content) in new[] { ("drivers.iso", "FAT12", "floppy"), ("drivers.vfd", "ZIP", "zip"),
            ("drivers.zip", "CAB", "cabinet") })
        {
            using var tree = FileSources.Open(scratch[name]);
            Assert.Equal(format, tree.Format);
            Assert.Equal(scratch[name], tree.Source);
            Assert.Equal(content, System.Text.Encoding.ASCII.GetString(tree.ReadFile("ViOsToR.inf")));
        }
    }

    [Fact]
    public void Several_readers_share_a_tree()
    {
        var random = new Random(4);
        var files = Enumerable.Range(0, 40).Select(i =>
        {
            var content = new byte[random.Next(100_000)];
            random.NextBytes(content.AsSpan(0, content.Length / 2));
            return ($"dir{i % 5}/file{i}.bin", content);
        }).ToArray();
        foreach (var bytes in new[] { ZipFileSystemTests.Pack([.. files.Select(f => (f.Item1, (byte[]?)f.content))]),
            TestCabinet.Mszip(files) })
        {
            using var tree = FileSources.Open(new MemoryDevice(bytes), "shared");
            Parallel.For(0, 160, new ParallelOptions { MaxDegreeOfParallelism = 4 },
                i => Assert.Equal(files[i % 40].content, tree.ReadFile(files[i % 40].Item1)));
        }
    }

    /// <summary>Random bytes behind every magic: no reader gives anything but a typed error.</summary>
    [Theory]
    [Trait("tier", "fuzz")]
    [InlineData(1)]
    [InlineData(2)]
    public void Noise_behind_a_magic_gives_typed_errors(int seed)
    {
        var random = new Random(seed);
        byte[][] magics = [[0x50, 0x4B, 3, 4], [0x50, 0x4B, 5, 6], "MSCF"u8.ToArray(), [0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1],
            [0xEB, 0x3C, 0x90], [1, .. "CD001"u8], [0, .. "BEA01"u8]];
        for (var i = 0; i < 2000; i++)
        {
            var bytes = new byte[random.Next(16, 100_000)];
            if (random.Next(2) == 0)
            {
                random.NextBytes(bytes);
            }

            var magic = magics[random.Next(magics.Length)];
            magic.AsSpan(0, Math.Min(magic.Length, bytes.Length)).CopyTo(bytes);
            if (bytes.Length > 0x8800)
            {
                magic.CopyTo(bytes, 0x8000);
            }

            TreeWalk.Hostile($"case {i} of seed {seed}", () =>
            {
                using var tree = FileSources.Open(new MemoryDevice(bytes), "noise");
                TreeWalk.ReadAll(tree, 64L << 20);
            });
        }
    }
}
