namespace OfflinePatch.Windows.Reports;

/// <summary>The driver packages of one family that an image has.</summary>
/// <param name="Family"><c>virtio</c>, <c>xen-pv</c>, or null for packages of no known family.</param>
/// <param name="Title">For people.</param>
/// <param name="Packages">The packages in its driver store (on Windows 7: the INFs that it installs from).</param>
/// <param name="Bundles">What a vendor's own installer left, by its version files.</param>
/// <param name="Missing">The drivers that the target requires or advises and that are neither in the store nor part of a current
/// bundle.</param>
public sealed record DriverFamilyReport(
    string? Family, string Title, IReadOnlyList<StagedDriverReport> Packages, IReadOnlyList<DriverBundleReport> Bundles,
    IReadOnlyList<string> Missing);

/// <summary>A driver package in an image.</summary>
/// <param name="Driver">The driver of the family, or null.</param>
/// <param name="Inf">The INF's own name.</param>
/// <param name="PublishedName"><c>oemN.inf</c>, or null where it has none.</param>
/// <param name="Version">DriverVer's version.</param>
/// <param name="Date">DriverVer's date, <c>yyyy-MM-dd</c>, or null.</param>
/// <param name="Provider">Who made it, or null.</param>
/// <param name="Signer">Who signed it, or null when that is not recorded.</param>
/// <param name="Active">Whether it is the one that Windows takes for its INF.</param>
/// <param name="Problems">Why it would not work on the first boot, each naming a key or file; empty when it would, or when it is of no
/// known family.</param>
public sealed record StagedDriverReport(
    string? Driver, string Inf, string? PublishedName, string Version, string? Date, string? Provider, string? Signer, bool Active,
    IReadOnlyList<string> Problems);

/// <summary>A bundle of drivers that a vendor's installer left.</summary>
/// <param name="Title">The bundle.</param>
/// <param name="Version">Its version.</param>
/// <param name="Current">Whether the version is not below the lowest that is accepted.</param>
/// <param name="Lowest">That lowest version, or null.</param>
public sealed record DriverBundleReport(string Title, string Version, bool Current, string? Lowest);
