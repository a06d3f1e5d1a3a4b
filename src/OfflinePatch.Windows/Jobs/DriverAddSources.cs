using OfflinePatch.Core;
using OfflinePatch.Drivers.Packages;
using OfflinePatch.FileSystems;
using OfflinePatch.Windows.Reports;
using OfflinePatch.Windows.Rules;

namespace OfflinePatch.Windows.Jobs;

/// <summary>The packages of the sources of a request, and those that failed in an earlier round.</summary>
internal sealed class DriverAddSources : IDisposable
{
    private readonly List<IFileSystem> _trees = [];

    private DriverAddSources(RuleSources rules) => Rules = rules;

    /// <summary>Families and root certificates.</summary>
    public RuleSources Rules { get; }

    /// <summary>The packages, in the order of the sources.</summary>
    public List<DriverPackage> Packages { get; } = [];

    /// <summary>INFs that are no packages of drivers.</summary>
    public List<DriverAddReport> Rejected { get; } = [];

    /// <summary>Packages that were refused after something of them was written.</summary>
    public Dictionary<DriverPackage, Exception> Failed { get; } = [];

    /// <summary>Opens every source.</summary>
    public static DriverAddSources Open(DriverAddRequest request)
    {
        var sources = new DriverAddSources(
            RuleSources.Open(new RuleRequest { TrustedRootPaths = request.TrustedRootPaths, ManifestPath = request.ManifestPath }));
        try
        {
            foreach (var path in request.Paths)
            {
                sources.Add(path);
            }

            return sources;
        }
        catch
        {
            sources.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        _trees.ForEach(t => t.Dispose());
        Rules.Dispose();
    }

    private void Add(string path)
    {
        // One INF is the package in its folder.
        if (path.EndsWith(".inf", StringComparison.OrdinalIgnoreCase) && HostPaths.FileExists(path))
        {
            var folder = FileSources.Open(Path.GetDirectoryName(Path.GetFullPath(path))!);
            _trees.Add(folder);
            try
            {
                Packages.Add(DriverPackage.Read(folder, Path.GetFileName(path)));
            }
            catch (Exception e) when (e is CorruptImageException or UnsupportedImageException)
            {
                Reject(path, DriverFinding.Broken(Path.GetFileName(path), e.Message), DriverAddOutcome.Refused);
            }

            return;
        }

        var tree = FileSources.Open(path);
        _trees.Add(tree);
        var found = DriverSource.Scan(tree);
        Packages.AddRange(found.Packages);
        foreach (var finding in found.Rejected)
        {
            Reject(path, finding, DriverAddOutcome.Skipped);
        }
    }

    private void Reject(string source, DriverFinding finding, DriverAddOutcome outcome) =>
        Rejected.Add(new DriverAddReport(source, finding.File, outcome) { Code = finding.Code, Reason = finding.Message });
}
