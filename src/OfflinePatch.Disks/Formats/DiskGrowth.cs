using OfflinePatch.Core;
using OfflinePatch.Disks.Partitions;

namespace OfflinePatch.Disks.Formats;

/// <summary>
/// Makes a virtual disk larger, with its partition table: the backup GPT moves to the new end and the new sectors become usable. An MBR is
/// not touched. Partitions and file systems stay as they are; the new part is unallocated space. Never makes a disk smaller.
/// </summary>
public static class DiskGrowth
{
    /// <summary>Why the disk cannot be made larger in place, in a full sentence; null when it can.</summary>
    /// <param name="disk">The disk.</param>
    /// <param name="table">Its partition table.</param>
    public static string? WhyNot(DiskImage disk, PartitionTable table)
    {
        try
        {
            Check(table);
            return disk.WhyNotGrow;
        }
        catch (RefusedException e)
        {
            return e.Message;
        }
    }

    /// <summary>
    /// Makes the disk <paramref name="length"/> bytes long. Callers that hold its partition table or a volume on it must read them again.
    /// </summary>
    /// <param name="disk">The disk; writes go through it, into its transaction.</param>
    /// <param name="length">Bytes; a multiple of the sector size of the disk and of its partition table. Equal to the present length:
    /// nothing is done.</param>
    /// <returns>Whether anything was changed.</returns>
    /// <exception cref="RefusedException">
    /// The length is smaller or no multiple (<c>DISK-0007</c>, <c>PART-0010</c>), the GPT is damaged (<c>PART-0009</c>), or the disk is
    /// dynamic (<c>PART-0011</c>). Nothing was written.
    /// </exception>
    /// <exception cref="UnsupportedImageException">The image cannot grow in place, or not so far. Nothing was written.</exception>
    public static bool Grow(DiskImage disk, long length)
    {
        var old = disk.Length;
        if (length == old)
        {
            return false;
        }

        var table = PartitionTable.Read(disk);
        Check(table);
        if (length % table.SectorSize != 0)
        {
            throw PartitionError.SectorMultiple(length, table.SectorSize);
        }

        if (table.Scheme == PartitionScheme.Gpt)
        {
            GptGrowth.CheckEnd(table, Math.Max(length, old));
        }

        disk.Grow(length);
        if (table.Scheme == PartitionScheme.Gpt)
        {
            GptGrowth.MoveBackup(disk, table, old);
        }

        return true;
    }

    /// <summary>
    /// Moves the backup GPT to the end of a disk that something else has made larger (<c>qemu-img resize</c>), so that the space there can
    /// be used.
    /// </summary>
    /// <param name="disk">The disk.</param>
    /// <param name="table">Its partition table; read it again after a change.</param>
    /// <returns>Whether anything was changed: false where the copy is at the end, and for an MBR.</returns>
    /// <exception cref="RefusedException">The GPT is damaged (<c>PART-0009</c>), or the disk is dynamic (<c>PART-0011</c>). Nothing was
    /// written.</exception>
    public static bool MoveBackupToEnd(DiskImage disk, PartitionTable table)
    {
        Check(table);
        if (table.Scheme != PartitionScheme.Gpt || !GptGrowth.IsBehindEnd(disk, table))
        {
            return false;
        }

        GptGrowth.CheckEnd(table, disk.Length);
        GptGrowth.MoveBackup(disk, table, ((long)table.Backup!.Lba + 1) * table.SectorSize);
        return true;
    }

    /// <summary>Whether the disk continues after the backup GPT.</summary>
    /// <param name="disk">The disk.</param>
    /// <param name="table">Its partition table.</param>
    public static bool IsBackupBeforeEnd(DiskImage disk, PartitionTable table) => GptGrowth.IsBehindEnd(disk, table);

    private static void Check(PartitionTable table)
    {
        if (table.HasDynamicDisk)
        {
            throw PartitionError.DynamicDisk();
        }

        if (table.Scheme == PartitionScheme.Gpt)
        {
            GptGrowth.Check(table);
        }
    }
}
