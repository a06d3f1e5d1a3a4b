using OfflinePatch.Windows.Inspection;

namespace OfflinePatch.Windows.Rules;

/// <summary>Which volumes the gates ask: those that are written, or whose state decides whether Windows trusts what is written.</summary>
internal static class VolumeGates
{
    /// <summary>NTFS volumes that hold Windows or its boot files; where no Windows was found, every NTFS volume.</summary>
    public static IEnumerable<GuestVolume> Written(Guest guest) =>
        guest.Volumes.Where(v => v.Kind == VolumeKind.Ntfs
            && (guest.FoundWindows is null || guest.Systems.Any(s => s.Volume == v) || v == guest.Boot.SystemVolume || v == guest.Boot.Active));
}
