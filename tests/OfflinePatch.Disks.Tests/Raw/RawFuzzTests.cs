using OfflinePatch.Disks.Tests.Formats;

namespace OfflinePatch.Disks.Tests.Raw;

/// <summary>RAW has no container to be damaged: whatever its first sectors say, it is a disk, another format, or refused.</summary>
[Trait("tier", "fuzz")]
public sealed class RawFuzzTests
{
    [Fact]
    public void Mutated_disks() => Fuzz(1, 3000);

    [Fact]
    [Trait("speed", "slow")]
    public void Many_mutated_disks() => Fuzz(1_000_003, 100_000);

    private static void Fuzz(int seed, int cases)
    {
        var disk = new byte[64 * 1024];
        new Random(1).NextBytes(disk.AsSpan(4096, 8192));
        disk[510] = 0x55;
        disk[511] = 0xAA;
        "EFI PART"u8.CopyTo(disk.AsSpan(512));

        // The magics of the other formats are at the start, at 64 and at the end.
        Mutation.Fuzz(disk, seed, cases, [(0, 80), (446, 80), (disk.Length - 512, 512), (0, disk.Length)]);
    }
}
