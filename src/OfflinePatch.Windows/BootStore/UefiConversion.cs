using System.Buffers.Binary;
using OfflinePatch.Core;
using OfflinePatch.Disks.Formats;
using OfflinePatch.Disks.Partitions;
using OfflinePatch.Drivers;
using OfflinePatch.Registry.Bcd;
using OfflinePatch.Windows.Guest;

namespace OfflinePatch.Windows.BootStore;

/// <summary>
/// Converts the disk of a BIOS machine to that of a UEFI machine, as <c>mbr2gpt</c> does on a running one: a GPT in place of the MBR, an
/// EFI system partition, a boot configuration for it, and the drive letters mapped to the new ids. No partition moves. Source:
/// learn.microsoft.com, "MBR2GPT.EXE" (preconditions, which system partition is reused, which types).
/// </summary>
internal sealed class UefiConversion
{
    private const long LargestSystemPartition = 1L << 30; // mbr2gpt: a larger one may hold data

    private readonly GuestMachine _machine;
    private readonly WindowsSystem _windows;
    private readonly PartitionTable _table;
    private readonly Guid _diskGuid;
    private readonly List<BootStep> _steps = [];
    private readonly List<string> _notes = [];

    private UefiConversion(GuestMachine machine, WindowsSystem windows)
    {
        _machine = machine;
        _windows = windows;
        _table = machine.Partitions;
        _diskGuid = IdOf(0, "disk");
    }

    /// <summary>What is to be done, in order.</summary>
    public IReadOnlyList<BootStep> Steps => _steps;

    /// <summary>What else the owner has to know, in full sentences.</summary>
    public IReadOnlyList<string> Notes => _notes;

    /// <summary>Whether the machine starts by UEFI already, so that there is nothing to do.</summary>
    public static bool IsDone(GuestMachine machine) =>
        machine is { Partitions.Scheme: PartitionScheme.Gpt, Boot.Firmware: Firmware.Uefi };

    /// <summary>Examines a disk and makes the plan; writes nothing.</summary>
    /// <exception cref="RefusedException">
    /// <c>BOOT-0002</c> the partition table, <c>BOOT-0003</c> this Windows, <c>BOOT-0004</c> what starts it, <c>BOOT-0005</c> its boot
    /// files, <c>BOOT-0006</c> the space, <c>BOOT-0007</c> what lies after the MBR; <c>WIN-0013</c> the template of a boot configuration.
    /// </exception>
    public static UefiConversion Find(GuestMachine machine, WindowsSystem windows)
    {
        var conversion = new UefiConversion(machine, windows);
        conversion.Plan();
        return conversion;
    }

    /// <summary>Runs all steps. Hives are edited but not written back; what was opened before sees the old partition table.</summary>
    public void Apply()
    {
        foreach (var step in _steps)
        {
            step.Apply();
        }
    }

