using OfflinePatch.Core;
using OfflinePatch.Disks.Partitions;
using OfflinePatch.Registry;
using OfflinePatch.Registry.Logs;
using OfflinePatch.Windows.Guest;
using OfflinePatch.Windows.Rules;

namespace OfflinePatch.Windows.Reports;

/// <summary>The facts about an image that are in every report.</summary>
internal static class SessionSummary
{
    /// <summary>A report with the facts and without rules: what <c>inspect</c> starts from.</summary>
    public static ImageReport Describe(IImageFiles files, RuleContext context) => new()
    {
        Path = files.ImagePath,
        Result = ImageResult.Inspected,
        Format = context.Disk.Format.ToString().ToLowerInvariant(),
        Subformat = context.Disk.Subformat is { Length: > 0 } subformat ? subformat : null,
        VirtualSize = context.Disk.Length,
        FileSize = context.FileSize ?? files.Image.Length,
        Firmware = FirmwareText(context.Boot.Firmware),
        Windows = context.FoundWindows is null ? null : Describe(context.FoundWindows),
        Partitions = [.. context.Volumes.Where(v => v.Partition is not null).Select(v => Describe(context, v))],
        Target = context.Profile.Id,
        Registration = context.FoundWindows is null ? null : InspectionReader.Registration(context),
        Notes =
        [
            .. context.Profile.Notes, .. ContainerNotes.Of(context.Disk), .. context.Partitions.Notes, .. VolumeNotes(context),
            .. HiveNotes(context),
        ],
    };

    /// <summary>A report with everything that <c>inspect</c> reports.</summary>
    public static ImageReport Inspect(IImageFiles files, RuleContext context) =>
        Describe(files, context) with { Inspection = InspectionReader.Read(context) };

    /// <summary>The installation in a report.</summary>
    public static WindowsReport Describe(WindowsSystem system)
    {
        var facts = system.Facts;
        return new WindowsReport(
            facts.ProductName, facts.EditionId, facts.VersionText, facts.Build == 0 ? null : facts.Build, facts.ArchitectureText,
            facts.InstallationType, system.ControlSetName, system.GuestPath(system.SystemRoot), facts.ComputerName, system.Volume.Number);
    }

    /// <summary><c>bios</c>, <c>uefi</c> or null.</summary>
    internal static string? FirmwareText(Firmware firmware) => firmware switch
    {
        Firmware.Bios => "bios",
        Firmware.Uefi => "uefi",
        _ => null,
    };

    private static IEnumerable<string> VolumeNotes(RuleContext context)
    {
        foreach (var volume in context.Volumes)
        {
            if (volume.Failure is not null)
            {
                yield return $"{volume.Description} cannot be read: {volume.Failure.Message}";
            }

            if (volume.Facts is { SectorSize: var size } && size != context.Partitions.DeviceSectorSize)
            {
                yield return $"{volume.Description} counts in sectors of {size} bytes, the disk has sectors of "
                    + $"{context.Partitions.DeviceSectorSize}: it was made on another kind of disk, and Windows may not mount it here.";
            }

            if (volume.Note is not null)
            {
                yield return volume.Note;
            }

            if (volume.Condition is { HasShadowCopies: true } && context.Systems.Any(s => s.Volume == volume))
            {
                yield return $"{volume.Description} holds shadow copies: those made before a fix are unreliable for the files that it "
                    + "changes.";
            }
        }
    }

    private static IEnumerable<string> HiveNotes(RuleContext context)
    {
        foreach (var load in context.FoundWindows is null
            ? []
            : new[] { HiveName.System, HiveName.Software }.Select(context.FoundWindows.Load))
        {
            if (load.Hive?.Hive.Recovery is { Kind: HiveRecoveryKind.ReplayedEntries or HiveRecoveryKind.ReplayedPages } recovery)
            {
                yield return $"{context.FoundWindows!.GuestPath(load.Path)} was not written completely; its logs complete it "
                    + $"({recovery.Entries} entries).";
            }
        }
    }

    private static PartitionReport Describe(RuleContext context, GuestVolume volume)
    {
        var partition = volume.Partition!;
        return new PartitionReport(
            partition.Number, partition.Offset, partition.Length, partition.TypeName, FileSystemText(volume), volume.Label,
            Role(context, volume),
            partition.IsActive, partition.UniqueGuid == Guid.Empty ? null : partition.UniqueGuid.ToString(),
            context.FoundWindows is { } windows ? DriveLetters.Of(windows, context.Partitions, partition) : null, volume.FreeBytes)
        {
            Name = partition.Name.Length == 0 ? null : partition.Name,
            Attributes = PartitionTypes.AttributeNames(partition.TypeGuid, partition.Attributes) is { Count: > 0 } words ? words : null,
            Logical = partition.IsLogical ? true : null,
            Volume = volume.Facts,
        };
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

    private static string? Role(RuleContext context, GuestVolume volume)
    {
        var partition = volume.Partition!;
        return context.FoundWindows?.Volume == volume
                ? context.Boot.SystemVolume == volume ? "windows, system" : "windows"
            : context.Boot.SystemVolume == volume ? "system"
            : context.Systems.Any(s => s.Volume == volume) ? "other windows"
            : partition.TypeGuid == PartitionTypes.MicrosoftReserved ? "reserved"
            : partition.IsRecovery
                || volume.Files?.FileExists(@"Recovery\WindowsRE\winre.wim") == true ? "recovery"
            : volume.Kind is VolumeKind.Ntfs or VolumeKind.ExFat or VolumeKind.Refs or VolumeKind.Fat ? "data"
            : null;
    }
}
