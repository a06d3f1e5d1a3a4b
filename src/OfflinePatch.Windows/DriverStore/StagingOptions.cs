using OfflinePatch.Drivers.Manifest;
using OfflinePatch.Drivers.Signatures;

namespace OfflinePatch.Windows.DriverStore;

/// <summary>How a package is staged.</summary>
public sealed record StagingOptions
{
    /// <summary>Whether a signature that does not hold is accepted.</summary>
    public bool AllowUnsigned { get; init; }

    /// <summary>Only put it into the driver store: nothing of it runs before Windows meets its device.</summary>
    public bool StoreOnly { get; init; }

    /// <summary>
    /// Whether only exactly the same package, with the same INF and catalogue, counts as present: others are staged next to it, older
    /// ones too, as DISM and pnputil do.
    /// </summary>
    public bool IsExact { get; init; }

    /// <summary>Whether packages in the image that must not be used are replaced, or removed from the index.</summary>
    public bool ReplaceBroken { get; init; }

    /// <summary>What signatures are judged by.</summary>
    public SignatureOptions Signatures { get; init; } = SignatureOptions.Default;

    /// <summary>The families of drivers.</summary>
    public DriverManifest Manifest { get; init; } = DriverManifest.Embedded;

    /// <summary>The clock for time stamps.</summary>
    public TimeProvider Clock { get; init; } = TimeProvider.System;
}
