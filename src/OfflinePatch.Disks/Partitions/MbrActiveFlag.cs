using OfflinePatch.Core.Devices;

namespace OfflinePatch.Disks.Partitions;

/// <summary>The flag in the master boot record that says which partition the BIOS starts.</summary>
public static class MbrActiveFlag
{
    private const byte Active = 0x80;

    /// <summary>The partitions that are active, 1 to 4.</summary>
    public static IReadOnlyList<int> Read(BlockDevice disk)
    {
        Span<byte> sector = stackalloc byte[MasterBootRecord.Layout.Size];
        disk.Read(0, sector);
        var active = new List<int>();
        for (var number = 1; number <= MasterBootRecord.EntryCount; number++)
        {
            if (sector[Place(number)] == Active)
            {
                active.Add(number);
            }
        }

        return active;
    }

    /// <summary>Makes one partition active and every other one not.</summary>
    /// <param name="disk">The disk.</param>
    /// <param name="number">The partition, 1 to 4.</param>
    public static void Set(BlockDevice disk, int number)
    {
        var active = Read(disk);
        Span<byte> flag = [0];
        foreach (var other in active.Where(a => a != number))
        {
            disk.Write(Place(other), flag);
        }

        if (!active.Contains(number))
        {
            flag[0] = Active;
            disk.Write(Place(number), flag);
        }
    }

    private static int Place(int number) =>
        MasterBootRecord.Layout.Entries + ((number - 1) * MasterBootRecord.Layout.EntrySize) + MasterBootRecord.Layout.EntryStatus;
}
