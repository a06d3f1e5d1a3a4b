using OfflinePatch.Core;
using OfflinePatch.FileSystems.Trees;

namespace OfflinePatch.FileSystems.Cab;

/// <summary>
/// A cabinet as a tree that is only read: stored, MSZIP or LZX; not Quantum, not one of a set. Each data block is checked against its
/// checksum.
/// </summary>
public sealed class CabFileSystem : TreeFileSystem, IStorageOrder
{
    private readonly BlockDevice _device;
    private readonly bool _ownsDevice;
    private readonly CabArchive _archive;
    private readonly Folder _root = new() { Name = "", IsDirectory = true };

    private CabFileSystem(BlockDevice device, string source, bool ownsDevice)
        : base(source)
    {
        _device = device;
        _ownsDevice = ownsDevice;
        _archive = new CabArchive(device);
        foreach (var file in _archive.Files)
        {
            Add(file);
        }
    }

    /// <inheritdoc/>
    public override string Format => "CAB";

    /// <summary>Whether the content is that of a cabinet.</summary>
    public static bool Probe(BlockDevice device) => CabArchive.Probe(device);

    /// <summary>Opens a cabinet.</summary>
    /// <param name="device">Its bytes.</param>
    /// <param name="source">Where it comes from, for messages.</param>
    /// <param name="ownsDevice">Whether to dispose <paramref name="device"/> with the tree.</param>
    /// <exception cref="CorruptImageException">Its headers are damaged.</exception>
    /// <exception cref="UnsupportedImageException"><c>CAB-0004</c>: a file continues in another cabinet.</exception>
    /// <exception cref="RefusedException"><c>CAB-0007</c>, <c>CAB-0008</c>: it would do harm.</exception>
    public static CabFileSystem Open(BlockDevice device, string source, bool ownsDevice = false) => new(device, source, ownsDevice);

    /// <inheritdoc/>
    public long StorageOrderOf(string path) => Locate(path) is CabNode node ? ((long)node.File.Folder << 32) + node.File.Offset : 0;

    private protected override TreeNode CreateRoot() => _root;

    private protected override IEnumerable<TreeNode> ReadDirectory(TreeNode directory) => ((Folder)directory).Entries;

    private protected override void ReadContent(TreeNode file, long offset, Span<byte> buffer) =>
        _archive.Read(((CabNode)file).File, offset, buffer);

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing && _ownsDevice)
        {
            _device.Dispose();
        }

        base.Dispose(disposing);
    }

    private void Add(CabFile file)
    {
        var names = FilePath.Split(file.Name);
        if (names.Length is 0 or > DepthLimit || file.Name[0] is '/' or '\\' || file.Name.Any(c => c == ':' || char.IsControl(c))
            || names.Any(n => n.AsSpan().TrimEnd(". ").IsEmpty))
        {
            throw CabError.BadPath(file.Name);
        }

        var folder = _root;
        foreach (var name in names[..^1])
        {
            if (!folder.Folders.TryGetValue(name, out var below))
            {
                below = new Folder { Name = name, IsDirectory = true };
                folder.Folders.Add(name, below);
                folder.Entries.Add(below);
            }

            folder = below;
        }

        folder.Entries.Add(new CabNode
        {
            Name = names[^1],
            IsDirectory = false,
            Length = file.Length,
            LastWriteTimeUtc = file.LastWriteTimeUtc,
            Attributes = file.Attributes,
            File = file,
        });
    }

    private sealed class Folder : TreeNode
    {
        public Dictionary<string, Folder> Folders { get; } = new(StringComparer.OrdinalIgnoreCase);

        public List<TreeNode> Entries { get; } = [];
    }

    private sealed class CabNode : TreeNode
    {
        public required CabFile File { get; init; }
    }
}
