using System.Globalization;
using OfflinePatch.Windows.Guest;
using OfflinePatch.Windows.Targets;

namespace OfflinePatch.Windows.Rules.Image;

/// <summary>
/// <c>image.single-disk</c>: the machine needs no second disk, because the target imports the system disk only (images-and-cloud.md R4). Evidence is
/// an OVF description that names several disks, a drive letter in SYSTEM\MountedDevices whose partition is not on this disk, a page file there, or the
/// database of a domain controller.
/// </summary>
internal sealed class ImageSingleDiskRule() : Rule(Description)
{
    /// <summary>The property of an OVA or OVF with the number of disks that its description names.</summary>
    private const string DiskCount = "ovf.diskCount";

    private static readonly RuleContract Description = new("image.single-disk")
    {
        Title = "The machine needs this disk only",
        Severity = RuleSeverity.Warning,
        Source = "Huawei IMS: an image file holds the system disk only",
        Summary = @"The number of disks in an OVF description; SYSTEM\MountedDevices, Session Manager\Memory Management\PagingFiles and Services\NTDS\Parameters: letters of partitions that are not on this disk.",
    };

    /// <inheritdoc/>
    public override Finding Inspect(RuleContext context)
    {
        if (context.Disk.Properties.GetValueOrDefault(DiskCount) is { } text && int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var disks) && disks > 1)
        {
            return Finding.Failed(
                $"The OVF description of the machine names {disks} disks; this image is the first of them ({DiskCount}).",
                "Import the system disk alone (`offlinepatch fix IMAGE -o COPY -O FORMAT` writes it), and each data disk as a data disk image; attach them afterwards.", $"{disks} disks");
        }

        // The letter of Windows itself belongs to this disk, whatever id the disk had when the letter was given (a clone has a new one).
        var devices = MountedDevices.Read(context.Windows).Where(d => d.Letter is not null && d.IsPartition).ToList();
        var own = devices.Find(d => d.Letter == context.Windows.DriveLetter);
        var elsewhere = devices
            .Where(d => d != own && !d.IsOn(context.Partitions) && (d.MbrSignature is null || d.MbrSignature != own?.MbrSignature))
            .ToList();
        var known = devices.Where(d => d.FindOn(context.Partitions) is not null).Select(d => d.Letter!).Append(context.Windows.DriveLetter).ToHashSet(StringComparer.OrdinalIgnoreCase);
        if (Database(context.Windows.Current) is { Length: > 2 } path && path[1] == ':' && !known.Contains(path[..2]))
        {
            return Finding.Failed(
                $@"The Active Directory database is {path} ({context.Windows.Current.Name}\Services\NTDS\Parameters), which is not on this disk: without it the domain controller stops with 0xC00002E2 at every start.",
                "Move the database to the system disk in the source machine (ntdsutil, files), or demote the domain controller; then export it again.", path) with { Severity = RuleSeverity.Error };
        }

        if (elsewhere.Count == 0)
        {
            return Finding.Ok("Every drive letter of a partition belongs to this disk.");
        }

        var letters = elsewhere.Select(d => d.Letter!).ToHashSet(StringComparer.OrdinalIgnoreCase);
        var uses = Uses(context.Windows.Current).Where(u => u.Path.Length > 1 && letters.Contains(u.Path[..2])).ToList();
        var message = $@"SYSTEM\MountedDevices knows partitions of another disk: {string.Join(", ", elsewhere.Select(d => $"{d.Letter} ({d.Describe()})"))}."
            + (uses.Count == 0 ? "" : $" In use: {string.Join(", ", uses.Select(u => $"{u.What} {u.Path}"))}.");
        return Finding.Failed(
            message,
            "Only the system disk is imported. If a data disk belongs to the machine, import it as a data disk image and attach it; a letter of a disk that is long gone does no harm.");
    }

    private static IEnumerable<(string What, string Path)> Uses(ControlSet set)
    {
        foreach (var line in set.Find(@"Control\Session Manager\Memory Management")?.GetMultiString("PagingFiles") ?? [])
        {
            yield return ("page file", line.Split(' ')[0]);
        }

        if (Database(set) is { } database)
        {
            yield return ("Active Directory database", database);
        }
    }

    private static string? Database(ControlSet set) => set.Find(@"Services\NTDS\Parameters")?.GetString("DSA Database file");
}
