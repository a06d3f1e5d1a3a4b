using OfflinePatch.Core;
using OfflinePatch.Disks.Formats;
using OfflinePatch.Disks.Partitions;
using OfflinePatch.Ntfs.Engine;
using OfflinePatch.Ntfs.Volume;
using OfflinePatch.Windows.Guest;

namespace OfflinePatch.Windows.Growth;

/// <summary>
/// What makes a disk larger: the container with its partition table and, where that is asked for, the partition of Windows and its NTFS
/// volume. Examines first and changes nothing; <see cref="Apply"/> does all of it. Nothing becomes smaller, and a second plan is empty.
/// </summary>
internal sealed class GrowthPlan
{
    private readonly GuestMachine _machine;
    private readonly long _length;
    private readonly List<string> _steps = [];
    private readonly List<string> _notes = [];
    private WindowsSystem? _windows;
    private RecoveryMove? _recovery;
    private long _partitionEnd;
    private bool _movesBackup;
    private bool _extendsVolume;

    private GrowthPlan(GuestMachine machine, long length)
    {
        _machine = machine;
        _length = length;
    }

    /// <summary>What is to be done, in order, for people. Empty where nothing is.</summary>
    public IReadOnlyList<string> Steps => _steps;

    /// <summary>Remarks, in full sentences.</summary>
    public IReadOnlyList<string> Notes => _notes;

    /// <summary>Why the volume is not extended although that was asked for; null where it is, or need not be.</summary>
    public Exception? Problem { get; private set; }

    /// <summary>Whether the volume of Windows becomes larger.</summary>
    public bool ExtendsVolume => _extendsVolume;

    /// <summary>Examines a disk; writes nothing.</summary>
    /// <param name="machine">What is on it.</param>
    /// <param name="length">Bytes that the disk should have, at least as many as now.</param>
    /// <param name="extend">Whether the volume of Windows takes the space that follows it.</param>
    public static GrowthPlan Find(GuestMachine machine, long length, bool extend)
    {
        var plan = new GrowthPlan(machine, length);
        if (length > machine.Disk.Length)
        {
            plan._steps.Add($"the disk: {ByteSize.Precise(machine.Disk.Length)} → {ByteSize.Precise(length)}");
        }

        if (extend)
        {
            var before = plan._steps.Count;
            try
            {
                plan.PlanExtension();
            }
            catch (Exception e) when (e is CorruptImageException or UnsupportedImageException or RefusedException)
            {
                plan.Problem = e;
                plan._extendsVolume = plan._movesBackup = false;
                plan._recovery = null;
                plan._steps.RemoveRange(before, plan._steps.Count - before);
            }
        }

        return plan;
    }

    /// <summary>
    /// Runs all steps, and checks the volume that was extended. What was opened before sees the old disk: open it again.
    /// </summary>
    /// <exception cref="RefusedException">The disk cannot have this length, or <c>GROW-0003</c>. The caller drops everything.</exception>
    /// <exception cref="UnsupportedImageException"><c>DISK-0006</c>: the image cannot grow in place. Nothing was written.</exception>
    public void Apply()
    {
        var disk = _machine.Disk;
        if (DiskGrowth.Grow(disk, _length))
        {
            _machine.Changes.RecordFile("disk: length", FileChangeKind.Replaced, disk.Length);
        }

        if (_movesBackup && DiskGrowth.MoveBackupToEnd(disk, PartitionTable.Read(disk)))
        {
            _machine.Changes.RecordFile("disk: GUID partition table", FileChangeKind.Replaced, disk.SectorSize);
        }

        if (!_extendsVolume)
        {
            return;
        }

        _recovery?.MoveData(disk);
        var table = PartitionTable.Read(disk);
        var partition = table.Partitions.First(p => p.Number == _windows!.Volume.Number);
        if (_partitionEnd > partition.Offset + partition.Length)
        {
            partition = PartitionRange.Set(disk, table, partition, partition.Offset, _partitionEnd - partition.Offset);
            _machine.Changes.RecordFile("disk: partition table", FileChangeKind.Replaced, disk.SectorSize);
        }

        var device = partition.OpenDevice(disk);
        var growth = new NtfsGrowth(device, OptionsOf(partition));
        growth.Apply();
        Require(growth.CheckResult());
        _machine.Changes.RecordFile($"partition {partition.Number}: NTFS volume", FileChangeKind.Replaced, partition.Length);
        if (_recovery is not null)
        {
            Correct(device, OptionsOf(partition), _windows!.DriveLetter, _windows, table.DiskGuid);
            var moved = PartitionTable.Read(disk).Partitions.First(p => p.Number == _recovery.Number);
            _machine.Changes.RecordFile($"partition {moved.Number}: place", FileChangeKind.Replaced, moved.Length);
            Correct(moved.OpenDevice(disk), OptionsOf(moved), $"partition {moved.Number}:", null, table.DiskGuid);
        }
    }

