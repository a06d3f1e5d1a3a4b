using OfflinePatch.FileSystems;
using OfflinePatch.FileSystems.Fat;
using OfflinePatch.FileSystems.Tests.Cab;
using OfflinePatch.FileSystems.Udf;
using OfflinePatch.Fuzz.Engine;
using OfflinePatch.Testing;
using System.Buffers.Binary;
using System.IO.Compression;

namespace OfflinePatch.Fuzz.Targets;

/// <summary>The small file systems and archives as trees of files.</summary>
internal static class FileSystemTargets
{
    private const long MaximumRead = 16L * 1024 * 1024;
    private const int MaximumEntries = 2000;

    public static IReadOnlyList<FuzzTarget> List { get; } =
    [
        new("fat", () => [Fat(2, FatType.Fat12), Fat(6, FatType.Fat16)], RunFat),
        new("iso", () => [.. Disc(150, "-J"), .. Disc(150, "-iso-level", "1")], Run),
        new("udf", () => Disc(300, "-udf"), Run, SignUdf),
        new("zip-tree", () => [PackageTargets.Zip(CompressionLevel.Optimal), PackageTargets.Zip(CompressionLevel.NoCompression)], Run),
        new("cab", () =>
        [
            TestCabinet.Mszip(("dir\\a.bin", Text(20_000)), ("b", Text(100))),
            TestCabinet.Stored(("a", Text(2000)), ("c\\d", Text(10))), Lzx(),
        ], Run, SignCab),
        new("msi", Msi, Run),
    ];

    private static byte[] Text(int length) => [.. Enumerable.Range(0, length).Select(i => (byte)((i / 3) ^ (i >> 9)))];

    private static byte[] Fat(int mebibytes, FatType type)
    {
        using var device = new MemoryDevice(mebibytes * 1024L * 1024);
        FatFormatter.Format(device, new FatFormatOptions { Type = type, Label = "SEED" });
        using (var volume = FatFileSystem.Open(device))
        {
            volume.CreateDirectory("EFI/Boot");
            volume.WriteFile("EFI/Boot/bootx64.efi", Text(9000));
            volume.WriteFile("EFI/a longer file name.txt", Text(30));
            volume.Flush();
        }

        return Samples.Bytes(device);
    }

    private static IEnumerable<byte[]> Disc(int sectors, params string[] options) =>
        Samples.Made("genisoimage", _ => [.. options, "-quiet", "-V", "SMALL", "-o", "out.iso", "files"], "out.iso").Select(bytes =>
        {
            var start = bytes[..Math.Min(bytes.Length, sectors * 2048)];
            for (var at = 0x8000; start.AsSpan(at + 1, 5).SequenceEqual("CD001"u8); at += 2048)
            {
                BinaryPrimitives.WriteInt32LittleEndian(start.AsSpan(at + 0x50), start.Length / 2048);
            }

            return start;
        });

    private static byte[] Lzx()
    {
        var encoder = new LzxTestEncoder(1, 16);
        var frames = encoder.Encode(20_000, 5000);
        return TestCabinet.Pack(3 | (16 << 8), [("a.bin", encoder.Output)], _ => frames);
    }

    private static IEnumerable<byte[]> Msi()
    {
        if (Oracle.Locate("wixl") is null)
        {
            yield break;
        }

        using var scratch = new ScratchFolder();
        Directory.CreateDirectory(scratch["tree/sub"]);
        File.WriteAllText(scratch["tree/a.txt"], "a text");
        File.WriteAllText(scratch["tree/sub/b.txt"], "another text");
        yield return File.ReadAllBytes(WixlPackage.Create(scratch, scratch["tree"]));
    }

    private static void Run(FuzzInput input)
    {
        using var tree = FileSources.Open(input.Device(), "fuzz");
        Walk(tree);
    }

    private static void RunFat(FuzzInput input)
    {
        using var volume = FatFileSystem.Open(input.Device());
        _ = volume.Check(default);
        try
        {
            Walk(volume);
        }
        catch (Exception e) when (e is ICodedError)
        {
            // what is damaged is not read; it is written, or refused, all the same
        }

        volume.CreateDirectory("new/deep");
        volume.WriteFile("new/deep/a file with a longer name.txt", Text(5000));
        volume.WriteFile("EFI/Boot/bootx64.efi", Text(12_000));
        volume.Delete("EFI/a longer file name.txt");
        volume.Flush();
    }

    private static void Walk(IFileSystem tree)
    {
        var left = MaximumRead;
        var buffer = new byte[16 * 1024];
        var pending = new Stack<string>([""]);
        for (var count = 0; pending.TryPop(out var folder) && count < MaximumEntries;)
        {
            foreach (var entry in tree.Enumerate(folder))
            {
                var path = folder.Length == 0 ? entry.Name : folder + "/" + entry.Name;
                count++;
                if (entry.IsDirectory)
                {
                    pending.Push(path);
                }
                else if (left > 0)
                {
                    using var content = tree.OpenRead(path);
                    for (int read; left > 0 && (read = content.Read(buffer)) > 0;)
                    {
                        left -= read;
                    }
                }
            }
        }
    }

    private static void SignUdf(Mutant mutant)
    {
        for (var at = 16 * 2048; at + 2048 <= mutant.Length; at += 2048)
        {
            var sector = mutant.Bytes.Slice(at, 2048);
            var length = BinaryPrimitives.ReadUInt16LittleEndian(sector[10..]);
            if (BinaryPrimitives.ReadUInt16LittleEndian(sector) is 0 or > 300 || length > 2032)
            {
                continue;
            }

            var tag = mutant.Change(at, 16);
            BinaryPrimitives.WriteUInt16LittleEndian(tag[8..], UdfVolume.ComputeCrc(sector.Slice(16, length)));
            tag[4] = 0;
            var sum = 0;
            foreach (var value in tag)
            {
                sum += value;
            }

            tag[4] = (byte)sum;
        }
    }

    // a checksum of zero stands for none
    private static void SignCab(Mutant mutant)
    {
        if (mutant.Length < 44 || mutant.U32(36) is var first && first > (uint)mutant.Length - 8)
        {
            return;
        }

        var at = (int)mutant.U32(36);
        for (var block = 0; block < 8 && at >= 0 && at + 8 <= mutant.Length; block++)
        {
            mutant.PutU32(at, 0);
            at += 8 + BinaryPrimitives.ReadUInt16LittleEndian(mutant.Bytes[(at + 4)..]);
        }
    }
}
