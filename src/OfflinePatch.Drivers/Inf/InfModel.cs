namespace OfflinePatch.Drivers.Inf;

/// <summary>One line of a models section: a device that the INF serves.</summary>
/// <param name="DescriptionToken">The description as written in the INF, usually <c>%Token%</c>.</param>
/// <param name="Description">The description, substituted.</param>
/// <param name="ManufacturerToken">The manufacturer as written in the INF.</param>
/// <param name="Manufacturer">The manufacturer, substituted.</param>
/// <param name="InstallSection">The install section's name, without platform suffix.</param>
/// <param name="HardwareId">The hardware id; empty in a line without one (the device is installed by hand).</param>
/// <param name="CompatibleIds">The compatible ids.</param>
/// <param name="Section">The models section that contains it.</param>
/// <param name="Line">Number of its line.</param>
public sealed record InfModel(
    string DescriptionToken, string Description, string ManufacturerToken, string Manufacturer, string InstallSection,
    string HardwareId, IReadOnlyList<string> CompatibleIds, string Section, int Line)
{
    /// <summary>The hardware id, then the compatible ids.</summary>
    public IEnumerable<string> Ids => HardwareId.Length > 0 ? CompatibleIds.Prepend(HardwareId) : CompatibleIds;
}
