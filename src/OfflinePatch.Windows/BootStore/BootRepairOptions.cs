namespace OfflinePatch.Windows.BootStore;

/// <summary>How much a boot repair does beyond what is needed to start.</summary>
internal sealed record BootRepairOptions
{
    /// <summary>Create a new boot configuration although the old one could be corrected; the old one is kept.</summary>
    public bool Rebuild { get; init; }

    /// <summary>Copy every boot file that is missing (languages, fonts, memory tester), also where the boot manager is there.</summary>
    public bool AllFiles { get; init; }
}
