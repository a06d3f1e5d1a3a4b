using OfflinePatch.FileSystems.Trees;

namespace OfflinePatch.FileSystems.Udf;

/// <summary>A file or directory of a UDF volume.</summary>
internal sealed class UdfNode : TreeNode
{
    /// <summary>Where its content lies, in order.</summary>
    public required List<UdfExtent> Extents { get; init; }

    /// <summary>The bytes that its file entry describes, for a directory too.</summary>
    public required long ContentLength { get; init; }

    /// <summary>Where its file entry lies: two directories cannot share one.</summary>
    public required long EntryOffset { get; init; }
}

/// <summary>A run of content.</summary>
/// <param name="Offset">Byte of the disc; -1: never recorded, reads as zeros.</param>
/// <param name="Length">Bytes.</param>
internal readonly record struct UdfExtent(long Offset, long Length);
