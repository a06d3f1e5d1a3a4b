using OfflinePatch.Core;
using OfflinePatch.Disks.Partitions;
using OfflinePatch.Windows.Rules;

namespace OfflinePatch.Windows.Inspection;

/// <summary>Finds Windows installations (field-virt-v2v.md §4.2).</summary>
internal static class SystemFinder
{
    private static readonly string[] UsualRoots = ["Windows", "WINNT", "Win"];

    /// <summary>Every installation on the volumes, in the order of the partition table.</summary>
    public static IReadOnlyList<WindowsSystem> FindAll(IReadOnlyList<GuestVolume> volumes, ChangeLog changes)
    {
        var systems = new List<WindowsSystem>();
        foreach (var volume in volumes)
        {
            if (volume is not { Kind: VolumeKind.Ntfs, Files: { } files })
            {
                continue;
            }

            foreach (var root in UsualRoots)
            {
                if (IsSystemRoot(files, root))
                {
                    systems.Add(new WindowsSystem(volume, files.Find(root)?.Name is { Length: > 0 } name ? name : root, changes));
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

    /// <summary>The installation that the boot configuration starts; where it says nothing, the first one.</summary>
    public static WindowsSystem? ChooseBooted(IReadOnlyList<WindowsSystem> systems, BootFiles boot, PartitionTable partitions) =>
        systems.Count > 0 ? systems[0] : null;
}
