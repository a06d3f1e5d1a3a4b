using OfflinePatch.Core;
using OfflinePatch.Disks;
using OfflinePatch.Drivers.Manifest;
using OfflinePatch.Drivers.Signatures;
using OfflinePatch.Windows.Guest;
using OfflinePatch.Windows.Rules;
using OfflinePatch.Windows.Targets;

namespace OfflinePatch.Windows.Tests.Machines;

/// <summary>What a test gives to rules beside the machine and the target.</summary>
public sealed record RuleOptions
{
    public IReadOnlyList<IFileSystem> DriverSources { get; init; } = [];

    public DriverManifest Manifest { get; init; } = DriverManifest.Embedded;

    /// <summary>The sample drivers' roots count in tests; nothing else trusts them.</summary>
    public IReadOnlyList<TrustAnchor> TrustedRoots { get; init; } = SampleTrust.Options.TrustedRoots;

    public IFileSystem? CloudbaseInit { get; init; }

    public bool KeepDns { get; init; }

    public bool AllowUnsigned { get; init; }

    public bool EnableRdp { get; init; }

    public bool ReplaceDrivers { get; init; }

    public IReadOnlyList<PciDevice> Devices { get; init; } = [];

    public bool RepairDevices { get; init; }

    public bool DisableVbs { get; init; }

    public ImageFormat? OutputFormat { get; init; }

    public long? FileSize { get; init; }

    public TimeProvider Clock { get; init; } = TimeProvider.System;

    internal RuleContext ContextOf(GuestMachine machine, TargetProfile profile, RuleSelection? selection = null) => new()
    {
        Machine = machine,
        Request = new RuleRequest
        {
            Profile = profile,
            Selection = selection ?? RuleSelection.All,
            KeepDns = KeepDns,
            AllowUnsigned = AllowUnsigned,
            EnableRdp = EnableRdp,
            ReplaceDrivers = ReplaceDrivers,
            RepairDevices = RepairDevices,
            DisableVbs = DisableVbs,
        },
        Sources = new RuleSources
        {
            DriverTrees = DriverSources,
            TrustedRoots = TrustedRoots,
            Manifest = Manifest,
            CloudbaseInitTree = CloudbaseInit,
            Devices = Devices,
        },
        OutputFormat = OutputFormat,
        FileSize = FileSize,
    };
}
