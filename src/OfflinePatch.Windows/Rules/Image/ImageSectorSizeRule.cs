using System.Buffers.Binary;
using OfflinePatch.Disks.Partitions;
using OfflinePatch.Windows.Guest;
using OfflinePatch.Windows.Targets;

namespace OfflinePatch.Windows.Rules.Image;

/// <summary>
/// <c>image.sector-size</c>: the partition table counts in the sectors that the target's disks have. A disk of a host with 4096-byte
/// sectors (4Kn) keeps its layout when it is copied, and on a disk with 512-byte sectors neither firmware nor Windows finds a partition
/// (UEFI 2.10 §5.3: the GPT header is in logical block 1). The same holds for a volume whose boot sector counts in sectors of another size
/// than the disk has: its offsets are given in those sectors.
/// </summary>
internal sealed class ImageSectorSizeRule() : Rule(Description)
{
    private static readonly NumberParameter SectorSize = new("sectorSize", Default: 512, Min: 512, Max: 4096,
        "Bytes per logical sector of the target's disks.");

    private static readonly RuleContract Description = new("image.sector-size")
    {
        Title = "The disk is laid out for the sectors of the target's disks",
        Source = "UEFI 2.10 §5.3 (GPT), QEMU: disks have logical sectors of 512 bytes unless they are told otherwise",
        Summary = "The place of the GPT header, the unit of the partition table; bytes per sector in the boot sectors of NTFS and FAT "
            + "volumes.",
        NeedsWindows = false,
        Parameters = [SectorSize],
    };

    /// <inheritdoc/>
    public override Finding Inspect(RuleContext context)
    {
        var table = context.Partitions;
        var wanted = Value(context, SectorSize);
        if (table.Scheme == PartitionScheme.None)
        {
            return Finding.NotApplicable("There is no partition table.");
        }

        if (table.SectorSize == wanted
            && context.Volumes.FirstOrDefault(v => BytesPerSector(v) is { } bytes && bytes != wanted) is { } volume)
        {
            return Finding.Failed(
                $"The boot sector of {volume.Description} counts in sectors of {BytesPerSector(volume)} bytes; the disks of "
                    + $"{context.Profile.Title} have {wanted}: neither boot manager nor Windows reads it there.",
                $"Copy the machine to a disk with {wanted}-byte sectors with a tool that rewrites the boot sectors (a backup that is "
                    + "restored to such a disk), then export that one.",
                $"{BytesPerSector(volume)} bytes", $"{wanted} bytes");
        }

        return table.SectorSize == wanted
            ? Finding.Ok($"The partition table and the volumes count in sectors of {wanted} bytes.")
            : Finding.Failed(
                $"The partition table counts in sectors of {table.SectorSize} bytes; the disks of {context.Profile.Title} have {wanted}: "
                    + "there it shows no partition.",
                $"Copy the machine to a disk with {wanted}-byte sectors with a tool that rewrites the partition table and the boot "
                    + "sectors (a backup that is restored to such a disk), then export that one. "
                + "A conversion of the image keeps the layout.",
                $"{table.SectorSize} bytes", $"{wanted} bytes");
    }

    /// <summary>
    /// The field of the BIOS parameter block (+0x0B, u16) of a volume that boot manager or Windows reads; null where it says nothing usual.
    /// </summary>
    private static int? BytesPerSector(GuestVolume volume)
    {
        if (volume is not { Kind: VolumeKind.Ntfs or VolumeKind.Fat, Device: { Length: >= 512 } device })
        {
            return null;
        }

        Span<byte> field = stackalloc byte[2];
        device.Read(0x0B, field);
        return BinaryPrimitives.ReadUInt16LittleEndian(field) is var bytes and (512 or 1024 or 2048 or 4096) ? bytes : null;
    }
}