    private void Plan()
    {
        if (_table.Scheme == PartitionScheme.Gpt)
        {
            throw BootStoreError.NotStarting("it has a GPT, but nothing on it starts Windows by UEFI");
        }

        if (MbrToGpt.WhyNot(_machine.Disk, _table) is { } why)
        {
            throw BootStoreError.Layout(why);
        }

        if (MbrToGpt.FindUsedSector(_machine.Disk, _table) is { } used)
        {
            throw BootStoreError.SectorInUse(used);
        }

        if (_table.MbrSignature == 0)
        {
            throw BootStoreError.Layout("the disk has no signature, so that nothing in it names it");
        }

        RequireWindows();
        var system = RequireChain(out var old);
        var files = BootFileSet.Find(_windows, Firmware.Uefi);
        RequireFiles(files);

        var writer = new EspWriter(_machine, _windows, files);
        var length = writer.LengthFor(_table.SectorSize);
        var whyNotReused = WhyNotReused(system, length);
        var isReused = whyNotReused is null;
        var letters = MountedDevices.Read(_windows);
        var lettered = letters.Where(d => d.Letter is not null).Select(d => d.FindOn(_table)?.Number).OfType<int>().ToHashSet();
        var kept = _table.Partitions.Where(p => !isReused || p.Number != system.Number)
            .Select(p => MbrToGpt.Convert(p, IdOf(p.Offset, "partition"), MayHaveLetter(p, lettered, system))).ToList();

        var disk = _machine.Disk;
        var esp = PlaceEsp(system, length, isReused, kept, out var diskLength);
        if (diskLength > disk.Length)
        {
            var before = disk.Length;
            if (DiskGrowth.WhyNot(disk, _table) is { } reason)
            {
                var what = isReused ? "the backup of the GPT" : $"an EFI system partition of {length >> 20} MiB";
                throw BootStoreError.NoRoom(
                    $"there is no unallocated space for {what}, and the disk cannot be made larger: {reason}");
            }

            _steps.Add(new BootStep($"the disk has {before} bytes", $"{diskLength} bytes", () => DiskGrowth.Grow(disk, diskLength)));
        }

        var windows = kept.First(p => p.Number == _windows.Volume.Number);
        var target = new BootTarget(
            Firmware.Uefi, BcdDevice.OfGpt(_diskGuid, esp.UniqueGuid), BcdDevice.OfGpt(_diskGuid, windows.UniqueGuid),
            _windows.SystemRoot, BootTarget.DescriptionOf(_windows.Facts));
        var recovery = KeptRecovery.Find(old, Firmware.Uefi, (device, path) => Locate(device, path, kept));
        var store = BootStoreBuilder.Build(_windows, target, _machine.Changes.Clock, recovery);
        AddLetters(kept, letters);
        _steps.Add(new BootStep(
            $"MBR with signature {_table.MbrSignature:X8} and {_table.Partitions.Count} partition(s)",
            $"GPT with disk id {_diskGuid:D}; the partitions stay where they are", () =>
        {
            MbrToGpt.Write(disk, _table.SectorSize, _diskGuid, [.. kept, esp]);
            _machine.Changes.RecordFile("disk: GUID partition table", FileChangeKind.Added, disk.SectorSize);
        }));
        ReadOnlyMemory<byte>? oldStore = isReused ? _machine.Boot.BiosStore!.Hive!.Hive.Image : null;
        _steps.Add(new BootStep(
            isReused ? $"partition {esp.Number} is the system partition of a BIOS start" : "no EFI system partition on this disk",
            $"an EFI system partition of {esp.Length >> 20} MiB is partition {esp.Number}, with the boot files of Windows and a new boot "
                + $"configuration{(recovery is null ? "" : " with the recovery entry of the old one")}",
            () => writer.Write(esp, _table.SectorSize, store, oldStore)));
        AddNotes(system, whyNotReused, old, recovery);
    }

    /// <summary>UEFI starts 64-bit Windows 8 and later; Windows 7 needs BIOS services for the screen.</summary>
    private void RequireWindows()
    {
        var facts = _windows.Facts;
        if (_machine.Systems.Count(s => s.Volume.Files is not null) > 1)
        {
            throw BootStoreError.NotByUefi("there are several installations on the disk, and it is not known which one is to start");
        }

        if (facts.Architecture is not (ProcessorArchitecture.Amd64 or ProcessorArchitecture.Arm64))
        {
            throw BootStoreError.NotByUefi($"it is {facts.ArchitectureText ?? "of an unknown architecture"}, and UEFI of 64-bit machines "
                + "starts 64-bit Windows only");
        }

        if (!facts.AtLeast(6, 2))
        {
            throw BootStoreError.NotByUefi($"{facts.ProductName ?? "it"} is older than Windows 8 and Server 2012, and needs a BIOS for the "
                + "screen");
        }
    }

