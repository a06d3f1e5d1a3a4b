using OfflinePatch.FileSystems.Trees;

namespace OfflinePatch.FileSystems.Zip;

/// <summary>One file of a ZIP archive, from its central directory header.</summary>
internal sealed class ZipEntry : TreeNode
{
    /// <summary>4.4.5: 0 stored, 8 deflated.</summary>
    public ushort Method { get; init; }

    /// <summary>Bytes in the archive.</summary>
    public long PackedSize { get; init; }

    /// <summary>CRC-32 of the content.</summary>
    public uint Crc { get; init; }

    /// <summary>Where its local header starts, in the archive.</summary>
    public long HeaderOffset { get; init; }

    /// <summary>A Unix symbolic link: the content is the path it names.</summary>
    public bool IsLink { get; init; }
}
