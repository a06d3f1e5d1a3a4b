using System.Buffers.Binary;
using OfflinePatch.Core;
using OfflinePatch.Disks;
using OfflinePatch.Disks.Partitions;
using OfflinePatch.FileSystems.Fat;
using OfflinePatch.Ntfs;
using OfflinePatch.Ntfs.Engine;
using OfflinePatch.Ntfs.LogState;
using OfflinePatch.Ntfs.Volume;

namespace OfflinePatch.Windows.Guest;

/// <summary>
/// Opens what the partitions hold, by the content of their first sectors. A volume that cannot be read is kept, with the reason.
/// </summary>
internal static class VolumeOpener
{
    /// <summary>Every partition as a volume; a disk without a partition table is one volume.</summary>
    public static IReadOnlyList<GuestVolume> OpenAll(DiskImage disk, PartitionTable partitions, ChangeLog changes, SessionOptions options)
    {
        if (partitions.Scheme == PartitionScheme.None)
        {
            return [Open(number: 0, partition: null, disk, changes, options)];
        }

        return [.. partitions.Partitions.Select(p => Open(p.Number, p, p.OpenDevice(disk), changes, options))];
    }

    /// <summary>Sets the names under which the report lists the files of the volumes.</summary>
    public static void NameVolumes(IReadOnlyList<GuestVolume> volumes, WindowsSystem? windows, BootFiles boot)
    {
        foreach (var volume in volumes)
        {
            if (volume.Files is RecordingFileSystem files)
            {
                files.Prefix = volume == windows?.Volume ? windows.DriveLetter
                    : volume == boot.Esp ? "ESP:"
                    : $"partition {volume.Number}:";
            }
        }
    }

    private static GuestVolume Open(int number, Partition? partition, BlockDevice device, ChangeLog changes, SessionOptions options)
    {
        var kind = Probe(device);
        try
        {
            if (kind == VolumeKind.Ntfs)
            {
                var opened = ReplayedVolume.Open(device,
                    new NtfsOpenOptions
                    {
                        Source = $"partition {number}",
                        TimeProvider = changes.Clock,
                        ForceLogReplay = options.ForceReplay,
                    }, options.ReplayLog);
                var ntfs = opened.Volume;
                var state = ntfs.State;
                return new GuestVolume
                {
                    Number = number,
                    Partition = partition,
                    Device = device,
                    Kind = kind,
                    Files = new RecordingFileSystem(ntfs, changes, "", IsHive),
                    Condition = opened.Refusal is { } refusal ? state with { LogProblem = refusal } : state,
                    Note = opened.Note,
                    Label = ntfs.NtfsState.Label is { Length: > 0 } name ? name : null,
                    FreeBytes = ntfs.FreeBytes,
                    Facts = FactsOf(ntfs),
                };
            }

            if (kind == VolumeKind.Fat)
            {
                var fat = FatFileSystem.Open(device, $"partition {number}", changes.Clock);
                return new GuestVolume
                {
                    Number = number,
                    Partition = partition,
                    Device = device,
                    Kind = kind,
                    Files = new RecordingFileSystem(fat, changes, "", IsHive),
                    Label = fat.Label is { Length: > 0 } label ? label : null,
                    FreeBytes = fat.FreeBytes,
                    Facts = FactsOf(fat),
                    Note = fat.IsDirty
                        ? $"partition {number}: the {fat.Format} volume was not cleanly dismounted; Windows checks it when it starts."
                        : null,
                };
            }
        }
        catch (Exception e) when (e is CorruptImageException or UnsupportedImageException or RefusedException)
        {
            return new GuestVolume { Number = number, Partition = partition, Device = device, Kind = kind, Failure = e };
        }

        return new GuestVolume { Number = number, Partition = partition, Device = device, Kind = kind };
    }

    private static VolumeFacts FactsOf(NtfsVolume volume)
    {
        var state = volume.NtfsState;
        return new VolumeFacts
        {
            Format = $"NTFS {state.MajorVersion}.{state.MinorVersion}",
            ClusterSize = volume.ClusterSize,
            SectorSize = volume.Geometry.BytesPerSector,
            Serial = $"{state.SerialNumber:X16}",
            HiddenSectors = volume.Geometry.HiddenSectors,
            Dirty = state.IsDirty,
            Log = state.LogFile switch
            {
                LogFileState.Clean => "clean",
                LogFileState.Empty => "empty",
                LogFileState.Unclean20FastStartupOrMounted => "mounted",
                LogFileState.UncleanCrash => "crashed",
                LogFileState.UnknownVersion => "unknown",
                _ => "damaged",
            },
            Hibernation = state.Hibernation switch
            {
                HibernationState.None => null,
                HibernationState.Hibernated => "hibernated",
                HibernationState.Resumed => "resumed",
                HibernationState.OnOtherDisk => "elsewhere",
                _ => "unknown",
            },
            ShadowCopies = state.HasShadowCopies,
            Flags = FlagsOf(state) is { Count: > 0 } flags ? flags : null,
            RecordSize = volume.Geometry.RecordSize,
            Records = volume.RecordCount,
        };
    }

