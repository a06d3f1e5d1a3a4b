using OfflinePatch.Core;
using OfflinePatch.Disks;
using OfflinePatch.Drivers.Manifest;
using OfflinePatch.Drivers.Signatures;
using OfflinePatch.Windows.DriverStore;

namespace OfflinePatch.Windows.Rules;

/// <summary>What the user asked for.</summary>
public sealed record RuleOptions
{
    /// <summary>Where driver packages are taken from, best first; <c>--drivers</c>.</summary>
    public IReadOnlyList<IFileSystem> DriverSources { get; init; } = [];

    /// <summary>The families of drivers; <c>--manifest</c>.</summary>
    public DriverManifest Manifest { get; init; } = DriverManifest.Embedded;

    /// <summary>The Cloudbase-Init archive, installer or directory as a tree of files; <c>--cloudbase-init</c>.</summary>
    public IFileSystem? CloudbaseInit { get; init; }

    /// <summary>Leave static DNS servers alone; <c>--keep-dns</c>.</summary>
    public bool KeepDns { get; init; }

    /// <summary>Stage drivers although their signature is missing or too new for this Windows; <c>--allow-unsigned</c>.</summary>
    public bool AllowUnsigned { get; init; }

    /// <summary>Roots that drivers' signatures may end in beside Microsoft's; <c>--trust-root</c>.</summary>
    public IReadOnlyList<TrustAnchor> TrustedRoots { get; init; } = [];

    /// <summary>Turn Remote Desktop on; <c>--enable-rdp</c>.</summary>
    public bool EnableRdp { get; init; }

    /// <summary>The format of the copy that <c>-o</c> makes, or null when the image is changed in place.</summary>
    public ImageFormat? OutputFormat { get; init; }

    /// <summary>Bytes of the file that goes to the cloud, where known: the host file(s) of the image.</summary>
    public long? FileSize { get; init; }

    /// <summary>The clock, for what has to carry a time stamp.</summary>
    public TimeProvider Clock { get; init; } = TimeProvider.System;

    /// <summary>What drivers' signatures are judged by.</summary>
    internal SignatureOptions Signatures => new() { TrustedRoots = TrustedRoots, Clock = Clock };

    /// <summary>What a driver's signatures are judged by when packages are chosen; null when they do not matter.</summary>
    internal SignatureOptions? SelectionSignatures => AllowUnsigned ? null : Signatures;

    /// <summary>How drivers are staged under these options.</summary>
    internal StagingOptions Staging => new() { AllowUnsigned = AllowUnsigned, Manifest = Manifest, Clock = Clock };
}
