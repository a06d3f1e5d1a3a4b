using OfflinePatch.Core;
using OfflinePatch.Disks.Partitions;
using OfflinePatch.Registry;
using OfflinePatch.Windows.Reports;

namespace OfflinePatch.Windows.Inspection;

/// <summary>The facts about an image that stand in every report.</summary>
public static class SessionSummary
{
    private static readonly Guid RecoveryType = new("DE94BBA4-06D1-4D40-A16A-BFD50179D6AC");
    private static readonly Guid ReservedType = new("E3C9E316-0B5C-4DB8-817D-F92DF00215AE");
    private const byte MbrRecoveryType = 0x27;

    /// <summary>A report with the facts and without rules: what <c>inspect</c> starts from.</summary>
    public static ImageReport Describe(ImageSession session) => new()
    {
        Path = session.Files.ImagePath,
        Result = ImageResult.Ready,
        Format = session.Disk.Format.ToString().ToLowerInvariant(),
        Subformat = session.Disk.Subformat is { Length: > 0 } subformat ? subformat : null,
        VirtualSize = session.Disk.Length,
        FileSize = session.Options.Rules.FileSize ?? session.Files.Image.Length,
        Firmware = FirmwareText(session.Boot.Firmware),
        Windows = session.Windows is null ? null : Describe(session.Windows),
        Partitions = [.. session.Volumes.Where(v => v.Partition is not null).Select(v => Describe(session, v))],
        Target = session.Options.Profile.Id,
        Notes = [.. session.Partitions.Notes, .. VolumeNotes(session), .. HiveNotes(session)],
    };

    /// <summary>A report with everything that <c>inspect</c> tells.</summary>
    public static ImageReport Inspect(ImageSession session) => Describe(session) with { Inspection = InspectionReader.Read(session) };

    /// <summary>The installation in a report.</summary>
    public static WindowsReport Describe(WindowsSystem system)
    {
        var facts = system.Facts;
        return new WindowsReport(
            facts.ProductName, facts.EditionId, facts.VersionText, facts.Build == 0 ? null : facts.Build, facts.ArchitectureText,
            facts.InstallationType, ControlSetName(system), system.GuestPath(system.SystemRoot), facts.ComputerName, system.Volume.Number);
    }

    /// <summary><c>bios</c>, <c>uefi</c> or null.</summary>
    internal static string? FirmwareText(Firmware firmware) => firmware switch
    {
        Firmware.Bios => "bios",
        Firmware.Uefi => "uefi",
        _ => null,
    };

    internal static string Volumes(IReadOnlyList<GuestVolume> volumes) =>
        volumes.Count == 0 ? "no partitions" : string.Join(", ", volumes.Select(v => v.Description));

    internal static string? ControlSetName(WindowsSystem system)
    {
        try
        {
            return system.Load(HiveName.System).Hive is null ? null : system.Current.Name;
        }
        catch (CorruptImageException)
        {
            return null; // Select names no control set; the rules say so
        }
    }

    private static IEnumerable<string> VolumeNotes(ImageSession session)
    {
        foreach (var volume in session.Volumes)
        {
            if (volume.Failure is not null)
            {
                yield return $"{volume.Description} cannot be read: {volume.Failure.Message}";
            }

            if (volume.Note is not null)
            {
                yield return volume.Note;
            }

            if (volume.Condition is { HasShadowCopies: true } && session.Systems.Any(s => s.Volume == volume))
            {
                yield return $"{volume.Description} holds shadow copies: those made before a fix are unreliable for the files that it changes.";
            }
        }
    }

    private static IEnumerable<string> HiveNotes(ImageSession session)
    {
        foreach (var load in session.Windows is null ? [] : new[] { HiveName.System, HiveName.Software }.Select(session.Windows.Load))
        {
            if (load.Hive?.Hive.Recovery is { Kind: HiveRecoveryKind.ReplayedEntries or HiveRecoveryKind.ReplayedPages } recovery)
            {
                yield return $"{session.Windows!.GuestPath(load.Path)} was not written completely; its logs complete it ({recovery.Entries} entries).";
            }
        }
    }

    private static PartitionReport Describe(ImageSession session, GuestVolume volume)
    {
        var partition = volume.Partition!;
        return new PartitionReport(
            partition.Number, partition.Offset, partition.Length, partition.TypeName, FileSystemText(volume), volume.Label, Role(session, volume),
            partition.IsActive, partition.UniqueGuid == Guid.Empty ? null : partition.UniqueGuid.ToString(),
            session.Windows is { } windows ? DriveLetters.Of(windows, session.Partitions, partition) : null, volume.FreeBytes);
    }

    private static string? FileSystemText(GuestVolume volume) => volume.Kind switch
    {
        VolumeKind.Ntfs => "NTFS",
        VolumeKind.Fat => volume.Files?.Format ?? "FAT",
        VolumeKind.ExFat => "exFAT",
        VolumeKind.Refs => "ReFS",
        VolumeKind.BitLocker => "BitLocker",
        VolumeKind.Linux => "Linux",
        _ => null,
    };

    private static string? Role(ImageSession session, GuestVolume volume)
    {
        var partition = volume.Partition!;
        return session.Windows?.Volume == volume
                ? session.Boot.SystemVolume == volume ? "windows, system" : "windows"
            : session.Boot.SystemVolume == volume ? "system"
            : session.Systems.Any(s => s.Volume == volume) ? "other windows"
            : partition.TypeGuid == ReservedType ? "reserved"
            : partition.TypeGuid == RecoveryType || partition.MbrType == MbrRecoveryType
                || volume.Files?.FileExists(@"Recovery\WindowsRE\winre.wim") == true ? "recovery"
            : volume.Kind is VolumeKind.Ntfs or VolumeKind.ExFat or VolumeKind.Refs or VolumeKind.Fat ? "data"
            : null;
    }
}
