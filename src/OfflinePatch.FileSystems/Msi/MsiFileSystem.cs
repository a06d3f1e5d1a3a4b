using OfflinePatch.Core;
using OfflinePatch.FileSystems.Cab;
using OfflinePatch.FileSystems.Trees;

namespace OfflinePatch.FileSystems.Msi;

/// <summary>
/// An MSI installation package as the tree of files that an administrative installation would leave: directories from the Directory table
/// with their long names, files from the File table, content from the package's cabinets, inside it or next to it. Nothing is installed: no
/// condition is evaluated, no action runs. Where two components bring one path, the first is used, and <see cref="Notes"/> says so.
/// </summary>
public sealed class MsiFileSystem : TreeFileSystem, IStorageOrder
{
    private const int AttributeNotCompressed = 0x2000; // File.Attributes, msidbFileAttributesNoncompressed

    private readonly BlockDevice _device;
    private readonly CompoundFile _file;
    private readonly List<Cabinet> _cabinets = [];
    private readonly Dictionary<string, string> _properties = new(StringComparer.Ordinal);
    private readonly List<string> _notes = [];
    private readonly Folder _root = new() { Name = "", IsDirectory = true };

    private MsiFileSystem(BlockDevice device, string source)
        : base(source)
    {
        _device = device;
        _file = new CompoundFile(device);
        var database = new MsiDatabase(_file);
        ReadProperties(database);
        ReadMedia(database);
        ReadFiles(database, ReadDirectories(database));
    }

    /// <inheritdoc/>
    public override string Format => "MSI";

    /// <summary>What was skipped.</summary>
    internal IReadOnlyList<string> Notes => _notes;

    /// <summary>The rows of the Property table: <c>ProductName</c>, <c>ProductVersion</c>, …</summary>
    public IReadOnlyDictionary<string, string> Properties => _properties;

    /// <summary>Whether the content is that of a compound file.</summary>
    public static bool Probe(BlockDevice device) => CompoundFile.Probe(device);

    /// <summary>Opens a package; the tree owns <paramref name="device"/>.</summary>
    /// <param name="device">Its bytes.</param>
    /// <param name="source">Its host path: cabinets that are not inside it are looked for in its folder, by their plain names.</param>
    /// <exception cref="CorruptImageException">Its tables are damaged.</exception>
    /// <exception cref="UnsupportedImageException"><c>MSI-0010</c>: a compound file that is no package.</exception>
    /// <exception cref="RefusedException"><c>MSI-0009</c>: a path that leaves the tree.</exception>
    public static MsiFileSystem Open(BlockDevice device, string source) => new(device, source);

    /// <inheritdoc/>
    public long StorageOrderOf(string path) => Locate(path) is FileNode node ? node.Sequence : 0;

    private protected override TreeNode CreateRoot() => _root;

    private protected override IEnumerable<TreeNode> ReadDirectory(TreeNode directory) => ((Folder)directory).Entries.Values;

    private protected override void ReadContent(TreeNode file, long offset, Span<byte> buffer)
    {
        var node = (FileNode)file;
        if (node.IsNotCompressed)
        {
            throw MsiError.Uncompressed(node.Path);
        }

        var cabinet = _cabinets.Find(c => node.Sequence <= c.LastSequence) ?? throw MsiError.Uncompressed(node.Path);
        var packed = cabinet.Open(this).TryGetValue(node.Key, out var found) ? found : throw MsiError.NotInCabinet(node.Key, cabinet.Name);
        if (packed.Length != node.Length)
        {
            throw MsiError.BadTable("File", $"{packed.Length} bytes in {node.Path}, as its cabinet says", $"{node.Length}");
        }

        cabinet.Archive!.Read(packed, offset, buffer);
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _device.Dispose();
            _cabinets.ForEach(c => c.Device?.Dispose());
        }

