using OfflinePatch.Core.Compression;
using OfflinePatch.FileSystems.Tests.Cab;
using OfflinePatch.Fuzz.Engine;
using OfflinePatch.Ntfs.Check;
using OfflinePatch.Ntfs.Compression;
using OfflinePatch.Ntfs.Format;
using OfflinePatch.Ntfs.Layout;
using OfflinePatch.Ntfs.Replay;
using OfflinePatch.Ntfs.Runs;
using OfflinePatch.Ntfs.Volume;

namespace OfflinePatch.Fuzz.Targets;

/// <summary>NTFS volumes: mounted, listed, read, checked, written; the log replayed; and the decoders alone.</summary>
internal static class NtfsTargets
{
    private const int MaximumEntries = 400;

    private static readonly byte[][] Volumes = [Volume(4096, 1024), Volume(512, 1024)];
    private static readonly byte[] Crashed = KeptInputs.Unpack("crashed-ntfs.gz");

    public static IReadOnlyList<FuzzTarget> List { get; } =
    [
        new("ntfs-read", () => Volumes, Read, SignRecords),
        new("ntfs-check", () => Volumes, input =>
        {
            if (NtfsChecker.Check(input.Device()) is null)
            {
                throw new InvalidOperationException("no list");
            }
        }, SignRecords),
        new("ntfs-write", () => Volumes, Write, SignRecords),
        new("ntfs-log", () => [Crashed], input => LogReplayer.Replay(input.Device()), SignRecords),
        new("ntfs-lznt1", () => [[0x09, 0xB0, 0x10, .. "abcd"u8, 0x02, 0x30, .. "efg"u8, 0, 0]],
            input => Lznt1.Decompress(input.Span, new byte[65_536])),
        new("ntfs-xpress", () => [Xpress()], input => new XpressHuffman().Decompress(input.Span, new byte[4096])),
        new("lzx", () => new[] { 15, 17, 21 }.Select(w => new LzxTestEncoder(w, w).Encode(30_000, 0)[0].Packed), Lzx),
        new("ntfs-runs", () => [[0x21, 0x18, 0x34, 0x56, 0x11, 0x10, 0xF0, 0x01, 0x20, 0x33, 1, 2, 0, 4, 5, 6, 0]],
            input => MappingPairs.Decode(input.Span, new RunList(), 1L << 32, 1L << 32, 7)),
    ];

    private static readonly (LzxVariant, int)[] Decoders =
        [(LzxVariant.Wim, 15), (LzxVariant.Cabinet, 15), (LzxVariant.Cabinet, 17), (LzxVariant.Cabinet, 21)];

    private static byte[] Noise(int length)
    {
        var bytes = new byte[length];
        new Random(3).NextBytes(bytes);
        return bytes;
    }

    private static byte[] Xpress() => [.. Enumerable.Repeat((byte)0x99, 256), .. Noise(2000)];

    private static void Lzx(FuzzInput input)
    {
        foreach (var (variant, bits) in Decoders)
        {
            try
            {
                new LzxDecoder(variant, bits).DecodeFrame(input.Span, new byte[30_000]);
            }
            catch (LzxException)
            {
                // its callers make a coded error of it
            }
        }
    }

    private static byte[] Volume(int cluster, int record)
    {
        using var device = new MemoryDevice(4 * 1024 * 1024);
        NtfsFormatter.Format(device, new NtfsFormatOptions { ClusterSize = cluster, RecordSize = record, Label = "seed" });
        using (var volume = NtfsVolume.Open(device))
        {
            volume.CreateDirectory(@"Windows\System32\config");
            volume.CreateDirectory("wide");
            for (var i = 0; i < 60; i++)
            {
                volume.WriteFile($@"wide\a file with number {i}.bin", [.. Enumerable.Repeat((byte)(i + 1), i % 5 == 0 ? 9000 : 40 * i)]);
            }

            for (var i = 0; i < 60; i += 3)
            {
                volume.Delete($@"wide\a file with number {i}.bin");
            }

            volume.WriteFile(@"Windows\System32\config\SYSTEM", new byte[70_000]);
            for (var i = 0; i < 12; i++)
            {
                volume.WriteFile($@"Windows\System32\config\SYSTEM:stream {i}", [.. Enumerable.Repeat((byte)'s', 15 * i)]);
            }

            volume.WriteFile("hiberfil.sys", new byte[5000]);
            volume.Flush();
        }

        return Samples.Bytes(device);
    }

