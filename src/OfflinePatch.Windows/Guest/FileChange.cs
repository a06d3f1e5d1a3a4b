using System.Text.Json.Serialization;
using OfflinePatch.Windows.Rules;

namespace OfflinePatch.Windows.Guest;

/// <summary>One file that was changed.</summary>
/// <param name="Path">The path on its volume, with the drive letter where one is known.</param>
/// <param name="Kind">What happened.</param>
/// <param name="Length">Bytes of the new content.</param>
/// <param name="Rule">The rule that did it, or null.</param>
public sealed record FileChange(string Path, FileChangeKind Kind, long Length, string? Rule = null);

/// <summary>What happened to a file.</summary>
public enum FileChangeKind
{
    /// <summary>It did not exist before.</summary>
    [JsonStringEnumMemberName("added")]
    Added,

    /// <summary>It has new content.</summary>
    [JsonStringEnumMemberName("replaced")]
    Replaced,

    /// <summary>It is gone.</summary>
    [JsonStringEnumMemberName("deleted")]
    Deleted,
}
