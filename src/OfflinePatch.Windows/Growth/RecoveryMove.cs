using OfflinePatch.Core;
using OfflinePatch.Disks;
using OfflinePatch.Disks.Partitions;
using OfflinePatch.Ntfs.Volume;
using OfflinePatch.Windows.Guest;

namespace OfflinePatch.Windows.Growth;

/// <summary>
/// Moves the recovery partition that lies after the volume of Windows to the end of the disk. Only where everything that names it is
/// known: a GPT partition keeps its GUID, which the boot configuration uses, and the offset in ReAgent.xml is corrected. On an MBR disk
/// the boot configuration uses the offset, so it stays.
/// </summary>
internal sealed class RecoveryMove
{
    private const long MaxLength = 64L << 30; // far more than any image of Windows' own recovery tools
    private const int ChunkSize = 1024 * 1024;
    private const string OnWindows = @"System32\Recovery\ReAgent.xml";
    private const string OnRecovery = @"Recovery\WindowsRE\ReAgent.xml";

    private readonly Partition _partition;
    private readonly long _target;

    private RecoveryMove(Partition partition, long target)
    {
        _partition = partition;
        _target = target;
    }

    /// <summary>Number of the partition.</summary>
    public int Number => _partition.Number;

    /// <summary>The byte where it will begin.</summary>
    public long Target => _target;

    /// <summary>Plans the move; null where it does not help, and <paramref name="why"/> says why it cannot be done.</summary>
    /// <param name="machine">The machine.</param>
    /// <param name="windows">Its Windows.</param>
    /// <param name="partition">The recovery partition.</param>
    /// <param name="end">The end of the space that follows it, in bytes of the disk.</param>
    /// <param name="why">A clause, or null.</param>
    public static RecoveryMove? Find(GuestMachine machine, WindowsSystem windows, Partition partition, long end, out string? why)
    {
        why = null;
        var target = (end - partition.Length) / FreeSpace.Alignment * FreeSpace.Alignment;
        if (target < partition.Offset + FreeSpace.Alignment)
        {
            return null;
        }

        var volume = machine.Volumes.FirstOrDefault(v => v.Number == partition.Number);
        why = machine.Partitions.Scheme != PartitionScheme.Gpt
                ? "it is not moved, because the boot configuration of an MBR disk names it by its offset"
            : partition.Length > MaxLength ? $"it is not moved, because it has more than {MaxLength >> 30} GiB"
            : volume is not { Kind: VolumeKind.Ntfs, Files: not null } ? "it is not moved, because its volume cannot be read"
            : volume.Condition?.WriteProblem is { } problem ? $"it is not moved: {problem.TrimEnd('.')}"
            : null;
        if (why is null)
        {
            ReAgentFile.Read(windows.Volume.RequireFiles(), windows.PathOf(OnWindows), out var unreadable);
            why = unreadable is null ? null : $"it is not moved, because {unreadable}";
        }

        return why is null ? new RecoveryMove(partition, target) : null;
    }

    /// <summary>Copies the partition, in pieces, and corrects its entry and its boot sector.</summary>
    /// <param name="disk">The disk.</param>
    public void MoveData(DiskImage disk)
    {
        // From the end: the new place may overlap the old one.
        var buffer = new byte[ChunkSize];
        for (var left = _partition.Length; left > 0;)
        {
            var count = (int)Math.Min(ChunkSize, left);
            left -= count;
            var part = buffer.AsSpan(0, count);
            disk.Read(_partition.Offset + left, part);
            if (part.ContainsAnyExcept((byte)0) || !IsZero(disk, _target + left, count))
            {
                disk.Write(_target + left, part);
            }
        }

        var table = PartitionTable.Read(disk);
        var moved = PartitionRange.Set(disk, table, table.Partitions.First(p => p.Number == Number), _target, _partition.Length);
        new NtfsBootSectors(moved.OpenDevice(disk)).MoveTo(_partition.Offset / table.SectorSize, _target / table.SectorSize);
    }

    /// <summary>Corrects ReAgent.xml on the volume of Windows, or on the recovery volume.</summary>
    /// <param name="files">The volume, opened after the move.</param>
    /// <param name="windows">The Windows, when it is its volume; else null.</param>
    /// <param name="disk">GUID of the disk.</param>
    public void CorrectReAgent(IWritableFileSystem files, WindowsSystem? windows, Guid disk)
    {
        var path = windows?.PathOf(OnWindows) ?? OnRecovery;
        if (ReAgentFile.Read(files, path, out _)?.Moved(disk, _partition.Offset, _target) is { } bytes)
        {
            files.WriteFile(path, bytes);
        }
    }

    private static bool IsZero(DiskImage disk, long offset, int count)
    {
        var extent = disk.GetExtent(offset);
        return extent.IsZero && extent.Length >= count;
    }
}