    // Source: Linux-NTFS documentation, $VOLUME_INFORMATION. Bit 0 is the dirty flag.
    private static IReadOnlyList<string> FlagsOf(NtfsVolumeState state) => BitNames.Of((ulong)state.VolumeFlags & ~1UL, bit => bit switch
    {
        1 => "resizeLogFile",
        2 => "upgradeOnMount",
        3 => "mountedOnNt4",
        4 => "deleteUsnUnderway",
        5 => "repairObjectId",
        14 => "chkdskUnderway",
        15 => "modifiedByChkdsk",
        _ => null,
    });

    private static VolumeFacts FactsOf(FatFileSystem volume) => new()
    {
        Format = volume.Format,
        ClusterSize = volume.ClusterSize,
        SectorSize = volume.SectorSize,
        Serial = volume.SerialNumber == 0 ? null : $"{volume.SerialNumber >> 16:X4}-{volume.SerialNumber & 0xFFFF:X4}",
        Dirty = volume.IsDirty,
    };

    /// <summary>Hives and their logs: written back as a whole, and reported as registry values instead.</summary>
    private static bool IsHive(string path)
    {
        var normal = path.Replace('/', '\\').TrimStart('\\');
        var name = FilePath.NameOf(path);
        var stem = name.Contains('.', StringComparison.Ordinal) ? name[..name.IndexOf('.', StringComparison.Ordinal)] : name;
        return normal.Contains(@"System32\config\", StringComparison.OrdinalIgnoreCase)
            || stem.Equals("BCD", StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>What the boot sector says (boot-network-accounts.md §4; ntfs.md §1; FAT: BPB with a jump and 0x55AA).</summary>
    private static VolumeKind Probe(BlockDevice device)
    {
        if (device.Length < 512)
        {
            return VolumeKind.Unknown;
        }

        Span<byte> sector = stackalloc byte[512];
        device.Read(0, sector);
        var oemId = sector.Slice(3, 8);
        if (oemId.SequenceEqual("NTFS    "u8))
        {
            return VolumeKind.Ntfs;
        }

        if (oemId.SequenceEqual("-FVE-FS-"u8) || IsBitLockerToGo(oemId, sector))
        {
            return VolumeKind.BitLocker;
        }

        if (oemId.SequenceEqual("EXFAT   "u8))
        {
            return VolumeKind.ExFat;
        }

        if (oemId.SequenceEqual("ReFS\0\0\0\0"u8))
        {
            return VolumeKind.Refs;
        }

        if (LooksLikeFat(sector))
        {
            return VolumeKind.Fat;
        }

        return IsLinux(device, sector) ? VolumeKind.Linux : VolumeKind.Unknown;
    }

    private static bool IsBitLockerToGo(ReadOnlySpan<byte> oemId, ReadOnlySpan<byte> sector)
    {
        // GUID 4967D63B-2E29-4AD8-8399-F6A339E3D001 at 0x1A8, in the memory order of a GUID (libbde documentation).
        ReadOnlySpan<byte> guid = [0x3B, 0xD6, 0x67, 0x49, 0x29, 0x2E, 0xD8, 0x4A, 0x83, 0x99, 0xF6, 0xA3, 0x39, 0xE3, 0xD0, 0x01];
        return oemId.SequenceEqual("MSWIN4.1"u8) && sector.Slice(0x1A8, 16).SequenceEqual(guid);
    }

    private static bool LooksLikeFat(ReadOnlySpan<byte> sector)
    {
        var bytesPerSector = BinaryPrimitives.ReadUInt16LittleEndian(sector[0x0B..]);
        var sectorsPerCluster = sector[0x0D];
        return sector[0] is 0xEB or 0xE9
            && bytesPerSector is 512 or 1024 or 2048 or 4096
            && sectorsPerCluster != 0 && (sectorsPerCluster & (sectorsPerCluster - 1)) == 0
            && sector[0x10] is 1 or 2 // number of FATs
            && BinaryPrimitives.ReadUInt16LittleEndian(sector[0x1FE..]) == 0xAA55;
    }

    private static bool IsLinux(BlockDevice device, ReadOnlySpan<byte> sector)
    {
        if (sector.StartsWith("XFSB"u8) || sector.StartsWith("LUKS\xBA\xBE"u8[..4]))
        {
            return true;
        }

        if (device.Length < 0x10048)
        {
            return false;
        }

        Span<byte> probe = stackalloc byte[8];
        device.Read(0x438, probe); // ext2/3/4 superblock at 0x400, magic 0xEF53 at +0x38
        if (BinaryPrimitives.ReadUInt16LittleEndian(probe) == 0xEF53)
        {
            return true;
        }

        device.Read(0x200, probe); // LVM2 label in the second sector
        if (probe.SequenceEqual("LABELONE"u8))
        {
            return true;
        }

        device.Read(0x10040, probe); // Btrfs superblock at 64 KiB, magic at +0x40
        return probe.SequenceEqual("_BHRfS_M"u8);
    }
}
