using OfflinePatch.Core;
using OfflinePatch.Disks;
using OfflinePatch.Disks.Formats;
using OfflinePatch.Disks.Partitions;
using OfflinePatch.Registry;
using OfflinePatch.Registry.Bcd;
using OfflinePatch.Windows.Guest;

namespace OfflinePatch.Windows.BootStore;

/// <summary>
/// What bcdboot would do for the Windows of a disk, offline: boot files and boot configuration on a system partition of this disk. Where
/// the disk has none, a BIOS machine starts from the partition of Windows itself, and a UEFI machine gets an EFI system partition in
/// unallocated space or at the end of a larger disk. A boot configuration that can be read and has an entry for this Windows is corrected
/// in place; one that cannot is replaced, and kept next to it as <c>BCD.before</c>.
/// </summary>
internal sealed class BootRepair
{
    /// <summary>Suffix of an old boot configuration that is kept next to a new one.</summary>
    public const string KeptSuffix = ".before";

    private readonly GuestMachine _machine;
    private readonly WindowsSystem _windows;
    private readonly BootRepairOptions _options;
    private readonly List<BootStep> _steps = [];

    private BootRepair(GuestMachine machine, WindowsSystem windows, BootRepairOptions options)
    {
        _machine = machine;
        _windows = windows;
        _options = options;
    }

    /// <summary>Why it cannot be done offline, in a full sentence; null when it can.</summary>
    public string? Problem { get; private set; }

    /// <summary>What is to be done, in order. Empty where nothing is wrong.</summary>
    public IReadOnlyList<BootStep> Steps => _steps;

    /// <summary>Examines a disk; writes nothing.</summary>
    public static BootRepair Find(GuestMachine machine, WindowsSystem windows, BootRepairOptions? options = null)
    {
        var repair = new BootRepair(machine, windows, options ?? new BootRepairOptions());
        try
        {
            repair.Plan();
        }
        catch (Exception e) when (e is CorruptImageException or UnsupportedImageException or RefusedException)
        {
            repair.Problem = e.Message;
        }

        if (repair.Problem is not null)
        {
            repair._steps.Clear();
        }

        return repair;
    }

    /// <summary>Runs all steps. The files are flushed; what was opened before sees the old disk.</summary>
    public void Apply()
    {
        foreach (var step in _steps)
        {
            step.Apply();
        }
    }

    private void Plan()
    {
        var table = _machine.Partitions;
        if (table.Scheme == PartitionScheme.None || _windows.Volume.Partition is not { } partition)
        {
            Problem = "The disk has no partition table.";
            return;
        }

        if (_machine.Systems.Count(s => s.Volume.Files is not null) > 1)
        {
            Problem = "There are several Windows installations on the disk: it is not known which one is to start.";
            return;
        }

        // Where nothing says how the machine started: setup partitions a disk as GPT for UEFI only, and as MBR for BIOS.
        var firmware = _machine.Boot.Firmware != Firmware.Unknown ? _machine.Boot.Firmware
            : table.Scheme == PartitionScheme.Gpt ? Firmware.Uefi : Firmware.Bios;
        if (firmware == Firmware.Uefi != (table.Scheme == PartitionScheme.Gpt))
        {
            Problem = "An EFI system partition on an MBR disk, or a BIOS boot manager on a GPT disk: Windows does not start from it.";
            return;
        }

        var files = BootFileSet.Find(_windows, firmware);
        if (firmware == Firmware.Uefi)
        {
            PlanUefi(table, partition, files);
        }
        else
        {
            PlanBios(table, partition, files);
        }
    }

