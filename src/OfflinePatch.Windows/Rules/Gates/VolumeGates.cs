using OfflinePatch.Windows.Guest;

namespace OfflinePatch.Windows.Rules.Gates;

/// <summary>Which volumes the gates check: those that are written, or whose state decides whether Windows trusts what is written.</summary>
internal static class VolumeGates
{
    /// <summary>NTFS volumes that hold Windows or its boot files; where no Windows was found, every NTFS volume.</summary>
    public static IEnumerable<GuestVolume> Written(RuleContext context) =>
        context.Volumes.Where(v => v.Kind == VolumeKind.Ntfs
            && (context.FoundWindows is null || context.Systems.Any(s => s.Volume == v) || v == context.Boot.SystemVolume
                || v == context.Boot.Active));
}
