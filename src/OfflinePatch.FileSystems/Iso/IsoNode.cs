using OfflinePatch.FileSystems.Trees;

namespace OfflinePatch.FileSystems.Iso;

/// <summary>A file or directory of a disc.</summary>
internal sealed class IsoNode : TreeNode
{
    /// <summary>Where its content lies, in bytes of the disc, in order.</summary>
    public required List<(long Offset, long Length)> Extents { get; init; }
}
