using OfflinePatch.Core;
using OfflinePatch.Disks.Partitions;
using OfflinePatch.Registry;
using OfflinePatch.Registry.Bcd;

namespace OfflinePatch.Windows.Guest;

/// <summary>Finds Windows installations (libguestfs daemon/inspect_fs_windows.ml).</summary>
internal static class SystemFinder
{
    private static readonly string[] UsualRoots = ["Windows", "WINNT", "Win"];

    /// <summary>
    /// Every installation on the volumes, in the order of the partition table: the usual directories, and those that the boot entries name.
    /// </summary>
    public static IReadOnlyList<WindowsSystem> FindAll(
        IReadOnlyList<GuestVolume> volumes, BootFiles boot, PartitionTable partitions, ChangeLog changes)
    {
        var named = Loaders(boot).Select(l => (Partition: l.OsDevice.FindOn(partitions)?.Number, Root: l.SystemRoot?.Trim('\\'))).ToList();
        var systems = new List<WindowsSystem>();
        foreach (var volume in volumes)
        {
            if (volume is not { Kind: VolumeKind.Ntfs, Files: { } files })
            {
                continue;
            }

            var roots = UsualRoots.Concat(named.Where(n => n.Partition == volume.Number && n.Root is { Length: > 0 }).Select(n => n.Root!));
            foreach (var root in roots.Distinct(StringComparer.OrdinalIgnoreCase))
            {
                if (IsSystemRoot(files, root))
                {
                    systems.Add(new WindowsSystem(volume,
                        files.Find(root)?.Name is { Length: > 0 } name && !root.Contains('\\', StringComparison.Ordinal) ? name : root,
                        changes));
                }
            }
        }

        return systems;
    }

    /// <summary>Whether a directory is the root of a Windows installation.</summary>
    public static bool IsSystemRoot(IFileSystem files, string root) =>
        files.DirectoryExists(root + @"\System32\config")
        && (files.FileExists(root + @"\System32\config\SYSTEM")
            || files.FileExists(root + @"\System32\config\SOFTWARE")
            || files.FileExists(root + @"\System32\ntoskrnl.exe")
            || files.FileExists(root + @"\System32\cmd.exe"));

    /// <summary>The installation that the boot configuration starts by default; where it says nothing, the first one.</summary>
    public static WindowsSystem? ChooseBooted(IReadOnlyList<WindowsSystem> systems, BootFiles boot, PartitionTable partitions)
    {
        if (systems.Count <= 1)
        {
            return systems.Count == 1 ? systems[0] : null;
        }

        var loader = boot.Store?.Hive is { } hive ? BootEntries.Read(hive)?.DefaultLoader : null;
        var number = loader?.OsDevice.FindOn(partitions)?.Number;
        var root = loader?.SystemRoot?.Trim('\\');
        return systems.FirstOrDefault(s => s.Volume.Number == number && s.SystemRoot.Equals(root, StringComparison.OrdinalIgnoreCase))
            ?? systems.FirstOrDefault(s => s.Volume.Number == number)
            ?? systems[0];
    }

    private static IEnumerable<BcdObject> Loaders(BootFiles boot) =>
        new[] { boot.UefiStore, boot.BiosStore }.OfType<HiveLoad>().Select(s => s.Hive).OfType<GuestHive>()
            .SelectMany(h => BootEntries.Read(h)?.Objects ?? []).Where(o => o.IsOsLoader && o.StartsWindows);
}
