using System.Buffers.Binary;
using OfflinePatch.Core;
using OfflinePatch.Ntfs.Check;
using OfflinePatch.Ntfs.Format;
using OfflinePatch.Ntfs.Layout;
using OfflinePatch.Ntfs.Tests.Format;
using OfflinePatch.Ntfs.Tests.Fuzz;
using OfflinePatch.Ntfs.Volume;
using OfflinePatch.Testing;

namespace OfflinePatch.Ntfs.Tests.Check;

/// <summary>
/// One changed byte of metadata at a time, protected again by its update sequence: whatever an independent checker complains of, ours names
/// too. (It names more: they pass flags, $UpCase and others.)
/// </summary>
public sealed class DamageComparisonTests
{
    private static readonly Lazy<byte[]> Volume = new(Build);

    [SkippableFact, Trait("tier", "oracle")]
    public void Nothing_that_others_find_is_missed() => Compare(15, seed: 1);

    [SkippableFact, Trait("tier", "oracle"), Trait("speed", "slow")]
    public void Nothing_that_others_find_is_missed_in_400_cases() => Compare(400, seed: 2);

    private static void Compare(int cases, int seed)
    {
        Skip.If(VolumeOracles.Checkers.Count == 0, "neither ntfsck (OFFLINEPATCH_NTFSCK) nor ntfs_strict.py is there");
        using var scratch = new ScratchFolder();
        var random = new Random(seed);
        var (named, missed) = (0, new List<string>());
        for (var i = 0; i < cases; i++)
        {
            using var device = new CopyOnWriteDevice(Volume.Value);
            var what = Damage(new VolumeSurgeon(device), random);
            VolumeOracles.Save(device, scratch["volume.img"]);
            var others = VolumeOracles.CheckersComplain(scratch["volume.img"]);
            var ours = NtfsChecker.Check(device);
            named += ours.Count > 0 ? 1 : 0;
            if (others is not null && ours.Count == 0)
            {
                missed.Add($"{what}: {others}");
            }
        }

        Console.WriteLine($"damage: {cases} cases, {named} named");
        Assert.True(missed.Count == 0, string.Join("\n", missed));
        Assert.True(named > cases / 2);
    }

    private static string Damage(VolumeSurgeon surgeon, Random random)
    {
        while (true)
        {
            switch (random.Next(8))
            {
                case 0:
                    var position = surgeon.Locate(FileReference.BitmapRecord, AttributeType.Data, "", 0) + random.Next(400);
                    surgeon.Xor(position, (byte)(1 << random.Next(8)));
                    return $"$Bitmap at 0x{position:X}";
                case 1:
                    var record = random.Next((int)surgeon.RecordCount + 16);
                    surgeon.SetRecordBit(record, random.Next(2) == 0);
                    return $"$MFT bitmap, record {record}";
                case 2 or 3:
                    if (Block(surgeon, random) is { } block)
                    {
                        return block;
                    }

                    break;
                default:
                    var number = surgeon.Find(random.NextInt64(surgeon.RecordCount - 20), _ => true);
                    var at = random.Next(BinaryPrimitives.ReadInt32LittleEndian(surgeon.Record(number).AsSpan(0x18)));
                    var mask = (byte)(1 << random.Next(8));
                    if (at is not (>= 0x30 and < 0x38) && at % 512 < 510)
                    {
                        surgeon.Edit(number, r => r[at] ^= mask);
                        return $"record {number} at 0x{at:X} ^ 0x{mask:X}";
                    }

                    break;
            }
        }
    }

    private static string? Block(VolumeSurgeon surgeon, Random random)
    {
        var directory = surgeon.Find(24, r => VolumeSurgeon.Has(r, AttributeType.IndexAllocation, "$I30"));
        var position = surgeon.Locate(directory, AttributeType.IndexAllocation, "$I30", random.Next(6) * 4096L);
        var block = new byte[4096];
        surgeon.Device.Read(position, block);
        if (!UpdateSequence.TryDecode(block))
        {
            return null;
        }

        var at = random.Next(0x40, 0x18 + BinaryPrimitives.ReadInt32LittleEndian(block.AsSpan(0x1C)));
        if (at % 512 >= 510)
        {
            return null;
        }

        block[at] ^= (byte)(1 << random.Next(8));
        Assert.True(UpdateSequence.TryEncode(block));
        surgeon.Device.Write(position, block);
        return $"index block at 0x{position:X}, byte 0x{at:X}";
    }

    private static byte[] Build()
    {
        using var device = new MemoryDevice(12 << 20);
        NtfsFormatter.Format(device, new NtfsFormatOptions { ClusterSize = 4096 });
        using var volume = NtfsVolume.Open(device);
        volume.CreateDirectory("wide");
        for (var i = 0; i < 160; i++)
        {
            volume.WriteFile($"wide\\file {i:d4} with a name that is long enough.bin", new byte[i % 3 == 0 ? 100 : 6000]);
        }

        for (var i = 0; i < 20; i++)
        {
            volume.CreateDirectory($"wide\\directory {i}\\inner");
            volume.WriteFile($"wide\\directory {i}\\inner\\text.txt", "text"u8);
            volume.WriteFile($"wide\\file 0000 with a name that is long enough.bin:stream {i}", new byte[90]);
        }

        volume.Flush();
        Assert.Empty(volume.Check());
        var bytes = new byte[device.Length];
        device.Read(0, bytes);
        return bytes;
    }
}
