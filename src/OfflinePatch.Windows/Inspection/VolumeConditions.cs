using OfflinePatch.Ntfs;

namespace OfflinePatch.Windows.Inspection;

/// <summary>Reads <see cref="VolumeCondition"/> off an NTFS volume.</summary>
internal static class VolumeConditions
{
    public static VolumeCondition Of(NtfsVolume volume) => new();

    public static string? LabelOf(NtfsVolume volume) => null;
}
