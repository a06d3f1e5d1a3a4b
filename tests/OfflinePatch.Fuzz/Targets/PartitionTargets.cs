using OfflinePatch.Disks.Partitions;
using OfflinePatch.Disks.Tests.Partitions;
using OfflinePatch.Fuzz.Engine;
using System.IO.Hashing;

namespace OfflinePatch.Fuzz.Targets;

/// <summary>Partition tables.</summary>
internal static class PartitionTargets
{
    private const int Length = 512 * 1024;

    public static IReadOnlyList<FuzzTarget> List { get; } =
    [
        new("mbr", () => [Logical(), Samples.Bytes(PartitionedDisk.Mbr(Length, (0, 0x80, 0x42, 63, 500), (1, 0, 0x07, 600, 100)))], Run),
        new("gpt", () => [Samples.Bytes(PartitionedDisk.Gpt(Length, 512, (PartitionedDisk.Esp, 64, 127, "ESP"),
            (PartitionedDisk.Basic, 128, 300, "Windows"), (PartitionTypes.LdmMetadata, 320, 400, "LDM")))], Run, SignGpt),
    ];

    private static byte[] Logical()
    {
        var disk = PartitionedDisk.Mbr(Length, (0, 0x80, 0x07, 100, 100), (1, 0, 0x0F, 300, 600));
        PartitionedDisk.WriteBootRecord(disk, 300L * 512, (0, 0, 0x07, 10, 100), (1, 0, 0x05, 200, 200));
        PartitionedDisk.WriteBootRecord(disk, 500L * 512, (0, 0, 0x83, 10, 100));
        return Samples.Bytes(disk);
    }

    private static void Run(FuzzInput input)
    {
        foreach (var sectorSize in new[] { 4096, 512 })
        {
            try
            {
                var disk = input.Device(sectorSize);
                var table = PartitionTable.Read(disk);
                _ = table.HasDynamicDisk;
                foreach (var partition in table.Partitions)
                {
                    try
                    {
                        PartitionRange.Check(disk, table, partition);
                    }
                    catch (RefusedException)
                    {
                        // logical, or of a dynamic disk
                    }
                }

                _ = MbrActiveFlag.Read(disk);
            }
            catch (Exception e) when (e is ICodedError && sectorSize == 4096)
            {
                // a table for sectors of 512 bytes
            }
        }
    }

    private static void SignGpt(Mutant mutant)
    {
        foreach (var at in new[] { 512, mutant.Length - 512 })
        {
            if (at < 0 || at + 512 > mutant.Length || !mutant.Bytes[at..].StartsWith("EFI PART"u8))
            {
                continue;
            }

            var table = (long)BitConverter.ToUInt64(mutant.Bytes[(at + 72)..]) * 512;
            var length = (long)mutant.U32(at + 80) * mutant.U32(at + 84);
            if (table >= 0 && length is > 0 and < Length && table <= mutant.Length - length)
            {
                mutant.PutU32(at + 88, Crc32.HashToUInt32(mutant.Bytes.Slice((int)table, (int)length)));
            }

            mutant.PutU32(at + 16, 0);
            var size = (int)Math.Min(mutant.U32(at + 12), 512);
            mutant.PutU32(at + 16, Crc32.HashToUInt32(mutant.Bytes.Slice(at, size)));
        }
    }
}
