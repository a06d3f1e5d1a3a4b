using System.Globalization;
using OfflinePatch.Windows.Guest;
using OfflinePatch.Windows.Targets;

namespace OfflinePatch.Windows.Rules.Image;

/// <summary>
/// <c>image.single-disk</c>: the machine needs no second disk, because the target imports the system disk only (images-and-cloud.md R4).
/// Evidence is an OVF description that names several disks, a drive letter in SYSTEM\MountedDevices whose partition is not on this disk, a
/// page file there, or the database of a domain controller.
/// </summary>
internal sealed class ImageSingleDiskRule() : Rule(Description)
{
    /// <summary>The property of an OVA or OVF with the number of disks that its description names.</summary>
    private const string DiskCount = "ovf.diskCount";

    private const string DirectoryService = @"Services\NTDS\Parameters";
    private const string ProfileList = @"Microsoft\Windows NT\CurrentVersion\ProfileList";
    private const string CurrentVersion = @"Microsoft\Windows\CurrentVersion";

    private static readonly RuleContract Description = new("image.single-disk")
    {
        Title = "The machine needs this disk only",
        Severity = RuleSeverity.Warning,
        Source = "Huawei IMS: an image file holds the system disk only",
        Summary = @"The number of disks in an OVF description; SYSTEM\MountedDevices, Session Manager\Memory Management\PagingFiles, "
            + @"Services\NTDS\Parameters, Services\Netlogon\Parameters\SysVol, SOFTWARE\…\ProfileList, ProgramFilesDir: letters of "
            + @"partitions that are not on this disk.",
    };

    /// <inheritdoc/>
    public override Finding Inspect(RuleContext context)
    {
        if (context.Disk.Properties.GetValueOrDefault(DiskCount) is { } text
            && int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var disks) && disks > 1)
        {
            return Finding.Failed(
                $"The OVF description of the machine names {disks} disks; this image is the first of them ({DiskCount}).",
                "Import the system disk alone (`offlinepatch fix IMAGE -o COPY -O FORMAT` writes it), and each data disk as a data disk "
                    + "image; attach them afterwards.", $"{disks} disks");
        }

        // The letter of Windows itself belongs to this disk, whatever id the disk had when the letter was given (a clone has a new one).
        var devices = MountedDevices.Read(context.Windows).Where(d => d.Letter is not null && d.IsPartition).ToList();
        var own = devices.Find(d => d.Letter == context.Windows.DriveLetter);
        var elsewhere = devices
            .Where(d => d != own && !d.IsOn(context.Partitions) && (d.MbrSignature is null || d.MbrSignature != own?.MbrSignature))
            .ToList();
        var known = devices.Where(d => d.FindOn(context.Partitions) is not null).Select(d => d.Letter!).Append(context.Windows.DriveLetter)
            .ToHashSet(StringComparer.OrdinalIgnoreCase);
        var lost = Uses(context)
            .Where(u => u.Path.Length > 2 && u.Path[1] == ':' && char.IsAsciiLetter(u.Path[0]) && !known.Contains(u.Path[..2])).ToList();
        if (lost.Find(u => u.IsVital) is { Path.Length: > 0 } vital)
        {
            return Finding.Failed(
                $@"{vital.What} is {vital.Path} ({vital.Key}), which is not on this disk: without it the domain controller stops with "
                    + @"0xC00002E2 at every start.",
                "Move the database and its logs to the system disk in the source machine (ntdsutil, files), or demote the domain "
                    + "controller; then export it again.", vital.Path) with
            { Severity = RuleSeverity.Error };
        }

        if (elsewhere.Count == 0)
        {
            return lost.Count == 0
                ? Finding.Ok(@"No letter in SYSTEM\MountedDevices names a partition of another disk, and the page file, profiles, programs "
                    + @"and databases that this rule knows are on this one.")
                : Finding.Failed(
                    $"What Windows uses is not on this disk: {string.Join(", ", lost.Select(u => $"{u.What} {u.Path} ({u.Key})"))}.",
                    "Only the system disk is imported. Import the data disk as a data disk image and attach it, or move what is named to "
                        + "the system disk in the source machine.", lost[0].Path);
        }

        var message = @"SYSTEM\MountedDevices knows partitions of another disk: "
            + $@"{string.Join(", ", elsewhere.Select(d => $"{d.Letter} ({d.Describe()})"))}."
            + (lost.Count == 0 ? "" : $" In use: {string.Join(", ", lost.Select(u => $"{u.What} {u.Path}"))}.");
        return Finding.Failed(
            message,
            "Only the system disk is imported. If a data disk belongs to the machine, import it as a data disk image and attach it; "
                + "letters of disks that were taken away before stay in this list.");
    }

    /// <summary>
    /// Paths that Windows uses by itself and that have a drive letter. A domain controller does not start without its database and the logs
    /// of it.
    /// </summary>
    private static IEnumerable<Use> Uses(RuleContext context)
    {
        var set = context.Windows.Current;
        if (context.Windows.Facts.IsDomainController && set.Find(DirectoryService) is { } directory)
        {
            foreach (var (what, value) in new[] { ("The Active Directory database", "DSA Database file"),
                ("The log of the Active Directory database", "Database log files path") })
            {
                yield return new Use(what, directory.GetString(value) ?? "", $@"{set.Name}\{DirectoryService}", IsVital: true);
            }
        }

        yield return new Use("SYSVOL", set.Find(@"Services\Netlogon\Parameters")?.GetString("SysVol") ?? "",
            $@"{set.Name}\Services\Netlogon\Parameters");
        foreach (var line in set.Find(@"Control\Session Manager\Memory Management")?.GetMultiString("PagingFiles") ?? [])
        {
            yield return new Use("page file", line.Split(' ')[0], $@"{set.Name}\Control\Session Manager\Memory Management\PagingFiles");
        }

        var software = context.Windows.Load(HiveName.Software).Hive?.Root;
        yield return new Use("user profiles", software?.Find(ProfileList)?.GetString("ProfilesDirectory") ?? "",
            $@"SOFTWARE\{ProfileList}\ProfilesDirectory");
        yield return new Use("programs", software?.Find(CurrentVersion)?.GetString("ProgramFilesDir") ?? "",
            $@"SOFTWARE\{CurrentVersion}\ProgramFilesDir");
    }

    /// <summary>A path that Windows uses.</summary>
    private readonly record struct Use(string What, string Path, string Key, bool IsVital = false);
}
