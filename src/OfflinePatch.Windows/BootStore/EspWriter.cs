using OfflinePatch.Disks;
using OfflinePatch.Disks.Partitions;
using OfflinePatch.FileSystems.Fat;
using OfflinePatch.Windows.Guest;

namespace OfflinePatch.Windows.BootStore;

/// <summary>Makes an EFI system partition that starts a Windows: FAT32, the boot files, the loader that firmware looks for.</summary>
/// <param name="machine">The disk.</param>
/// <param name="windows">The Windows.</param>
/// <param name="files">Its boot files for UEFI.</param>
internal sealed class EspWriter(GuestMachine machine, WindowsSystem windows, BootFileSet files)
{
    /// <summary>The name that Windows' setup gives it.</summary>
    public const string Name = "EFI system partition";

    // What Windows' setup makes; with 4096-byte sectors FAT32 needs more.
    private const long UsualLength = 100L << 20;
    private const long LengthWithLargeSectors = 300L << 20;
    private const long GiB = 1L << 30;

    /// <summary>Bytes that it needs, a multiple of <see cref="FreeSpace.Alignment"/>: room for the boot files twice.</summary>
    /// <param name="sectorSize">Bytes of a sector.</param>
    public long LengthFor(int sectorSize) => Math.Max(sectorSize > 512 ? LengthWithLargeSectors : UsualLength,
        (2 * files.Length + FreeSpace.Alignment - 1) / FreeSpace.Alignment * FreeSpace.Alignment);

    /// <summary>
    /// The length of a disk that is made larger for it: whole GiB, which is what clouds count disks in. A disk of 40 GiB and 100 MiB would
    /// need a volume of 41 GiB there.
    /// </summary>
    /// <param name="least">Bytes that are needed.</param>
    public static long DiskLength(long least) => (least + GiB - 1) / GiB * GiB;

    /// <summary>The entry of the partition table.</summary>
    /// <param name="number">Its number.</param>
    /// <param name="offset">First byte.</param>
    /// <param name="length">Bytes.</param>
    /// <param name="id">Its GUID.</param>
    public static Partition Entry(int number, long offset, long length, Guid id) => new()
    {
        Number = number,
        Offset = offset,
        Length = length,
        TypeGuid = PartitionTypes.EfiSystem,
        UniqueGuid = id,
        Attributes = PartitionTypes.NoDriveLetter,
        Name = Name,
    };

    /// <summary>Formats a partition and writes everything to it.</summary>
    /// <param name="partition">The partition; what it holds is lost.</param>
    /// <param name="sectorSize">Bytes of a sector of the partition table.</param>
    /// <param name="store">The boot configuration.</param>
    /// <param name="old">A boot configuration to keep next to it as <c>BCD.before</c>; null for none.</param>
    public void Write(Partition partition, int sectorSize, byte[] store, ReadOnlyMemory<byte>? old = null)
    {
        var device = partition.OpenDevice(machine.Disk);
        FatFormatter.Format(device, new FatFormatOptions
        {
            Type = FatType.Fat32,
            HiddenSectors = (uint)Math.Min(partition.Offset / sectorSize, uint.MaxValue),
            SerialNumber = BitConverter.ToUInt32(partition.UniqueGuid.ToByteArray()),
            TimeUtc = machine.Changes.Clock.GetUtcNow().UtcDateTime,
        });
        using var volume = new RecordingFileSystem(FatFileSystem.Open(device, $"partition {partition.Number}", machine.Changes.Clock),
            machine.Changes, "ESP:");
        files.CopyMissing(volume);
        if (FallbackLoader.PathFor(windows.Facts.Architecture) is { } path)
        {
            volume.CreateDirectory(@"EFI\Boot");
            volume.WriteFile(path, volume.ReadFile(BootFilesFinder.UefiBootManager));
        }

        volume.WriteFile(BootFilesFinder.UefiStorePath, store);
        if (old is { } kept)
        {
            volume.WriteFile(BootFilesFinder.UefiStorePath + BootRepair.KeptSuffix, kept.Span);
        }

        volume.Flush();
        if (volume.Check().FirstOrDefault(f => f.IsError) is { } finding)
        {
            throw WindowsError.VolumeCheckFailed("the new EFI system partition", finding.ToString());
        }
    }
}
