using OfflinePatch.Core;

namespace OfflinePatch.FileSystems.Trees;

/// <summary>
/// What the read-only formats share: a tree whose directories are read when first asked for, names looked up without case (ordinal, by
/// simple Unicode case mapping), and the bounds that keep a hostile tree finite. Safe for several readers at once.
/// </summary>
public abstract class TreeFileSystem : IFileSystem
{
    /// <summary>Files and directories of a tree at most: a Windows installation disc has about 2,000, a full one 100,000.</summary>
    internal const int EntryLimit = 1_000_000;

    /// <summary>Directories inside each other at most; a Windows path of 32,767 characters could have more, and none has.</summary>
    internal const int DepthLimit = 128;

    private readonly Lock _gate = new();
    private int _entries;
    private TreeNode? _root;

    private protected TreeFileSystem(string source) => Source = source;

    /// <inheritdoc/>
    public abstract string Format { get; }

    /// <inheritdoc/>
    public string Source { get; }

    /// <inheritdoc/>
    public FileEntry? Find(string path) => Locate(path)?.ToEntry();

    /// <inheritdoc/>
    public IEnumerable<FileEntry> Enumerate(string directory)
    {
        var node = Locate(directory);
        if (node is not { IsDirectory: true })
        {
            throw FileSystemError.NoDirectory(Source, directory);
        }

        return ChildrenOf(node).Select(n => n.ToEntry());
    }

    /// <inheritdoc/>
    public int Read(string path, long offset, Span<byte> buffer)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        var node = LocateFile(path);
        if (offset >= node.Length || buffer.IsEmpty)
        {
            return 0;
        }

        var wanted = buffer[..(int)Math.Min(buffer.Length, node.Length - offset)];
        ReadContent(node, offset, wanted);
        return wanted.Length;
    }

    /// <inheritdoc/>
    public Stream OpenRead(string path) => OpenContent(LocateFile(path));

    /// <inheritdoc/>
    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Releases what the tree owns.</summary>
    protected virtual void Dispose(bool disposing)
    {
    }

    private protected abstract TreeNode CreateRoot();

    /// <summary>The entries of a directory, without <c>.</c> and <c>..</c>. Called once for each.</summary>
    private protected abstract IEnumerable<TreeNode> ReadDirectory(TreeNode directory);

    /// <summary>Fills <paramref name="buffer"/>; the range is inside the file.</summary>
    private protected abstract void ReadContent(TreeNode file, long offset, Span<byte> buffer);

    private protected virtual Stream OpenContent(TreeNode file) =>
        new TreeContentStream(file.Length, (offset, buffer) => ReadContent(file, offset, buffer));

    private protected TreeNode? Locate(string path)
    {
        lock (_gate)
        {
            var node = _root ??= CreateRoot();
            foreach (var name in FilePath.Split(path))
            {
                if (!node.IsDirectory)
                {
                    return null;
                }

                Load(node);
                if (!node.ByName!.TryGetValue(name, out var child))
                {
                    return null;
                }

                node = child;
            }

            return node;
        }
    }

    private protected TreeNode LocateFile(string path) =>
        Locate(path) is { IsDirectory: false } node ? node : throw FileSystemError.NoFile(Source, path);

    private List<TreeNode> ChildrenOf(TreeNode directory)
    {
        lock (_gate)
        {
            Load(directory);
            return directory.Children!;
        }
    }

    private void Load(TreeNode directory)
    {
        if (directory.Children is not null)
        {
            return;
        }

        if (directory.Depth >= DepthLimit)
        {
            throw FileSystemError.TooDeep(Format, DepthLimit);
        }

        var children = new List<TreeNode>();
        var byName = new Dictionary<string, TreeNode>(StringComparer.OrdinalIgnoreCase);
        foreach (var child in ReadDirectory(directory))
        {
            if (child.Name.Length is 0 or > 255 || child.Name is "." or ".." || child.Name.AsSpan().IndexOfAny("/\\\0") >= 0)
            {
                throw FileSystemError.BadName(Format, directory.Path, child.Name);
            }

            if (++_entries > EntryLimit)
            {
                throw FileSystemError.TooManyEntries(Format, EntryLimit);
            }

            if (!byName.TryAdd(child.Name, child))
            {
                throw FileSystemError.SameName(Format, directory.Path, byName[child.Name].Name, child.Name);
            }

            child.AttachTo(directory);
            children.Add(child);
        }

        directory.ByName = byName;
        directory.Children = children;
    }
}