        base.Dispose(disposing);
    }

    private void ReadProperties(MsiDatabase database)
    {
        if (database.HasTable("Property"))
        {
            foreach (var row in database.Read("Property", "Property", "Value"))
            {
                _properties.TryAdd(row[0], row[1]);
            }
        }
    }

    private void ReadMedia(MsiDatabase database)
    {
        foreach (var row in database.Read("Media", "LastSequence", "Cabinet"))
        {
            if (row[1].Length > 0)
            {
                _cabinets.Add(new Cabinet(row[1], Number(row[0])));
            }
        }

        _cabinets.Sort((a, b) => a.LastSequence.CompareTo(b.LastSequence));
    }

    /// <summary>
    /// The folder of each row of the Directory table. A name of <c>.</c> means the folder above; roots (TARGETDIR) are the root of the
    /// tree.
    /// </summary>
    private Dictionary<string, Folder> ReadDirectories(MsiDatabase database)
    {
        var rows = new Dictionary<string, (string Parent, string Name)>(StringComparer.Ordinal);
        foreach (var row in database.Read("Directory", "Directory", "Directory_Parent", "DefaultDir"))
        {
            rows.TryAdd(row[0], (row[1], LongName(row[2].Split(':')[0])));
        }

        var folders = new Dictionary<string, Folder>(StringComparer.Ordinal);
        foreach (var key in rows.Keys)
        {
            var chain = new List<string>();
            for (var at = key; !folders.ContainsKey(at); at = rows[at].Parent)
            {
                if (chain.Count > DepthLimit)
                {
                    throw FileSystemError.TooDeep("MSI", DepthLimit);
                }

                chain.Add(at);
                if (rows[at].Parent.Length == 0 || rows[at].Parent == at || !rows.ContainsKey(rows[at].Parent))
                {
                    break;
                }
            }

            for (var i = chain.Count - 1; i >= 0; i--)
            {
                var (parent, name) = rows[chain[i]];
                folders[chain[i]] = parent.Length == 0 || parent == chain[i]
                    || !folders.TryGetValue(parent, out var above) ? _root : FolderBelow(above, name);
            }
        }

        return folders;
    }

    private static Folder FolderBelow(Folder above, string name)
    {
        if (name == ".")
        {
            return above;
        }

        CheckName(name);
        if (!above.Entries.TryGetValue(name, out var entry))
        {
            entry = new Folder { Name = name, IsDirectory = true };
            above.Entries.Add(name, entry);
        }

        return entry as Folder ?? throw MsiError.BadTable("Directory", "a directory", $"a file of the name {name}");
    }

    private void ReadFiles(MsiDatabase database, Dictionary<string, Folder> folders)
    {
        var components = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var row in database.Read("Component", "Component", "Directory_"))
        {
            components.TryAdd(row[0], row[1]);
        }

        foreach (var row in database.Read("File", "File", "Component_", "FileName", "FileSize", "Attributes", "Sequence")
            .OrderBy(r => Number(r[5])))
        {
            var name = LongName(row[2]);
            CheckName(name);
            if (!components.TryGetValue(row[1], out var directory) || !folders.TryGetValue(directory, out var folder))
            {
                throw MsiError.BadTable("File", $"a component with a directory for {row[0]}", row[1]);
            }

            var node = new FileNode
            {
                Name = name,
                IsDirectory = false,
                Length = Math.Max(0, Number(row[3])),
                Key = row[0],
                Sequence = Number(row[5]),
                IsNotCompressed = (Number(row[4]) & AttributeNotCompressed) != 0,
            };
            if (!folder.Entries.TryAdd(name, node))
            {
                _notes.Add($"{name} occurs twice in one directory of {Source}; the first is used.");
            }
        }
    }

    private static string LongName(string text) => text[(text.IndexOf('|', StringComparison.Ordinal) + 1)..];

    private static void CheckName(string name)
    {
        if (name.AsSpan().TrimEnd(". ").IsEmpty || name.Any(c => c is '/' or '\\' or ':' || char.IsControl(c)))
        {
            throw MsiError.BadPath(name);
        }
    }

    private static int Number(string text) => text.Length == 0 ? 0 : int.TryParse(text, out var number) ? number
        : throw MsiError.BadTable("File", "a number", text);

    private sealed class Folder : TreeNode
    {
        public Dictionary<string, TreeNode> Entries { get; } = new(StringComparer.OrdinalIgnoreCase);
    }

    private sealed class FileNode : TreeNode
    {
        public required string Key { get; init; }

        public required int Sequence { get; init; }

        public required bool IsNotCompressed { get; init; }
    }

    /// <summary>
    /// A cabinet of the Media table: <c>#name</c> is a stream of the package, any other name a file next to it. Opened when first needed.
    /// </summary>
    private sealed class Cabinet(string name, int lastSequence)
    {
        private readonly Lock _gate = new();
        private Dictionary<string, CabFile>? _files;

        public string Name => name;

        public int LastSequence => lastSequence;

        public BlockDevice? Device { get; private set; }

        public CabArchive? Archive { get; private set; }

        public Dictionary<string, CabFile> Open(MsiFileSystem owner)
        {
            lock (_gate)
            {
                if (_files is null)
                {
                    Device = (name[0] == '#' ? owner._file.OpenStream(name[1..]) : HostFileDevice.OpenBeside(owner.Source, name))
                        ?? throw MsiError.NoCabinet(owner.Source, name);
                    Archive = new CabArchive(Device);
                    var files = new Dictionary<string, CabFile>(StringComparer.Ordinal);
                    foreach (var file in Archive.Files)
                    {
                        files.TryAdd(file.Name, file);
                    }

                    _files = files;
                }

                return _files;
            }
        }
    }
}
