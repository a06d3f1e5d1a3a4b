using OfflinePatch.Disks.Partitions;
using OfflinePatch.Windows.Targets;

namespace OfflinePatch.Windows.Rules.Image;

/// <summary>
/// <c>image.sector-size</c>: the partition table counts in the sectors that the target's disks have. A disk of a host with 4096-byte sectors (4Kn) keeps its layout when
/// it is copied, and on a disk with 512-byte sectors neither firmware nor Windows finds a partition (UEFI 2.10 §5.3: the GPT header is in logical block 1).
/// </summary>
internal sealed class ImageSectorSizeRule() : Rule(Description)
{
    private static readonly NumberParameter SectorSize = new("sectorSize", Default: 512, Min: 512, Max: 4096, "Bytes per logical sector of the target's disks.");

    private static readonly RuleContract Description = new("image.sector-size")
    {
        Title = "The disk is laid out for the sectors of the target's disks",
        Source = "UEFI 2.10 §5.3 (GPT), QEMU: disks have logical sectors of 512 bytes unless they are told otherwise",
        Summary = "The place of the GPT header, the unit of the partition table.",
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

        return table.SectorSize == wanted
            ? Finding.Ok($"The partition table counts in sectors of {wanted} bytes.")
            : Finding.Failed(
                $"The partition table counts in sectors of {table.SectorSize} bytes; the disks of {context.Profile.Title} have {wanted}: there it shows no partition.",
                $"Copy the machine to a disk with {wanted}-byte sectors with a tool that rewrites the partition table and the boot sectors (a backup that is restored to such a disk), then export that one. "
                + "A conversion of the image keeps the layout.",
                $"{table.SectorSize} bytes", $"{wanted} bytes");
    }
}
