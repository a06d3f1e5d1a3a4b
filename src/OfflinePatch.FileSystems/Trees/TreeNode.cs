using OfflinePatch.Core;

namespace OfflinePatch.FileSystems.Trees;

/// <summary>A file or directory of a tree that is only read. Formats derive from it to say where the content lies.</summary>
internal class TreeNode
{
    public required string Name { get; init; }

    public required bool IsDirectory { get; init; }

    /// <summary>Bytes of content; 0 for a directory.</summary>
    public long Length { get; init; }

    public DateTime LastWriteTimeUtc { get; init; }

    public FileAttributes Attributes { get; init; }

    /// <summary>The directories above it; 0 for the root.</summary>
    public int Depth { get; private set; }

    /// <summary>The path from the root, separated by <c>\</c>; empty for the root.</summary>
    public string Path { get; private set; } = "";

    /// <summary>The children in the order of the format, once the directory was read.</summary>
    public List<TreeNode>? Children { get; set; }

    /// <summary>The children by name.</summary>
    public Dictionary<string, TreeNode>? ByName { get; set; }

    public FileEntry ToEntry() => new(Name, IsDirectory, Length, LastWriteTimeUtc, Attributes);

    public void AttachTo(TreeNode parent)
    {
        Depth = parent.Depth + 1;
        Path = parent.Path.Length == 0 ? Name : parent.Path + "\\" + Name;
    }
}
