using OfflinePatch.Core;
using OfflinePatch.Drivers.Manifest;
using OfflinePatch.Drivers.Packages;
using OfflinePatch.Drivers.Signatures;
using OfflinePatch.FileSystems;
using OfflinePatch.Windows.CloudbaseInit;
using OfflinePatch.Windows.GuestAgent;
using OfflinePatch.Windows.GuestTools;
using OfflinePatch.Windows.Targets;

namespace OfflinePatch.Windows.Rules;

/// <summary>
/// What rules take files from, opened for one image, or for several one after the other. Each source is read once, when a rule first asks
/// for it.
/// </summary>
internal sealed class RuleSources : IDisposable
{
    private readonly List<IFileSystem> _opened = [];
    private IReadOnlyList<DriverSource>? _drivers;
    private CloudbaseInitPackage? _agent;
    private GuestAgentPackage? _guestAgent;

    /// <summary>The trees with driver packages, best first.</summary>
    public IReadOnlyList<IFileSystem> DriverTrees { get; init; } = [];

    /// <summary>Roots that signatures of drivers may end in besides Microsoft's.</summary>
    public IReadOnlyList<TrustAnchor> TrustedRoots { get; init; } = [];

    /// <summary>The families of drivers.</summary>
    public DriverManifest Manifest { get; init; } = DriverManifest.Embedded;

    /// <summary>The products whose tools are recognised.</summary>
    public ToolsCatalog Tools { get; init; } = ToolsCatalog.Embedded;

    /// <summary>The tree with Cloudbase-Init, or null.</summary>
    public IFileSystem? CloudbaseInitTree { get; init; }

    /// <summary>The PCI devices that the target gives the machine; empty when no list was named.</summary>
    public IReadOnlyList<PciDevice> Devices { get; init; } = [];

    /// <summary>Whether a driver source was named.</summary>
    public bool HasDrivers => DriverTrees.Count > 0;

    /// <summary>The driver sources, best first.</summary>
    /// <exception cref="UnsupportedImageException">A source is larger than the limits of <see cref="DriverSource"/>.</exception>
    public IReadOnlyList<DriverSource> Drivers => _drivers ??= [.. DriverTrees.Select(Scan)];

    /// <summary>The packages of all driver sources.</summary>
    public IEnumerable<DriverPackage> DriverPackages => Drivers.SelectMany(d => d.Packages);

    /// <summary>The Cloudbase-Init package, or null when none was named.</summary>
    /// <exception cref="RefusedException"><c>CBI-0001</c> to <c>CBI-0004</c>: the tree holds none, or an incomplete one.</exception>
    public CloudbaseInitPackage? CloudbaseInit =>
        _agent ??= CloudbaseInitTree is null ? null : CloudbaseInitPackage.Open(CloudbaseInitTree);

    /// <summary>The tree with the QEMU guest agent, or null.</summary>
    public IFileSystem? GuestAgentTree { get; init; }

    /// <summary>The QEMU guest agent, or null when none was named.</summary>
    /// <exception cref="RefusedException"><c>QGA-0001</c> to <c>QGA-0003</c>: the tree holds none, or more than one.</exception>
    public GuestAgentPackage? GuestAgent => _guestAgent ??= GuestAgentTree is null ? null : GuestAgentPackage.Open(GuestAgentTree);

    /// <summary>Opens every source of a request.</summary>
    /// <exception cref="HostIOException">A path is missing.</exception>
    /// <exception cref="CorruptImageException">A file of the manifest does not follow its schema.</exception>
    /// <exception cref="UnsupportedImageException"><c>TLS-0001</c>: a file of products does not follow its form.</exception>
    /// <exception cref="UnsupportedImageException"><c>WIN-0014</c>: the list of devices cannot be used.</exception>
    /// <exception cref="RefusedException">An archive would do harm.</exception>
    public static RuleSources Open(RuleRequest request)
    {
        var opened = new List<IFileSystem>();
        try
        {
            var sources = new RuleSources
            {
                DriverTrees = [.. request.DriverPaths.Select(Open)],
                Manifest = request.ManifestPath is { } manifest ? DriverManifest.Load(Open(manifest)) : DriverManifest.Embedded,
                Tools = ToolsData.Read(request.ToolsDataPath),
                TrustedRoots = Rules.TrustedRoots.Read(request.TrustedRootPaths),
                Devices = request.DevicesPath switch
                {
                    null => [],
                    RuleRequest.DevicesOfTarget =>
                        request.Profile.Devices is { Count: > 0 } own ? own : throw TargetError.NoDevices(request.Profile.Id),
                    { } list => PciDeviceList.Read(list),
                },
                CloudbaseInitTree = request.CloudbaseInitPath is { } path ? Open(path) : null,
                GuestAgentTree = request.GuestAgentPath is { } guestAgent ? Open(guestAgent) : null,
            };
            sources._opened.AddRange(opened);
            return sources;
        }
        catch
        {
            opened.ForEach(s => s.Dispose());
            throw;
        }

        IFileSystem Open(string path)
        {
            var source = FileSources.Open(path);
            opened.Add(source);
            return source;
        }
    }

    private static DriverSource Scan(IFileSystem tree)
    {
        using var stage = RunActivity.Stage("read drivers", tree.Source);
        return DriverSource.Scan(tree);
    }

    public void Dispose() => _opened.ForEach(s => s.Dispose());
}
