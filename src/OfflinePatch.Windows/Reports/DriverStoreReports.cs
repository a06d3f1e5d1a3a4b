using System.Text.Json.Serialization;

namespace OfflinePatch.Windows.Reports;

/// <summary>The driver packages of others that an image has.</summary>
/// <param name="Path">The image.</param>
/// <param name="Windows">The Windows in it: <c>10.0.17763 amd64 server</c>.</param>
/// <param name="Packages">The packages, by their published names.</param>
public sealed record DriverStoreReport(string Path, string Windows, IReadOnlyList<DriverStorePackage> Packages);

/// <summary>A driver package in an image, as <c>dism /get-drivers</c> and <c>pnputil /enum-drivers</c> list it.</summary>
/// <param name="PublishedName"><c>oemN.inf</c>, or null for one that Windows 7 takes from a folder of DevicePath.</param>
/// <param name="Inf">The INF's own name.</param>
/// <param name="Class">Its setup class: <c>Net</c>, or the class's GUID where its name is not known.</param>
/// <param name="ClassGuid">The GUID of its setup class.</param>
/// <param name="Provider">Who made it, or null.</param>
/// <param name="Version">DriverVer's version.</param>
/// <param name="Date">DriverVer's date, <c>yyyy-MM-dd</c>, or null.</param>
/// <param name="Signer">Who signed its catalogue, or null when that is not known.</param>
/// <param name="BootCritical">Whether a driver of it starts at boot.</param>
/// <param name="Devices">The device instances that run with it.</param>
/// <param name="Active">Whether it is the one that Windows takes for its published name.</param>
/// <param name="Problems">What is wrong with its files, each naming one.</param>
public sealed record DriverStorePackage(
    string? PublishedName, string Inf, string Class, string ClassGuid, string? Provider, string Version, string? Date, string? Signer,
    bool BootCritical,
    IReadOnlyList<string> Devices, bool Active, IReadOnlyList<string> Problems)
{
    /// <summary>Whether a device runs with it.</summary>
    public bool InUse => Devices.Count > 0;

    /// <summary>Its directory on the Windows volume, with the INF and all its files; null where there is none.</summary>
    public string? Directory { get; init; }
}

/// <summary>What was done with a driver package that was to be added.</summary>
public enum DriverAddOutcome
{
    /// <summary>It is in the image now.</summary>
    [JsonStringEnumMemberName("staged")]
    Staged,

    /// <summary>Exactly this package was there.</summary>
    [JsonStringEnumMemberName("present")]
    Present,

    /// <summary>It is not for this Windows, or another package of the same driver is the better one.</summary>
    [JsonStringEnumMemberName("skipped")]
    Skipped,

    /// <summary>It must not be used.</summary>
    [JsonStringEnumMemberName("refused")]
    Refused,
}

/// <summary>A driver package that was to be added.</summary>
/// <param name="Source">The source that holds it.</param>
/// <param name="Inf">The INF's path in the source.</param>
/// <param name="Outcome">What was done with it.</param>
public sealed record DriverAddReport(string Source, string Inf, DriverAddOutcome Outcome)
{
    /// <summary><c>oemN.inf</c>, or null where it has none.</summary>
    public string? PublishedName { get; init; }

    /// <summary>Its directory in the driver store, or null.</summary>
    public string? PackageName { get; init; }

    /// <summary>Its setup class.</summary>
    public string? Class { get; init; }

    /// <summary>Its version.</summary>
    public string? Version { get; init; }

    /// <summary>The code of the reason why it was refused or skipped; null else.</summary>
    public string? Code { get; init; }

    /// <summary>Why it was refused or skipped, in full sentences; null else.</summary>
    public string? Reason { get; init; }

    /// <summary>Further remarks on it.</summary>
    public IReadOnlyList<string> Remarks { get; init; } = [];
}
