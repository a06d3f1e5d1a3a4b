using OfflinePatch.Core;
using OfflinePatch.Disks.Partitions;

namespace OfflinePatch.Windows.Guest;

/// <summary>
/// Finds what starts the machine (boot-network-accounts.md §1): an EFI system partition with the Windows boot manager means UEFI, an active
/// MBR partition with bootmgr means BIOS. Where both are there, the partition scheme decides.
/// </summary>
internal static class BootFilesFinder
{
    public const string UefiBootManager = @"EFI\Microsoft\Boot\bootmgfw.efi";
    public const string UefiStorePath = @"EFI\Microsoft\Boot\BCD";
    public const string BiosBootManager = "bootmgr";
    public const string BiosStorePath = @"Boot\BCD";

    private const byte MbrEspType = 0xEF;
    private static readonly Guid EspType = new("C12A7328-F81F-11D2-BA4B-00A0C93EC93B");

    public static BootFiles Find(PartitionTable partitions, IReadOnlyList<GuestVolume> volumes, ChangeLog changes)
    {
        var esps = volumes.Where(v => v.Partition is { } p && (p.TypeGuid == EspType || p.MbrType == MbrEspType)).ToList();
        var esp = esps.Find(v => HasFile(v, UefiBootManager) || HasFile(v, UefiStorePath)) ?? esps.FirstOrDefault();
        var active = volumes.FirstOrDefault(v => v.Partition is { IsActive: true });
        var managers = volumes.Where(v => HasFile(v, BiosBootManager) && HasFile(v, BiosStorePath)).ToList();
        var biosVolume = active is not null && (managers.Count == 0 || managers.Contains(active)) ? active : managers.FirstOrDefault();

        var hasUefi = esp is not null && (HasFile(esp, UefiBootManager) || HasFile(esp, UefiStorePath));
        var hasBios = partitions.Scheme == PartitionScheme.Mbr && managers.Count > 0;
        return new BootFiles
        {
            Esp = esp,
            Active = biosVolume,
            Firmware = (hasUefi, hasBios) switch
            {
                (true, true) => partitions.Scheme == PartitionScheme.Gpt ? Firmware.Uefi : Firmware.Bios,
                (true, false) => Firmware.Uefi,
                (false, true) => Firmware.Bios,
                _ => Firmware.Unknown,
            },
            UefiStore = Load(esp, UefiStorePath, changes),
            BiosStore = Load(biosVolume, BiosStorePath, changes),
        };
    }

    private static bool HasFile(GuestVolume volume, string path) => volume.Files is { } files && files.FileExists(path);

    private static HiveLoad? Load(GuestVolume? volume, string path, ChangeLog changes) =>
        volume is { Files: not null } && HasFile(volume, path)
            ? WindowsSystem.Load(volume, path, $@"BCD ({volume.Description})", changes)
            : null;
}
