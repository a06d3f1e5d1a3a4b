using OfflinePatch.Core;
using OfflinePatch.Disks;
using OfflinePatch.Disks.Formats;
using OfflinePatch.Disks.Partitions;
using OfflinePatch.FileSystems.Fat;
using OfflinePatch.Registry;
using OfflinePatch.Registry.Bcd;
using OfflinePatch.Windows.Guest;

namespace OfflinePatch.Windows.BootStore;

/// <summary>
/// What bcdboot would do for the Windows of a disk, offline: boot files and boot configuration on a system partition of this disk. Where
/// the disk has none, a BIOS machine starts from the partition of Windows itself, and a UEFI machine gets an EFI system partition in
/// unallocated space or at the end of a larger disk. A boot configuration that can be read and has an entry for this Windows is corrected
/// in place; one that cannot is replaced, and kept beside as <c>BCD.before</c>.
/// </summary>
internal sealed class BootRepair
{
    /// <summary>Bytes of a new EFI system partition: what Windows' setup makes; with 4096-byte sectors FAT32 needs more.</summary>
    private const long EspLength = 100L << 20;

    private const long EspLengthLargeSectors = 300L << 20;
    private const long GiB = 1L << 30;
    private const ulong NoDriveLetter = 0x8000000000000000; // GPT_BASIC_DATA_ATTRIBUTE_NO_DRIVE_LETTER
    private const string KeptSuffix = ".before";

    private readonly GuestMachine _machine;
    private readonly WindowsSystem _windows;
    private readonly List<BootStep> _steps = [];

    private BootRepair(GuestMachine machine, WindowsSystem windows)
    {
        _machine = machine;
        _windows = windows;
    }

    /// <summary>Why it cannot be done offline, in a full sentence; null when it can.</summary>
    public string? Problem { get; private set; }

    /// <summary>What is to be done, in order. Empty where nothing is wrong.</summary>
    public IReadOnlyList<BootStep> Steps => _steps;

    /// <summary>Looks at a disk; writes nothing.</summary>
    public static BootRepair Find(GuestMachine machine, WindowsSystem windows)
    {
        var repair = new BootRepair(machine, windows);
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

    /// <summary>Does all steps. The files are flushed; what was opened before sees the old disk.</summary>
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
            Problem = "There are several Windows installations on the disk: which one is to start cannot be known.";
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
            Problem = $"{other.Description} is active and is not of Windows: whatever starts from it would not start any more.";
            return;
        }

