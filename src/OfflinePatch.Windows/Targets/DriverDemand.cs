namespace OfflinePatch.Windows.Targets;

/// <summary>
/// What a target needs of a family of drivers. All members absent: the target does not need them, and any that are there stay.
/// </summary>
/// <param name="Required">Driver ids without which the image is not ready.</param>
/// <param name="Advised">Driver ids that the target advises.</param>
/// <param name="StoreOnly">The drivers are only put into the driver store: the target may start the image where their devices are missing,
/// so none of them runs before Windows finds one.</param>
/// <param name="Absent">The target never has the devices of the family: drivers of it that would start are disabled.</param>
public sealed record DriverDemand(IReadOnlyList<string>? Required = null, IReadOnlyList<string>? Advised = null, bool StoreOnly = false,
    bool Absent = false)
{
    /// <summary>Nothing is needed.</summary>
    public static DriverDemand None { get; } = new();
}