    private void PlanBios(PartitionTable table, Partition windows, BootFileSet files)
    {
        if (table.MbrSignature == 0)
        {
            Problem = "The disk has no signature: Windows gives it one at its start, and the boot configuration would name another disk.";
            return;
        }

        var system = _machine.Boot.Active is { Partition.IsLogical: false, Kind: VolumeKind.Ntfs or VolumeKind.Fat, Files: not null } active
            ? active
            : _windows.Volume;
        if (_machine.Volumes.FirstOrDefault(v => v.Partition is { IsActive: true } && v.Number != system.Number
            && v.Kind is not (VolumeKind.Ntfs or VolumeKind.Fat)) is { } other)
        {
            Problem = $"{other.Description} is active and does not belong to Windows: whatever starts from it would no longer start.";
            return;
        }

        if (system.Partition is { IsLogical: true } && FindPrimary(files) is { } primary)
        {
            system = primary;
        }

        if (system.Partition is not { IsLogical: false } place)
        {
            Problem = $"Windows is on a logical partition ({windows.Number}), which the BIOS cannot start, and the disk has no primary "
                + "partition with NTFS and room for the boot files.";
            return;
        }

        if (MbrActiveFlag.Read(_machine.Disk) is not [var only] || only != place.Number)
        {
            _steps.Add(new BootStep($"partition {place.Number} is not the active one", $"partition {place.Number} is active",
                () => SetActive(place.Number)));
        }

        PlanFiles(files, system, "");
        PlanStore(system, BootFilesFinder.BiosStorePath, _machine.Boot.BiosStore,
            TargetOf(Firmware.Bios, BcdDevice.OfMbr(table.MbrSignature, place.Offset),
                BcdDevice.OfMbr(table.MbrSignature, windows.Offset)));
    }

    /// <summary>A partition other than that of Windows that a BIOS can start and that has room for the boot files; null for none.</summary>
    private GuestVolume? FindPrimary(BootFileSet files) => _machine.Volumes.FirstOrDefault(v =>
        v is { Partition.IsLogical: false, Kind: VolumeKind.Ntfs, Files: not null, Condition.WriteProblem: null }
        && v.FreeBytes >= 2 * files.Length);

    private void PlanUefi(PartitionTable table, Partition windows, BootFileSet files)
    {
        if (_machine.Boot.Esp is { Partition: { } place } esp)
        {
            if (esp.Files is null)
            {
                Problem = $"The EFI system partition ({place.Number}) cannot be read, and is not formatted again: "
                    + $"{esp.Failure?.Message ?? "it has no FAT file system"}.";
                return;
            }

            PlanFiles(files, esp, "ESP:");
            PlanStore(esp, BootFilesFinder.UefiStorePath, _machine.Boot.UefiStore,
                TargetOf(Firmware.Uefi, BcdDevice.OfGpt(table.DiskGuid, place.UniqueGuid),
                    BcdDevice.OfGpt(table.DiskGuid, windows.UniqueGuid)));
            return;
        }

        PlanNewEsp(table, windows, files);
    }

    private void PlanNewEsp(PartitionTable table, Partition windows, BootFileSet files)
    {
        if (files.Problem is { } problem)
        {
            Problem = problem + ".";
            return;
        }

        var disk = _machine.Disk;
        var writer = new EspWriter(_machine, _windows, files);
        var length = writer.LengthFor(table.SectorSize);
        var free = FreeSpace.In(table).FirstOrDefault(r => r.Length >= length);
        if (free.Length == 0)
        {
            var largerDisk = EspWriter.DiskLength(disk.Length + length);
            if (DiskGrowth.WhyNot(disk, table) is { } why)
            {
                Problem = $"There is no unallocated space of {length >> 20} MiB for an EFI system partition, and the disk cannot be "
                    + $"made larger: {why}";
                return;
            }

            _steps.Add(new BootStep($"the disk has {disk.Length} bytes", $"{largerDisk} bytes", () =>
            {
                DiskGrowth.Grow(disk, largerDisk);
                _machine.Changes.RecordFile("disk: GUID partition table", FileChangeKind.Replaced, disk.SectorSize);
            }));
        }

        var id = TargetOf(Firmware.Uefi, BcdDevice.OfGpt(table.DiskGuid, Guid.Empty), BcdDevice.OfGpt(table.DiskGuid, windows.UniqueGuid))
            .IdOf(EspWriter.Name);
        var target = TargetOf(Firmware.Uefi, BcdDevice.OfGpt(table.DiskGuid, id), BcdDevice.OfGpt(table.DiskGuid, windows.UniqueGuid));
        var store = BuildStore(target, recovery: null);
        _steps.Add(new BootStep("no EFI system partition on this disk",
            $"a new one of {length >> 20} MiB with the boot files of Windows and a new boot configuration", () =>
        {
            var current = PartitionTable.Read(disk);
            var place = FreeSpace.In(current).First(r => r.Length >= length).Offset;
            var partition = GptPartitionWriter.Add(disk, current, EspWriter.Entry(0, place, length, id));
            _machine.Changes.RecordFile("disk: GUID partition table", FileChangeKind.Replaced, disk.SectorSize);
            writer.Write(partition, current.SectorSize, store);
        }));
    }