    /// <summary>The active partition starts this Windows, by its boot configuration.</summary>
    private GuestVolume RequireChain(out BcdStore store)
    {
        if (_machine.Boot is not { Firmware: Firmware.Bios, Active: { Partition: { IsActive: true, IsLogical: false } } system })
        {
            throw BootStoreError.NotStarting("no active partition with a boot manager and a boot configuration");
        }

        if (_machine.Boot.BiosStore is not { Hive: { } hive }
            || BootEntries.Read(hive) is not { DefaultLoader: { StartsWindows: true } loader } read)
        {
            throw BootStoreError.NotStarting("its boot configuration cannot be read, or its default entry does not start Windows");
        }

        if (!loader.OsDevice.IsSearched && loader.OsDevice.FindOn(_table)?.Number != _windows.Volume.Number)
        {
            throw BootStoreError.NotStarting($"the default entry starts Windows from {loader.OsDevice.Describe()}, and this Windows is on "
                + $"partition {_windows.Volume.Number}");
        }

        store = read;
        return system;
    }

    private void RequireFiles(BootFileSet files)
    {
        if (files.Problem is { } problem)
        {
            throw BootStoreError.NoEfiFiles(problem);
        }

        var loader = _windows.PathOf(@"System32\winload.efi");
        if (_windows.Volume.RequireFiles().Find(loader) is not { IsDirectory: false, Length: > 0 })
        {
            throw BootStoreError.NoEfiFiles($@"\{loader} is missing");
        }
    }

    /// <summary>Why the system partition cannot become the EFI system partition; null when it can.</summary>
    private string? WhyNotReused(GuestVolume system, long length) =>
        system.Number == _windows.Volume.Number ? "Windows is on it"
        : system.Partition!.MbrType == PartitionTypes.MbrRecovery ? "it is the recovery partition"
        : system.Partition.Length < length ? $"it has less than {length >> 20} MiB"
        : system.Partition.Length > LargestSystemPartition ? "it has more than 1 GiB"
        : SystemPartitionContent.WhyKept(system.RequireFiles()) is { } other ? other
        : null;

    private Partition PlaceEsp(GuestVolume system, long length, bool isReused, List<Partition> kept, out long diskLength)
    {
        var sectorSize = _table.SectorSize;
        var usable = UsableEnd(_machine.Disk.Length);
        var lastEnd = _table.Partitions.Max(p => p.Offset + p.Length);
        diskLength = lastEnd <= usable ? _machine.Disk.Length : EspWriter.DiskLength(lastEnd + MbrToGpt.ReservedAtEnd(sectorSize));
        if (isReused)
        {
            var place = system.Partition!;
            return EspWriter.Entry(place.Number, place.Offset, place.Length, IdOf(place.Offset, EspWriter.Name));
        }

        var free = Free(diskLength);
        if (free.Length == 0)
        {
            var start = (lastEnd + FreeSpace.Alignment - 1) / FreeSpace.Alignment * FreeSpace.Alignment;
            diskLength = EspWriter.DiskLength(Math.Max(_machine.Disk.Length, start + length + MbrToGpt.ReservedAtEnd(sectorSize)));
            free = Free(diskLength);
        }

        return EspWriter.Entry(kept.Max(p => p.Number) + 1, free.Offset, length, IdOf(free.Offset, EspWriter.Name));

        long UsableEnd(long diskLength) => (diskLength / sectorSize * sectorSize) - MbrToGpt.ReservedAtEnd(sectorSize);

        (long Offset, long Length) Free(long diskLength) =>
            FreeSpace.Between(kept, MbrToGpt.ReservedAtStart(sectorSize), UsableEnd(diskLength)).FirstOrDefault(r => r.Length >= length);
    }

    /// <summary>
    /// Whether Windows may give a partition a letter. To Windows a partition with a new id is a new volume, which gets a letter: one that
    /// had none, on a machine whose letters are known, stays without.
    /// </summary>
    private bool MayHaveLetter(Partition partition, HashSet<int> lettered, GuestVolume system) =>
        partition.Number == _windows.Volume.Number || lettered.Contains(partition.Number)
            || (partition.Number != system.Number && !lettered.Contains(_windows.Volume.Number));

