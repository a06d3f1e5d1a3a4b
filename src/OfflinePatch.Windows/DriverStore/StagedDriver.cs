using OfflinePatch.Drivers;
using OfflinePatch.Drivers.Manifest;
using OfflinePatch.Windows.Guest;

namespace OfflinePatch.Windows.DriverStore;

/// <summary>A driver package that an image already has.</summary>
public sealed record StagedDriver
{
    /// <summary><c>oem3.inf</c>.</summary>
    public required string PublishedName { get; init; }

    /// <summary>Its directory in the driver store: <c>viostor.inf_amd64_0123456789abcdef</c>; empty on Windows 7 and older.</summary>
    public required string PackageName { get; init; }

    /// <summary>The INF's own name: <c>viostor.inf</c>.</summary>
    public required string InfName { get; init; }

    /// <summary>Who made it.</summary>
    public string Provider { get; init; } = "";

    /// <summary>Who signed it, or empty.</summary>
    public string SignerName { get; init; } = "";

    /// <summary>Date of DriverVer, or <see cref="DateTime.MinValue"/>.</summary>
    public DateTime Date { get; init; }

    /// <summary>Version of DriverVer.</summary>
    public DriverVersion Version { get; init; }

    /// <summary>Architecture, or null when unknown.</summary>
    public ProcessorArchitecture? Architecture { get; init; }

    /// <summary>Its setup class.</summary>
    public Guid ClassGuid { get; init; }

    /// <summary>The hive that holds its records.</summary>
    public HiveName Hive { get; init; }

    /// <summary>Whether this is the package that Windows takes for its INF (<c>Active</c>).</summary>
    public bool IsActive { get; init; }

    /// <summary>Whether the package's directory with its INF is there.</summary>
    public bool HasFiles { get; init; }

    /// <summary>Whether its devices are configured in the database (what the kernel needs to start them at boot).</summary>
    public bool IsConfigured { get; init; }

    /// <summary>The device ids that lead to it.</summary>
    public IReadOnlyList<string> Ids { get; init; } = [];

    /// <summary>The family that it belongs to, or null.</summary>
    public DriverFamily? Family { get; init; }

    /// <summary>The driver of that family, or null.</summary>
    public DriverEntry? Entry { get; init; }
}
