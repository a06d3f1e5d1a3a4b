using OfflinePatch.Core;
using OfflinePatch.Drivers.Manifest;
using OfflinePatch.FileSystems;
using OfflinePatch.Windows.DriverStore;
using OfflinePatch.Windows.Guest;
using OfflinePatch.Windows.Rules;

namespace OfflinePatch.Windows.Jobs;

/// <summary>The trees that rules take files from, opened for one image and closed after it.</summary>
internal sealed class RuleSources : IDisposable
{
    private readonly List<IFileSystem> _opened = [];

    private RuleSources()
    {
    }

    /// <summary>The options of the rules, with their sources.</summary>
    public RuleOptions Options { get; private set; } = new();

    /// <summary>Opens every source of a request.</summary>
    /// <exception cref="HostIOException">A path is missing.</exception>
    /// <exception cref="CorruptImageException">A file of the manifest does not follow its schema.</exception>
    /// <exception cref="RefusedException">An archive would do harm.</exception>
    public static RuleSources Open(ImageRequest request)
    {
        var sources = new RuleSources();
        try
        {
            sources.Options = request.Rules with
            {
                DriverSources = [.. request.DriverPaths.Select(sources.Open)],
                Manifest = request.ManifestPath is { } manifest ? DriverManifest.Load(sources.Open(manifest)) : request.Rules.Manifest,
                CloudbaseInit = request.CloudbaseInitPath is { } path ? sources.Open(path) : null,
                OutputFormat = request.OutputPath is null ? null : request.OutputFormat,
            };
            return sources;
        }
        catch
        {
            sources.Dispose();
            throw;
        }
    }

    /// <summary>What rules see of an opened image.</summary>
    /// <param name="machine">What is on its disk.</param>
    /// <param name="request">What the user asks for.</param>
    /// <param name="hostLength">Bytes of its files on the host.</param>
    public RuleContext ContextOf(GuestMachine machine, ImageRequest request, long hostLength) =>
        new() { Machine = machine, Profile = request.Profile, Options = Options with { FileSize = hostLength } };

    public void Dispose()
    {
        foreach (var source in _opened)
        {
            source.Dispose();
        }
    }

    private IFileSystem Open(string path)
    {
        var source = FileSources.Open(path);
        _opened.Add(source);
        return source;
    }
}