        if (system.Partition is not { IsLogical: false } place)
        {
            Problem = $"Windows is on a logical partition ({windows.Number}), which the BIOS cannot start, and the disk has no other "
                + "partition for the boot files.";
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

    private void PlanUefi(PartitionTable table, Partition windows, BootFileSet files)
    {
        if (_machine.Boot.Esp is { Partition: { } place } esp)
        {
            if (esp.Files is null)
            {
                Problem = $"The EFI system partition ({place.Number}) cannot be read, and is not formatted anew: "
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
        var length = Math.Max(table.SectorSize > 512 ? EspLengthLargeSectors : EspLength,
            (2 * files.Length + FreeSpace.Alignment - 1) / FreeSpace.Alignment * FreeSpace.Alignment);
        var free = FreeSpace.In(table).FirstOrDefault(r => r.Length >= length);
        var largerDisk = disk.Length;
        if (free.Length == 0)
        {
            largerDisk = (disk.Length + length + GiB - 1) / GiB * GiB;
            if (DiskGrowth.WhyNot(disk, table) is { } why)
            {
                Problem = $"There are not {length >> 20} MiB of unallocated space for an EFI system partition, and the disk cannot be "
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
            .IdOf("EFI system partition");
        var target = TargetOf(Firmware.Uefi, BcdDevice.OfGpt(table.DiskGuid, id), BcdDevice.OfGpt(table.DiskGuid, windows.UniqueGuid));
        var store = BuildStore(target);
        _steps.Add(new BootStep("no EFI system partition on this disk",
            $"a new one of {length >> 20} MiB with the boot files of Windows and a new boot configuration", () =>
        {
            var current = PartitionTable.Read(disk);
            var place = FreeSpace.In(current).First(r => r.Length >= length).Offset;
            var partition = GptPartitionWriter.Add(disk, current, new Partition
            {
                Number = 0,
                Offset = place,
                Length = length,
                TypeGuid = PartitionTypes.EfiSystem,
                UniqueGuid = id,
                Attributes = NoDriveLetter,
                Name = "EFI system partition",
            });
            _machine.Changes.RecordFile("disk: GUID partition table", FileChangeKind.Replaced, disk.SectorSize);
            var device = partition.OpenDevice(disk);
            FatFormatter.Format(device, new FatFormatOptions
            {
                Type = FatType.Fat32,
                HiddenSectors = (uint)Math.Min(place / current.SectorSize, uint.MaxValue),
                SerialNumber = BitConverter.ToUInt32(id.ToByteArray()),
                TimeUtc = _machine.Changes.Clock.GetUtcNow().UtcDateTime,
            });
            using var volume = new RecordingFileSystem(FatFileSystem.Open(device, $"partition {partition.Number}", _machine.Changes.Clock),
                _machine.Changes, "ESP:");
            files.CopyMissing(volume);
            PutFallbackLoader(volume);
            volume.WriteFile(BootFilesFinder.UefiStorePath, store);
            volume.Flush();
            if (volume.Check().FirstOrDefault(f => f.IsError) is { } finding)
            {
                throw WindowsError.VolumeCheckFailed("the new EFI system partition", finding.ToString());
            }
        }));
    }

    private void PlanFiles(BootFileSet files, GuestVolume system, string prefix)
    {
        var missing = files.MissingOn(system.RequireFiles());
        var loader = _machine.Boot.Esp == system ? BootFilesFinder.UefiBootManager : BootFilesFinder.BiosBootManager;
        if (missing.Contains(loader, StringComparer.OrdinalIgnoreCase))
        {
            if (files.Problem is { } problem)
            {
                Problem = problem + ".";
                return;
            }

            _steps.Add(new BootStep($@"{prefix}\{loader} is missing",
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

        if (load?.Hive is { } hive && StoreCorrection.Find(hive, target, _machine.Partitions) is { } correction)
        {
            _steps.AddRange(correction.Steps);
            return;
        }

        var store = BuildStore(target);
        var exists = system.RequireFiles().FileExists(path);
        _steps.Add(new BootStep(exists ? $@"\{path} has no entry that starts this Windows" : $@"\{path} is missing",
            exists ? $@"a new one; the old one is kept as \{path}{KeptSuffix}" : "a new one", () =>
        {
            var volume = system.RequireWritable();
            volume.CreateDirectory(path[..path.LastIndexOf('\\')]);
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
            volume.Delete(path); // the first one that was kept is the owner's
        }
        else
        {
            volume.Move(path, path + KeptSuffix);
        }
    }

    private byte[] BuildStore(BootTarget target)
    {
        var load = WindowsSystem.Load(_windows.Volume, _windows.PathOf(@"System32\config\BCD-Template"), "BCD-Template",
            new ChangeLog { Clock = _machine.Changes.Clock });
        return load switch
        {
            { Hive: { } template } => BootStoreBuilder.Build(template.Hive, target, _machine.Changes.Clock),
            { Failure: { } failure } => throw BootStoreError.Template(failure.Message),
            _ => throw BootStoreError.Template("it is missing"),
        };
    }

    private void PutFallbackLoader(RecordingFileSystem volume)
    {
        if (FallbackLoader.PathFor(_windows.Facts.Architecture) is { } path)
        {
            volume.CreateDirectory(@"EFI\Boot");
            volume.WriteFile(path, volume.ReadFile(BootFilesFinder.UefiBootManager));
        }
    }

    private void SetActive(int number)
    {
        MbrActiveFlag.Set(_machine.Disk, number);
        _machine.Changes.RecordFile("disk: master boot record", FileChangeKind.Replaced, 512);
    }

    private BootTarget TargetOf(Firmware firmware, BcdDevice system, BcdDevice windows) =>
        new(firmware, system, windows, _windows.SystemRoot, BootTarget.DescriptionOf(_windows.Facts));
}
