using System.Buffers.Binary;
using OfflinePatch.Core;

namespace OfflinePatch.Disks.Vdi;

/// <summary>
/// Finds a disk that VirtualBox has encrypted. The VDI does not say so: key and cipher are in the machine's <c>.vbox</c> file, and the
/// blocks hold what AES-XTS makes of the disk. A disk that Windows starts from begins with a partition table, and with code and zeros,
/// never with 4 KiB in which every byte value is as frequent as any other.
/// </summary>
internal static class VdiEncryption
{
    private const int SampleBytes = 4096;
    private const int MinValues = 254; // of 256; random bytes miss one with a probability of 3 in 100,000
    private const int MaxOfOne = 48;    // of 16 on average; random bytes reach it with one of 10^8

    public static bool IsEncrypted(BlockDevice disk)
    {
        if (disk.Length < SampleBytes)
        {
            return false;
        }

        Span<byte> sample = stackalloc byte[SampleBytes];
        disk.Read(0, sample);
        if (BinaryPrimitives.ReadUInt16LittleEndian(sample[510..]) == 0xAA55 || sample[512..].StartsWith("EFI PART"u8))
        {
            return false;
        }

        Span<int> counts = stackalloc int[256];
        counts.Clear();
        foreach (var value in sample)
        {
            counts[value]++;
        }

        var values = 256 - counts.Count(0);
        var most = 0;
        foreach (var count in counts)
        {
            most = Math.Max(most, count);
        }

        return values >= MinValues && most <= MaxOfOne;
    }
}
