using System.Diagnostics;

namespace OfflinePatch.Core.Hosting;

/// <summary>
/// What a run does, for listeners of the activity source <see cref="SourceName"/>: its stages, and every read, write and flush of a
/// host file. Costs nothing while nobody listens.
/// </summary>
public static class RunActivity
{
    /// <summary>The name of the activity source.</summary>
    public const string SourceName = "OfflinePatch";

    /// <summary>Tag of a transfer: the host file, a path.</summary>
    public const string FileTag = "file";

    /// <summary>Tag of a transfer: where in the file it begins, bytes.</summary>
    public const string OffsetTag = "offset";

    /// <summary>Tag of a transfer: how much, bytes.</summary>
    public const string BytesTag = "bytes";

    private static readonly ActivitySource Source = new(SourceName);

    /// <summary>Begins a stage, which ends when the result is disposed. Null while nobody listens.</summary>
    /// <param name="name">What is done: <c>fix</c>.</param>
    /// <param name="subject">To what: <c>network.dhcp</c>; or null.</param>
    public static Activity? Stage(string name, string? subject = null) =>
        Source.HasListeners() ? Source.StartActivity(subject is null ? name : $"{name} {subject}") : null;

    /// <summary>A read, write or flush of a host file.</summary>
    internal static Activity? Transfer(string name, string file, long offset = 0, long bytes = 0)
    {
        var activity = Source.HasListeners() ? Source.StartActivity(name, ActivityKind.Client) : null;
        activity?.SetTag(FileTag, file).SetTag(OffsetTag, offset).SetTag(BytesTag, bytes);
        return activity;
    }
}
