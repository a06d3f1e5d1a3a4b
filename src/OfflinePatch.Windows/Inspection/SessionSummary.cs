using OfflinePatch.Disks.Partitions;
using OfflinePatch.Windows.Reports;

namespace OfflinePatch.Windows.Inspection;

/// <summary>The facts about an image that stand in every report.</summary>
public static class SessionSummary
{
    /// <summary>A report with the facts and without rules: what <c>inspect</c> starts from.</summary>
    public static ImageReport Describe(ImageSession session) => new()
    {
        Path = session.Files.ImagePath,
        Result = ImageResult.Ready,
        Format = session.Disk.Format.ToString().ToLowerInvariant(),
        Subformat = session.Disk.Subformat is { Length: > 0 } subformat ? subformat : null,
        VirtualSize = session.Disk.Length,
        FileSize = session.Options.Rules.FileSize ?? session.Files.Image.Length,
        Firmware = session.Boot.Firmware switch
        {
            Firmware.Bios => "bios",
            Firmware.Uefi => "uefi",
            _ => null,
        },
        Windows = session.Windows is null ? null : Describe(session.Windows),
        Partitions = [.. session.Volumes.Where(v => v.Partition is not null).Select(v => Describe(session, v))],
        Target = session.Options.Profile.Id,
        Notes = session.Partitions.Notes,
    };

    /// <summary>The installation in a report.</summary>
    public static WindowsReport Describe(WindowsSystem system)
    {
        var facts = system.Facts;
        return new WindowsReport(
            facts.ProductName, facts.EditionId, facts.VersionText, facts.Build == 0 ? null : facts.Build, facts.ArchitectureText,
            facts.InstallationType, system.Load(HiveName.System).Hive is null ? null : system.Current.Name, system.GuestPath(system.SystemRoot),
            facts.ComputerName, system.Volume.Number);
    }

    internal static string Volumes(IReadOnlyList<GuestVolume> volumes) =>
        volumes.Count == 0 ? "no partitions" : string.Join(", ", volumes.Select(v => v.Description));

    private static PartitionReport Describe(ImageSession session, GuestVolume volume)
    {
        var partition = volume.Partition!;
        return new PartitionReport(
            partition.Number, partition.Offset, partition.Length, partition.MbrType.ToString("X2"), volume.Kind.ToString(), volume.Label, Role: null,
            partition.IsActive, partition.UniqueGuid == Guid.Empty ? null : partition.UniqueGuid.ToString(), Letter: null, volume.FreeBytes);
    }
}
