using OfflinePatch.Windows.Guest;

namespace OfflinePatch.Windows.Rules.Boot;

/// <summary>
/// <c>boot.drive-letter</c>: SYSTEM\MountedDevices gives the letter that Windows was installed with to Windows' own partition. Letters are
/// kept by partition id; a letter that belongs to another partition is not free, and a partition that has another letter keeps it: Windows
/// then runs from a letter that its own registry does not name (Microsoft KB 947288: C: becomes G:, and Server 2008 shows a black screen
/// with a pointer). Where neither letter nor partition is named, Windows assigns the letter by itself.
/// </summary>
internal sealed class BootDriveLetterRule() : Rule(Description)
{
    private static readonly RuleContract Description = new("boot.drive-letter")
    {
        Title = "Windows keeps its own drive letter",
        Source = "Microsoft KB 947288 (drive letter of the boot volume is changed)",
        Summary = @"SYSTEM\MountedDevices\\DosDevices\X:, X from SOFTWARE\Microsoft\Windows NT\CurrentVersion\SystemRoot: names the "
            + @"partition of Windows; another letter of that partition is dropped.",
        CanFix = true,
    };

    /// <inheritdoc/>
    public override Finding Inspect(RuleContext context)
    {
        var letter = context.Windows.DriveLetter;
        var devices = MountedDevices.Read(context.Windows).Where(d => d.Letter is not null).ToList();
        var owner = devices.Find(d => d.Letter == letter);
        if (owner is null)
        {
            return devices.Find(d => d.FindOn(context.Partitions)?.Number == context.Windows.Volume.Number) is { } other
                ? Finding.Broken(
                    $@"SYSTEM\MountedDevices\{other.Name} is partition {context.Windows.Volume.Number}, where this Windows is, and "
                        + $@"SOFTWARE says that it runs from {letter} (SystemRoot): it would start under another letter than its "
                        + @"registry names.",
                    other.Name, $"{letter} names partition {context.Windows.Volume.Number}")
                : Finding.Ok($@"SYSTEM\MountedDevices names neither {letter} nor the partition of Windows, as after Sysprep: Windows gives "
                    + @"letters again at its start, and which ones is not known here.");
        }

        return owner.FindOn(context.Partitions)?.Number == context.Windows.Volume.Number
            ? Finding.Ok($@"SYSTEM\MountedDevices gives {letter} to the partition of Windows.")
            : Finding.Broken(
                $@"SYSTEM\MountedDevices\{owner.Name} is {owner.Describe()}, not partition {context.Windows.Volume.Number}, where this "
                    + @"Windows is: it would start under another letter than its registry names.",
                owner.Describe(), $"partition {context.Windows.Volume.Number}");
    }

    /// <inheritdoc/>
    public override void Fix(RuleContext context)
    {
        var key = context.Windows.System.Root.Create("MountedDevices");
        var id = MountedDevices.IdOf(context.Partitions, context.Windows.Volume.Partition!);
        foreach (var device in MountedDevices.Read(context.Windows)
            .Where(d => d.Letter is not null && d.FindOn(context.Partitions)?.Number == context.Windows.Volume.Number))
        {
            key.DeleteValue(device.Name); // a partition has one letter
        }

        key.SetBinary($@"\DosDevices\{context.Windows.DriveLetter}", id);
    }
}