    private void PlanFiles(BootFileSet files, GuestVolume system, string prefix)
    {
        var missing = files.MissingOn(system.RequireFiles());
        var loader = _machine.Boot.Esp == system ? BootFilesFinder.UefiBootManager : BootFilesFinder.BiosBootManager;
        var isLoaderMissing = system.RequireFiles().Find(loader) is not { IsDirectory: false, Length: > 0 };
        if (!isLoaderMissing && (missing.Count == 0 || !_options.AllFiles))
        {
            return;
        }

        // A boot manager that is there already needs no copy of Windows' own.
        var needed = files.LengthOf(missing);
        if ((isLoaderMissing ? files.Problem : files.Excess) is { } problem)
        {
            Problem = problem + ".";
        }
        else if (system.FreeBytes < needed)
        {
            Problem = $"{system.Description} has {system.FreeBytes} bytes free, but the boot files that it lacks need {needed}.";
        }
        else
        {
            _steps.Add(new BootStep(
                isLoaderMissing ? $@"{prefix}\{loader} is missing"
                    : $@"{missing.Count} boot file(s) are missing: {prefix}\{missing[0]}{(missing.Count > 1 ? ", ..." : "")}",
                $"{missing.Count} boot file(s) from {_windows.GuestPath(_windows.PathOf("Boot"))}",
                () => files.CopyMissing(system.RequireWritable())));
        }
    }

    private void PlanStore(GuestVolume system, string path, HiveLoad? load, BootTarget target)
    {
        if (Problem is not null)
        {
            return;
        }

        var correction = load?.Hive is { } hive ? StoreCorrection.Find(hive, target, _machine.Partitions) : null;
        if (correction is not null && !_options.Rebuild)
        {
            _steps.AddRange(correction.Steps);
            return;
        }

        var old = load?.Hive is { } readable ? BootEntries.Read(readable) : null;
        var recovery = old is null ? null : KeptRecovery.Find(old, target.Firmware, Locate);
        var store = BuildStore(target, recovery);
        if (old is not null && BootStoreBuilder.AreEqual(old, BcdStore.Open(Hive.Open(store))))
        {
            return;
        }

        var exists = system.RequireFiles().FileExists(path);
        var kept = system.RequireFiles().FileExists(path + KeptSuffix) ? $@"\{path}{KeptSuffix} stays"
            : $@"the old one is kept as \{path}{KeptSuffix}";
        _steps.Add(new BootStep(
            !exists ? $@"\{path} is missing"
            : correction is null ? $@"\{path} has no entry that starts this Windows" : $@"\{path} is to be replaced",
            !exists ? "a new one" : $"a new one{(recovery is null ? "" : ", with the recovery entry of the old one")}; {kept}", () =>
        {
            var volume = system.RequireWritable();
            volume.CreateDirectory(FilePath.ParentOf(path));
            if (exists)
            {
                foreach (var suffix in HiveLogNames.Suffixes.Prepend(""))
                {
                    Keep(volume, path + suffix);
                }
            }

            volume.WriteFile(path, store);
            _machine.Changes.RecordFile($@"partition {system.Number}:\{path}", exists ? FileChangeKind.Replaced : FileChangeKind.Added,
                store.Length);
        }));
    }

    private static void Keep(IWritableFileSystem volume, string path)
    {
        if (!volume.FileExists(path))
        {
            return;
        }

        if (volume.FileExists(path + KeptSuffix))
        {
            volume.Delete(path); // the first one that was kept is the original
        }
        else
        {
            volume.Move(path, path + KeptSuffix);
        }
    }

    /// <summary>What a partition of an old boot configuration is called now, if it and the file that is meant are there.</summary>
    private BcdDevice? Locate(BcdDevice device, string? path) =>
        PartitionDevices.Holder(_machine, device, path) is { } partition ? PartitionDevices.Of(_machine.Partitions, partition) : null;

    private byte[] BuildStore(BootTarget target, KeptRecovery? recovery) =>
        BootStoreBuilder.Build(_windows, target, _machine.Changes.Clock, recovery);

    private void SetActive(int number)
    {
        MbrActiveFlag.Set(_machine.Disk, number);
        _machine.Changes.RecordFile("disk: master boot record", FileChangeKind.Replaced, 512);
    }

    private BootTarget TargetOf(Firmware firmware, BcdDevice system, BcdDevice windows) =>
        new(firmware, system, windows, _windows.SystemRoot, BootTarget.DescriptionOf(_windows.Facts));
}