    private void AddLetters(List<Partition> kept, IReadOnlyList<MountedDevice> devices)
    {
        var named = devices.Select(d => (Device: d, Partition: d.FindOn(_table) is { } old ? kept.Find(p => p.Number == old.Number) : null))
            .Where(n => n.Partition is not null).ToList();
        if (named.Count == 0)
        {
            return;
        }

        var letters = named.Select(n => n.Device.Letter).OfType<string>().Order(StringComparer.Ordinal).ToList();
        _steps.Add(new BootStep(
            $@"SYSTEM\MountedDevices names {named.Count} volume(s) by disk signature and offset",
            $"by partition id{(letters.Count == 0 ? "" : $"; letters: {string.Join(" ", letters)}")}", () =>
        {
            var key = _windows.System.Root.Create("MountedDevices");
            foreach (var (device, partition) in named)
            {
                key.SetBinary(device.Name, MountedDevices.IdOf(partition!.UniqueGuid));
            }
        }));
    }

    private BcdDevice? Locate(BcdDevice device, string? path, List<Partition> kept) =>
        PartitionDevices.Holder(_machine, device, path) is { } old && kept.Find(p => p.Number == old.Number) is { } partition
            ? BcdDevice.OfGpt(_diskGuid, partition.UniqueGuid)
            : null;

    private void AddNotes(GuestVolume system, string? whyNotReused, BcdStore old, KeptRecovery? recovery)
    {
        _notes.Add("The machine starts by UEFI from now on, and not by BIOS: choose UEFI where it is imported.");
        if (whyNotReused is null)
        {
            _notes.Add($@"The BIOS boot configuration of partition {system.Number} is kept as "
                + $@"\{BootFilesFinder.UefiStorePath}{BootRepair.KeptSuffix}.");
        }
        else if (system.Number == _windows.Volume.Number)
        {
            _notes.Add($@"The BIOS boot files (\bootmgr, \Boot) stay on partition {system.Number}; nothing uses them any more.");
        }
        else
        {
            _notes.Add($"Partition {system.Number}, the system partition until now, stays as it is; nothing boots from it any more. It "
                + $"was not made the EFI system partition: {whyNotReused}.");
        }

        if (recovery is null && old.DefaultLoader?.Find(BcdElements.RecoverySequence) is not null)
        {
            _notes.Add("The recovery entry of the old boot configuration was not kept: what it starts is not on a partition that "
                + "stays.");
        }

        if (_windows.Volume.RequireFiles().FileExists(_windows.PathOf(@"System32\Recovery\ReAgent.xml")))
        {
            _notes.Add(@"ReAgent.xml names the recovery environment by the old ids: run `reagentc /disable` and `reagentc /enable` in the "
                + "started Windows.");
        }

        if (GapBytes() is > 0 and var bytes)
        {
            _notes.Add($"{bytes} bytes between MBR and first partition were not zero, where the GPT is now.");
        }

        _notes.Add("No Microsoft reserved partition is made: basic disks do not need one.");
    }

    private int GapBytes()
    {
        var gap = new byte[MbrToGpt.ReservedAtStart(_table.SectorSize) - _table.SectorSize];
        _machine.Disk.Read(_table.SectorSize, gap);
        return gap.Length - gap.AsSpan().Count((byte)0);
    }

    private Guid IdOf(long offset, string purpose)
    {
        Span<byte> seed = stackalloc byte[sizeof(uint) + sizeof(long)];
        BinaryPrimitives.WriteUInt32LittleEndian(seed, _table.MbrSignature);
        BinaryPrimitives.WriteInt64LittleEndian(seed[sizeof(uint)..], offset);
        return DerivedId.Of(seed, purpose);
    }
}
