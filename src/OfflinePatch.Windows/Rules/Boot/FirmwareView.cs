using OfflinePatch.Core;
using OfflinePatch.Disks.Partitions;

namespace OfflinePatch.Windows.Rules.Boot;

/// <summary>
/// What firmware sees of the partition table: what is wrong, and whether a protective entry in sector 0 is all that is missing. The table
/// is read again each time, so that a second inspection sees what was fixed.
/// </summary>
/// <param name="Problem">What keeps firmware from seeing the partitions, and is not fixed here; or null.</param>
/// <param name="Remedy">What the user can do about it.</param>
/// <param name="MissingEntry">What is wrong with the protective entry, where it can be written; or null.</param>
internal sealed record FirmwareView(string? Problem, string? Remedy, string? MissingEntry)
{
    private const int SectorZero = 512;

    /// <summary>Examines sector 0 and the GPT headers; writes nothing.</summary>
    public static FirmwareView Of(RuleContext context)
    {
        var disk = context.Disk;
        var table = PartitionTable.Read(disk);
        if (table.IsVisibleToFirmware)
        {
            return new FirmwareView(null, null, null);
        }

        if (table.SectorSize != table.DeviceSectorSize)
        {
            return new FirmwareView(
                $"The partition table after the master boot record counts in sectors of {table.SectorSize} bytes, the disk has sectors "
                    + $"of {table.DeviceSectorSize}: the firmware sees no partition.",
                "See image.sector-size.", null);
        }

        var fault = table.Protective is { } entry
            ? $"the protective entry of the master boot record (slot {entry.Slot}) starts at sector {entry.FirstSector}, not at 1"
            : "the master boot record has no protective entry (type 0xEE)";
        return ProtectiveMbrWriter.WhyNot(disk, table) is { } refusal
            ? new FirmwareView(
                $"The firmware does not see the GPT: {fault}, and its slots hold something else.",
                "Write a protective MBR in the source machine (for example `gdisk`: x, n, w), then export it again.", null)
            : new FirmwareView(null, null, fault);
    }

    /// <summary>Writes the protective entry.</summary>
    public static void Fix(RuleContext context)
    {
        if (ProtectiveMbrWriter.Write(context.Disk, PartitionTable.Read(context.Disk)))
        {
            context.Changes.RecordFile("disk: protective master boot record", Guest.FileChangeKind.Replaced, SectorZero);
        }
    }
}
