namespace OfflinePatch.Windows.Reports;

/// <summary>Which packages a fix of an image would use.</summary>
/// <param name="Image">The image.</param>
/// <param name="Windows">The Windows in it, as drivers are chosen for it: <c>10.0.17763 amd64 server</c>.</param>
/// <param name="Packages">Every package of the sources, in their order.</param>
public sealed record DriverChoiceReport(string Image, string Windows, IReadOnlyList<DriverPackageChoice> Packages);

/// <summary>What is done with one package.</summary>
/// <param name="Source">The source that holds it.</param>
/// <param name="Inf">The INF's path in the source.</param>
/// <param name="Driver">The driver of the family that it belongs to, or null.</param>
/// <param name="Version">Its version.</param>
/// <param name="Used">Whether it would be staged.</param>
/// <param name="Reason">Why, or why not.</param>
public sealed record DriverPackageChoice(string Source, string Inf, string? Driver, string Version, bool Used, string Reason);
