using OfflinePatch.Core;

namespace OfflinePatch.Disks.Partitions;

/// <summary>Errors of partition tables; codes <c>PART-0001</c> and up.</summary>
internal static class PartitionError
{
    private const string CopyAgain =
        "Export or copy the image again; if it is complete, repair the partition table in the source machine (diskpart, gdisk).";

    public static CorruptImageException BothGptHeadersBad(long offset, string primary, string backup) =>
        new("PART-0001", "GPT header", offset, "a valid primary or backup header and table", $"primary: {primary}; backup: {backup}",
            CopyAgain);

    public static CorruptImageException OutsideDisk(int number, long offset, long length, long diskLength) =>
        new("PART-0002", $"partition {number}", offset, $"a range inside the disk of {diskLength} bytes", $"{length} bytes from {offset}",
            "The image is shorter than its partition table says: it is truncated, or one extent of several. Export or copy it again.");

    public static CorruptImageException Overlap(int number, int other, long offset) =>
        new("PART-0003", $"partition {number}", offset, "no byte shared with another partition", $"an overlap with partition {other}",
            CopyAgain);

    public static CorruptImageException EndBeforeStart(int number, ulong first, ulong last) =>
        new("PART-0004", $"GPT entry {number}", -1, "a last sector not before the first", $"first {first}, last {last}", CopyAgain);

    public static CorruptImageException LogicalChainLoops(long offset) =>
        new("PART-0005", "extended boot record", offset, "a chain that ends", "a record that was already visited, or more than 128 of them",
            CopyAgain);

    public static CorruptImageException LogicalOutsideExtended(long offset, long start, long length) =>
        new("PART-0006", "extended boot record", offset, $"records inside the extended partition of {length} bytes from {start}",
            "one outside it", CopyAgain);

    public static RefusedException NoProtectiveSlot(long offset) =>
        new("PART-0007",
            $"The protective entry of the GPT cannot be written into the MBR at offset {offset}: its slots hold something else.",
            "Remove the entries that are not needed (gdisk, expert menu), then try again.");

    public static RefusedException NotGpt() =>
        new("PART-0008", "The disk has no GPT, so a protective MBR would hide its partitions.", "Nothing needs to be written.");

    public static RefusedException GptNotWhole(string why) =>
        new("PART-0009", $"The GPT cannot be changed: {why}.",
            "Repair the partition table first (gdisk: v, then w), then try again.");

    public static RefusedException DynamicDisk() =>
        new("PART-0011", "The disk is a Windows dynamic disk (LDM), whose database refers to the end of the disk.",
            "Convert it to a basic disk before it is exported, or grow it in Windows.");

    public static RefusedException SectorMultiple(long length, int sectorSize) =>
        new("PART-0010", $"A disk of {length} bytes is no multiple of the {sectorSize}-byte sectors that its partition table counts in.",
            "Choose a multiple of 1 MiB.");

    public static RefusedException NotFree(long offset, long length) =>
        new("PART-0012",
            $"A partition of {length} bytes at offset {offset} cannot be added to the GPT: the range is not free, or the table is full.",
            "Free a range or an entry of the table first.");

    public static RefusedException NoGptToAddTo() =>
        new("PART-0013", "The disk has no GPT to add a partition to.", "Only GPT disks get a new partition.");

    public static RefusedException Logical(int number) =>
        new("PART-0014", $"Partition {number} is a logical partition, or no partition of a table: its entry is not changed.",
            "Extend it in Windows (diskpart: extend) after the import.");

    public static RefusedException Hybrid() =>
        new("PART-0015",
            "The MBR names partitions of its own (a hybrid disk): a change of the GPT alone would make the two contradict.",
            "Make it a plain GPT disk first (gdisk, expert menu: n), or extend the volume in Windows.");

    public static RefusedException RangeNotFree(int number, long offset, long length) =>
        new("PART-0016",
            $"Partition {number} cannot have {length} bytes from offset {offset}: the range is not free, or the table cannot name it.",
            "Choose a smaller size. An MBR ends at 2 TiB: `offlinepatch convert-boot uefi IMAGE` makes a GPT of it.");

    public static RefusedException NoRoomForGpt(int number, long offset, long length) =>
        new("PART-0017", $"A GPT with partition {number} ({length} bytes at offset {offset}) cannot be written: the range is not free.",
            "Make the disk larger, or shrink the partition in the source machine.");
}
