using OfflinePatch.Core;
using OfflinePatch.Ntfs.Compression;
using OfflinePatch.Ntfs.Engine;
using OfflinePatch.Ntfs.Engine.Attributes;
using OfflinePatch.Ntfs.Engine.Indexes;
using OfflinePatch.Ntfs.Engine.Security;
using OfflinePatch.Ntfs.Engine.Volumes;
using OfflinePatch.Ntfs.Layout;
using OfflinePatch.Ntfs.Runs;

namespace OfflinePatch.Ntfs.Volume;

/// <summary>
/// An NTFS volume, read and written without Windows. Paths are relative to its root; a stream is named <c>path:stream</c>. Names compare by
/// the volume's own $UpCase. Reparse points are shown, never followed. Changes stay in memory until <see cref="Flush"/>. Not thread-safe.
/// </summary>
public sealed partial class NtfsVolume : IWritableFileSystem
{
    private readonly VolumeCore _core;
    private readonly EntryReader _entries;
    private readonly LinkEditor _links;
    private readonly FileRemover _remover;
    private readonly SecurityChoice _security;
    private NtfsVolumeState? _state;

    private NtfsVolume(VolumeCore core)
    {
        _core = core;
        _entries = new EntryReader(core.Records, core.Reader);
        _links = new LinkEditor(core.Nodes, core.Records, core.Indexes);
        _remover = new FileRemover(core);
        _security = new SecurityChoice(core.Runs, core.Records, core.Trees, core.Security);
    }

    /// <inheritdoc/>
    public string Format => "NTFS";

    /// <inheritdoc/>
    public string Source => _core.Options.Source;

    /// <summary>What the boot sector says.</summary>
    public VolumeGeometry Geometry => _core.Geometry;

    /// <summary>Bytes per cluster.</summary>
    public int ClusterSize => _core.Geometry.ClusterSize;

    /// <summary>Free bytes, as they will be after the flush.</summary>
    public long FreeBytes => _core.Clusters.FreeClusters << _core.Geometry.ClusterShift;

    /// <summary>Records of $MFT, free ones too.</summary>
    public long RecordCount => _core.Records.Count;

    /// <summary>How the volume compares names.</summary>
    public UpcaseTable Upcase => _core.Upcase;

    /// <summary>Dirty flag, log, hibernation, label, as the metafiles have them. Read once.</summary>
    public NtfsVolumeState NtfsState => _state ??= new VolumeStateReader(this, _core.Nodes, _core.Runs).Read();

    /// <inheritdoc/>
    public VolumeState State => NtfsState.Summary;

    internal VolumeCore Core => _core;

    /// <summary>Opens a volume. It can be read in any state; the reasons not to write are in <see cref="State"/>.</summary>
    /// <exception cref="CorruptImageException">The boot sector, $MFT or the root directory are damaged.</exception>
    /// <exception cref="UnsupportedImageException">An NTFS version that is not known.</exception>
    public static NtfsVolume Open(BlockDevice partition, NtfsOpenOptions? options = null)
    {
        var core = new VolumeCore(partition, VolumeGeometry.Read(partition), options ?? NtfsOpenOptions.Default);
        core.Records.Bootstrap();
        var information = core.Nodes.Get(FileReference.VolumeRecord).Value(AttributeType.VolumeInformation);
        if (!VolumeInformation.TryCreate(information, out var version))
        {
            throw NtfsError.BadMetafile("$Volume", "a short $VOLUME_INFORMATION");
        }

        if (version.Major is not (1 or 3) || (version.Major == 3 && version.Minor > 1))
        {
            throw NtfsError.UnsupportedVersion(version.Major, version.Minor);
        }

        var root = core.Nodes.Get(FileReference.RootRecord);
        if (!root.IsDirectory)
        {
            throw NtfsError.BadMetafile("root directory", "a record that is no directory");
        }

        return new NtfsVolume(core);
    }

