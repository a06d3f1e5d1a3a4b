namespace OfflinePatch.Windows.Jobs;

/// <summary>Driver packages that are to be put into an image.</summary>
public sealed record DriverAddRequest
{
    /// <summary>Host paths: directories, discs, archives, or single INFs.</summary>
    public required IReadOnlyList<string> Paths { get; init; }

    /// <summary>Stage packages although their signature is missing or not accepted by this Windows.</summary>
    public bool AllowUnsigned { get; init; }

    /// <summary>Stage the others where a package is refused; otherwise one refusal refuses all.</summary>
    public bool SkipRefused { get; init; }

    /// <summary>Host paths of root certificates that signatures may end in besides Microsoft's.</summary>
    public IReadOnlyList<string> TrustedRootPaths { get; init; } = [];

    /// <summary>Host path of a folder with families of drivers in place of the built-in ones, or null.</summary>
    public string? ManifestPath { get; init; }

    /// <summary>Only say what would be done.</summary>
    public bool DryRun { get; init; }
}

/// <summary>Driver packages that are to be removed from an image.</summary>
public sealed record DriverRemoveRequest
{
    /// <summary>Published names (<c>oem3.inf</c>); on Windows 7 the name of an INF that was put into a folder of DevicePath.</summary>
    public required IReadOnlyList<string> Names { get; init; }

    /// <summary>Remove packages that devices run with, too.</summary>
    public bool Force { get; init; }

    /// <summary>Only say what would be done.</summary>
    public bool DryRun { get; init; }
}