    // what was in order before the mutation is signed again: the sequence of every record whose sectors still end as it says, or nearly
    private static void SignRecords(Mutant mutant)
    {
        for (var at = 0; at + 1024 <= mutant.Length; at += 1024)
        {
            var magic = mutant.Bytes.Slice(at, 4);
            var size = magic.SequenceEqual("FILE"u8) ? 1024
                : magic.SequenceEqual("INDX"u8) || magic.SequenceEqual("RSTR"u8) || magic.SequenceEqual("RCRD"u8) ? 4096 : 0;
            if (size == 0 || at + size > mutant.Length)
            {
                continue;
            }

            var sequence = BitConverter.ToUInt16(mutant.Bytes[(at + 4)..]);
            var count = BitConverter.ToUInt16(mutant.Bytes[(at + 6)..]);
            if (count != (size / 512) + 1 || sequence + (count * 2) > 510)
            {
                continue;
            }

            for (var sector = 0; sector < size / 512; sector++)
            {
                var end = at + (sector * 512) + 510;
                if (!mutant.Bytes.Slice(end, 2).SequenceEqual(mutant.Bytes.Slice(at + sequence, 2)))
                {
                    mutant.Bytes.Slice(at + sequence, 2).CopyTo(mutant.Change(end, 2));
                }
            }
        }
    }

    private static void Read(FuzzInput input)
    {
        using var volume = NtfsVolume.Open(input.Device());
        _ = volume.State;
        Walk(volume);
    }

    private static void Walk(NtfsVolume volume)
    {
        var buffer = new byte[16 * 1024];
        var count = 0;
        foreach (var entry in volume.Walk())
        {
            if (++count > MaximumEntries)
            {
                return;
            }

            Guard(() =>
            {
                var file = volume.OpenFile(entry.Reference);
                _ = volume.ReadSecurityDescriptor(file.SecurityId);
                foreach (var stream in file.Streams)
                {
                    var path = stream.Name.Length == 0 ? entry.Path : $"{entry.Path}:{stream.Name}";
                    Guard(() => _ = volume.Read(path, 0, buffer));
                    Guard(() => _ = volume.Read(path, Math.Max(0, stream.Length - 100), buffer));
                }
            });
        }
    }

    private static void Write(FuzzInput input)
    {
        var device = input.Device();
        using var volume = NtfsVolume.Open(device);
        var content = new byte[9000];
        Guard(() => volume.CreateDirectory(@"new\deep"));
        Guard(() => volume.WriteFile(@"new\deep\file.sys", content));
        Guard(() => volume.WriteFile(@"Windows\System32\config\SYSTEM", content.AsSpan(0, 100)));
        Guard(() => volume.Write(@"Windows\System32\config\SYSTEM", 50, content));
        for (var i = 0; i < 6; i++)
        {
            Guard(() => volume.WriteFile($@"wide\another with number {i}", content.AsSpan(0, 700)));
        }

        Guard(() => volume.Delete(@"wide\a file with number 1.bin"));
        Guard(() => volume.Move(@"wide\a file with number 4.bin", @"new\moved.bin"));
        Guard(volume.Flush);
        Guard(() => volume.CheckChanges());
    }

    private static void Guard(Action action)
    {
        try
        {
            action();
        }
        catch (Exception e) when (e is ICodedError or IOException)
        {
            // a damaged file: the next one
        }
    }
}
