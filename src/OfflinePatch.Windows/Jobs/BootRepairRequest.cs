namespace OfflinePatch.Windows.Jobs;

/// <summary>How what starts Windows is repaired.</summary>
public sealed record BootRepairRequest
{
    /// <summary>
    /// Create a new boot configuration although the old one could be corrected; the old one is kept as <c>BCD.before</c>.
    /// </summary>
    public bool Rebuild { get; init; }

    /// <summary>Only say what would be done.</summary>
    public bool DryRun { get; init; }
}