    private void PlanExtension()
    {
        var table = _machine.Partitions;
        _windows = _machine.FoundWindows ?? throw GrowthError.NoWindows();
        var partition = _windows.Volume.Partition ?? throw GrowthError.NoWindows();
        PartitionRange.Check(_machine.Disk, table, partition);
        if (_length == _machine.Disk.Length && DiskGrowth.IsBackupBeforeEnd(_machine.Disk, table))
        {
            _movesBackup = true;
            _steps.Add("the backup GPT moves to the end of the disk");
        }

        var end = partition.Offset + partition.Length;
        var limit = Usable(partition);
        var next = table.Partitions.Where(p => p.Offset >= end).OrderBy(p => p.Offset).FirstOrDefault();
        var why = "";
        if (next is { IsRecovery: true })
        {
            _recovery = RecoveryMove.Find(_machine, _windows, next, Usable(next), out var unmoved);
            why = unmoved is null ? "" : "; " + unmoved;
            if (_recovery is not null)
            {
                _steps.Add($"partition {next.Number} ({next.TypeName}) moves to the end of the disk");
                limit = _recovery.Target;
            }
        }

        _partitionEnd = Math.Max(end, limit);
        var growth = new NtfsGrowth(_windows.Volume.Device!, OptionsOf(partition), _partitionEnd - partition.Offset);
        if (_partitionEnd == end && !growth.IsNeeded)
        {
            if (next is not null && (why.Length > 0 || HasSpaceAtEnd(table)))
            {
                throw GrowthError.Blocked(next.Number, next.TypeName, why);
            }

            return;
        }

        growth.Check();
        _extendsVolume = true;
        if (_partitionEnd > end)
        {
            _steps.Add($"partition {partition.Number} ({_windows.DriveLetter}): {ByteSize.Precise(partition.Length)} → "
                + ByteSize.Precise(_partitionEnd - partition.Offset));
        }

        _steps.Add($"the NTFS volume of Windows: {ByteSize.Precise(growth.Bytes)} more");
        if (_windows.Volume.Condition is { HasShadowCopies: true })
        {
            _notes.Add("The volume of Windows holds shadow copies (restore points); Windows may drop them when it finds the volume "
                + "larger.");
        }

        if (next is not null && _recovery is null && HasSpaceAtEnd(table))
        {
            _notes.Add($"Partition {next.Number} ({next.TypeName}) lies after the volume of Windows{why}: what is after that partition "
                + "stays unallocated.");
        }

        if (table.Scheme == PartitionScheme.Mbr && _length > (1L << 32) * table.SectorSize)
        {
            _notes.Add($"An MBR ends at {ByteSize.Precise((1L << 32) * table.SectorSize)}: the rest of the disk stays unused. "
                + "`offlinepatch convert-boot uefi IMAGE` makes it a GPT disk.");
        }
    }

    /// <summary>
    /// Where a partition may end at most. Windows ends partitions at whole MiB, and leaves the last one of an MBR disk to the database of
    /// a dynamic disk.
    /// </summary>
    private long Usable(Partition partition)
    {
        var limit = PartitionRange.FreeEnd(_machine.Disk, _machine.Partitions, partition, _length);
        var isAtDiskEnd = _machine.Partitions.Partitions.All(p => p.Offset < limit);
        limit -= _machine.Partitions.Scheme == PartitionScheme.Mbr && isAtDiskEnd ? FreeSpace.Alignment : 0;
        return limit / FreeSpace.Alignment * FreeSpace.Alignment;
    }

    private bool HasSpaceAtEnd(PartitionTable table)
    {
        var last = table.Partitions.OrderBy(p => p.Offset).Last();
        return Usable(last) - (last.Offset + last.Length) >= FreeSpace.Alignment;
    }

    /// <summary>Corrects what names the moved partition on one volume, and checks what was changed.</summary>
    private void Correct(BlockDevice device, NtfsOpenOptions options, string prefix, WindowsSystem? windows, Guid disk)
    {
        using var volume = new RecordingFileSystem(NtfsVolume.Open(device, options), _machine.Changes, prefix);
        _recovery!.CorrectReAgent(volume, windows, disk);
        volume.Flush();
        Require(volume.CheckChanges());
    }

    private static void Require(IReadOnlyList<VolumeFinding> findings)
    {
        if (findings.FirstOrDefault(f => f.IsError) is { } finding)
        {
            throw GrowthError.CheckFailed(finding.ToString());
        }
    }

    private NtfsOpenOptions OptionsOf(Partition partition) =>
        new() { Source = $"partition {partition.Number}", TimeProvider = _machine.Changes.Clock };
}
