using OfflinePatch.Core;
using OfflinePatch.Windows.Rules;

namespace OfflinePatch.Windows.Jobs;

/// <summary>
/// The sources of a request (driver packages, agent, manifest), opened once for a batch: what was read of them stays in memory for the next
/// image. Not safe for use by several threads; each thread of a batch opens its own.
/// </summary>
public sealed class OpenedSources : IDisposable
{
    private OpenedSources(RuleSources sources) => Sources = sources;

    internal RuleSources Sources { get; }

    /// <summary>Opens every source of a request.</summary>
    /// <exception cref="HostIOException">A path is missing.</exception>
    /// <exception cref="CorruptImageException">A file of the manifest does not follow its schema.</exception>
    /// <exception cref="RefusedException">An archive would do harm.</exception>
    public static OpenedSources Open(RuleRequest request) => new(RuleSources.Open(request));

    /// <inheritdoc/>
    public void Dispose() => Sources.Dispose();
}