    /// <inheritdoc/>
    public FileEntry? Find(string path)
    {
        if (!TryResolve(path, out var target, out var reference, out var name))
        {
            return null;
        }

        var entry = _entries.Read(reference, name);
        if (target.Stream.Length == 0)
        {
            return entry;
        }

        var stream = FindStream(_core.Nodes.Get(reference), target.Stream);
        return stream is null ? null : entry with { Name = $"{name}:{stream.Name}", IsDirectory = false, Length = stream.DataSize };
    }

    /// <inheritdoc/>
    public IEnumerable<FileEntry> Enumerate(string directory)
    {
        var node = ResolveDirectory(directory);
        return EnumerateEntries(node).Select(e => e.Entry);
    }

    /// <summary>
    /// Everything below a directory, depth first, a directory before what is in it. Reparse points are not entered.
    /// Memory is bounded by the depth, not by the number of files.
    /// </summary>
    /// <param name="directory">Where to start; empty for the root.</param>
    public IEnumerable<NtfsWalkEntry> Walk(string directory = "")
    {
        var node = ResolveDirectory(directory);
        return WalkFrom(node.Reference);
    }

    /// <inheritdoc/>
    public int Read(string path, long offset, Span<byte> buffer)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        return OpenContent(path).Read(offset, buffer);
    }

    /// <inheritdoc/>
    public Stream OpenRead(string path) => new ContentStream(OpenContent(path));

    /// <summary>Everything about one file or directory, or null when there is none.</summary>
    public NtfsFile? OpenFile(string path) => TryResolve(path, out _, out var reference, out _) ? OpenFile(reference) : null;

    /// <summary>Everything about the file of a reference.</summary>
    /// <exception cref="CorruptImageException">It is no file in use, or the sequence number differs.</exception>
    public NtfsFile OpenFile(FileReference reference)
    {
        Trim();
        return FileSnapshot.Create(_core.Runs, _core.Nodes.Get(reference));
    }

    /// <summary>The content of $SECURITY_DESCRIPTOR of a security id, or null when $Secure does not know it.</summary>
    public byte[]? ReadSecurityDescriptor(uint securityId)
    {
        Trim();
        return _core.Security.Read(securityId);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
    }

    internal IEnumerable<(FileReference Reference, FileEntry Entry)> EnumerateEntries(FileNode node)
    {
        Trim();
        if (!node.IsDirectory)
        {
            yield break;
        }

        var cursor = _core.Trees.Open(node).GetCursor();
        while (NextName(cursor, node, out var reference, out var name))
        {
            yield return (reference, _entries.Read(reference, name));
        }
    }

    private IEnumerable<NtfsWalkEntry> WalkFrom(FileReference start)
    {
        var visited = new HashSet<long> { start.Record };
        var stack = new Stack<(string Path, IEnumerator<(FileReference Reference, FileEntry Entry)> Entries)>();
        stack.Push(("", EnumerateEntries(_core.Nodes.Get(start)).GetEnumerator()));
        while (stack.Count > 0)
        {
            var (path, entries) = stack.Peek();
            if (!entries.MoveNext())
            {
                entries.Dispose();
                stack.Pop();
                continue;
            }

            var (reference, entry) = entries.Current;
            var full = path.Length == 0 ? entry.Name : $"{path}\\{entry.Name}";
            yield return new NtfsWalkEntry(full, reference, entry);
            if (entry.IsDirectory && (entry.Attributes & FileAttributes.ReparsePoint) == 0)
            {
                if (!visited.Add(reference.Record))
                {
                    throw NtfsError.BadIndex(reference.Record, "a directory that is in two directories");
                }

                stack.Push((full, EnumerateEntries(_core.Reader.Read(reference.Record)).GetEnumerator()));
            }
        }
    }

    private bool NextName(IndexCursor cursor, FileNode node, out FileReference reference, out string name)
    {
        while (cursor.MoveNext())
        {
            var entry = cursor.Entry;
            if (!FileNameAttribute.TryCreate(entry.Key, out var key))
            {
                throw NtfsError.BadIndex(node.Number, "a key that is no $FILE_NAME");
            }

            var isMetafile = node.Number == FileReference.RootRecord && entry.Reference.Record < FileReference.FirstUserRecord;
            if (key.NameSpace == FileNameSpace.Dos
                || (isMetafile && (!_core.Options.ShowMetafiles || entry.Reference.Record == FileReference.RootRecord)))
            {
                continue;
            }

            reference = entry.Reference;
            name = key.Name;
            return true;
        }

        reference = default;
        name = "";
        return false;
    }

    private IContentReader OpenContent(string path)
    {
        Trim();
        if (!TryResolve(path, out var target, out var reference, out _))
        {
            throw NtfsError.NotFound(path);
        }

        var node = _core.Nodes.Get(reference);
        var name = target.Stream.Length == 0 ? "" : FindStream(node, target.Stream)?.Name ?? throw NtfsError.NotFound(path);
        return StreamContent.Open(_core.Runs, node, name, path) ?? throw NtfsError.NotFound(path);
    }

    private NodeAttribute? FindStream(FileNode node, string name) =>
        node.Attributes.Find(a => a.Type == AttributeType.Data && _core.Upcase.AreEqual(a.Name, name));

    private FileNode ResolveDirectory(string path)
    {
        Trim();
        if (!TryResolve(NtfsPath.Parse(path), out var reference, out _))
        {
            throw NtfsError.NotFound(path);
        }

        var node = _core.Nodes.Get(reference);
        return node.IsDirectory ? node : throw NtfsError.NotFound(path);
    }

    /// <summary>
    /// Finds what is read. A file whose own name has a colon comes before the stream of another one, so that a name from a listing leads
    /// to its file.
    /// </summary>
    private bool TryResolve(string path, out NtfsPath target, out FileReference reference, out string name)
    {
        target = NtfsPath.Parse(path);
        if (target.Stream.Length > 0 && NtfsPath.Literal(path) is var literal && TryResolve(literal, out reference, out name))
        {
            target = literal;
            return true;
        }

        return TryResolve(target, out reference, out name);
    }

    private bool TryResolve(NtfsPath path, out FileReference reference, out string name) =>
        TryResolve(path, out reference, out name, out _);

    /// <param name="path">What to find.</param>
    /// <param name="reference">The file.</param>
    /// <param name="name">Its name as the directory spells it.</param>
    /// <param name="metafiles">How many of the names on the path lead to a metafile or to $Extend.</param>
    private bool TryResolve(NtfsPath path, out FileReference reference, out string name, out int metafiles)
    {
        reference = _core.Nodes.Get(FileReference.RootRecord).Reference;
        name = "";
        metafiles = 0;
        for (var i = 0; i < path.Parts.Length; i++)
        {
            var node = _core.Nodes.Get(reference);
            if (!node.IsDirectory || !_core.Trees.Open(node).TryFindName(path.Parts[i], out reference, out var key))
            {
                return false;
            }

            name = FileNameAttribute.TryCreate(key, out var view) ? view.Name : path.Parts[i];
            metafiles += reference.Record < FileReference.FirstUserRecord ? 1 : 0;
        }

        return true;
    }

    /// <summary>Between operations: the cache of files is kept small.</summary>
    private void Trim() => _core.Nodes.Trim();
}

/// <summary>One file or directory found by <see cref="NtfsVolume.Walk"/>.</summary>
/// <param name="Path">Path from where the walk started, separated by <c>\</c>.</param>
/// <param name="Reference">Its reference.</param>
/// <param name="Entry">Name, size, time, attributes.</param>
public readonly record struct NtfsWalkEntry(string Path, FileReference Reference, FileEntry Entry);
