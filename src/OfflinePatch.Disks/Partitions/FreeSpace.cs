namespace OfflinePatch.Disks.Partitions;

/// <summary>The parts of a disk that no partition uses.</summary>
public static class FreeSpace
{
    /// <summary>Where partitions begin that Windows makes.</summary>
    public const long Alignment = 1 << 20;

    /// <summary>
    /// The ranges of a GPT disk that a new partition may use, aligned to <see cref="Alignment"/>, in ascending order. Empty for other
    /// schemes.
    /// </summary>
    /// <param name="table">The partition table.</param>
    public static IReadOnlyList<(long Offset, long Length)> In(PartitionTable table)
    {
        if (table is not { Scheme: PartitionScheme.Gpt, Primary: { } gpt })
        {
            return [];
        }

        return Between(table.Partitions, (long)gpt.FirstUsableLba * table.SectorSize, ((long)gpt.LastUsableLba + 1) * table.SectorSize);
    }

    /// <summary>The ranges between two places that no partition uses, aligned to <see cref="Alignment"/>, in ascending order.</summary>
    /// <param name="partitions">The partitions.</param>
    /// <param name="start">First byte.</param>
    /// <param name="end">The byte after the last one.</param>
    public static IReadOnlyList<(long Offset, long Length)> Between(IEnumerable<Partition> partitions, long start, long end)
    {
        var ranges = new List<(long, long)>();
        foreach (var partition in partitions.OrderBy(p => p.Offset))
        {
            Add(start, Math.Min(end, partition.Offset));
            start = Math.Max(start, partition.Offset + partition.Length);
        }

        Add(start, end);
        return ranges;

        void Add(long from, long to)
        {
            var aligned = (from + Alignment - 1) / Alignment * Alignment;
            var length = (to - aligned) / Alignment * Alignment;
            if (length > 0)
            {
                ranges.Add((aligned, length));
            }
        }
    }
}
