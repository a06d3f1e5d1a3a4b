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

    /// <summary>What signatures are judged by.</summary>
    public SignatureOptions Signatures { get; init; } = SignatureOptions.Default;

    /// <summary>The families of drivers.</summary>
    public DriverManifest Manifest { get; init; } = DriverManifest.Embedded;

    /// <summary>The clock for time stamps.</summary>
    public TimeProvider Clock { get; init; } = TimeProvider.System;
}
