using OfflinePatch.Core.Hosting;
using OfflinePatch.Core.Undo;

namespace OfflinePatch.Core;

/// <summary>
/// The host files of one image, changed all together or not at all. Everything above sees a writable view; the files themselves are only read
/// until <see cref="Commit"/>, which first makes the way back durable (the undo file), then writes. A process that is killed anywhere leaves the old
/// image, or an image and an undo file with which the next <see cref="Open(string, TransactionOptions)"/> rolls it back.
/// </summary>
public sealed class ImageTransaction : IImageFiles, IDisposable
{
    private readonly IHostStorage _storage;
    private readonly TransactionOptions _options;
    private readonly OverlayStorage _overlayStorage;
    private readonly List<TransactionFile> _files = [];

    private ImageTransaction(IHostStorage storage, string path, TransactionOptions options)
    {
        _storage = storage;
        _options = options;
        _overlayStorage = new OverlayStorage(options.MemoryLimit);
        ImagePath = path;
        Image = OpenFile(Core.HostPaths.Resolve(path), options.Writable, isNamed: true).Overlay;
    }

    /// <inheritdoc/>
    public string ImagePath { get; }

    /// <inheritdoc/>
    public ResizableDevice Image { get; }

    /// <summary>Whether opening rolled an interrupted commit back first.</summary>
    public bool RolledBack { get; private init; }

    /// <summary>Bytes of all host files of the image, as they are on the host.</summary>
    public long HostLength => _files.Sum(f => f.Handle.Length);

    /// <summary>What the host did not say about the files, for the report.</summary>
    public IEnumerable<string> HostNotes => _files.Where(f => f.Handle.MayHaveOtherWriter).Select(f =>
        $"The host does not say whether another program has {f.Handle.Path} open for writing. Make sure that no virtual machine uses it.");

    /// <summary>The paths of all host files of the image that were opened so far, the named one first.</summary>
    public IEnumerable<string> HostPaths => _files.Select(f => f.Handle.Path);

    /// <summary>Opens an image. If an earlier commit of it was interrupted, it is rolled back first.</summary>
    /// <exception cref="HostIOException">The file is missing, unreadable, or read-only where <see cref="TransactionOptions.Writable"/> asks for more.</exception>
    /// <exception cref="RefusedException">Another program uses the file (<c>CORE-0013</c>, <c>CORE-0014</c>).</exception>
    public static ImageTransaction Open(string path, TransactionOptions options) => Open(HostStorage.Instance, path, options);

    internal static ImageTransaction Open(IHostStorage storage, string path, TransactionOptions options)
    {
        var rolledBack = new ImageUndo(storage, path, options.UndoFolder).RollBackIfInterrupted();
        var transaction = new ImageTransaction(storage, path, options) { RolledBack = rolledBack };
        if (options.Writable)
        {
            new ImageUndo(storage, path, options.UndoFolder).DeleteStalePreparation();
        }

        return transaction;
    }

    /// <inheritdoc/>
    public ImageFile OpenCompanion(string relativeTo, string name, CompanionKind kind)
    {
        var path = ResolveCompanion(relativeTo, name, kind);
        var known = _files.Find(f => string.Equals(f.Handle.Path, path, StringComparison.Ordinal));
        if (known is not null)
        {
            return new ImageFile(path, known.Overlay);
        }

        try
        {
            var file = OpenFile(path, _options.Writable && kind == CompanionKind.Extent, isNamed: kind != CompanionKind.Extent);
            return new ImageFile(path, file.Overlay);
        }
        catch (HostIOException e) when (!_storage.Exists(path))
        {
            throw CoreError.CompanionMissing(relativeTo, name, e);
        }
    }

    /// <summary>
    /// Writes what changed, all or nothing. What was written with the bytes that were there already does not count; if nothing else is left,
    /// no file is touched.
    /// </summary>
    /// <param name="cancellation">Looked at until the first byte of the image is written, and not after it.</param>
    /// <exception cref="HostIOException">The host failed; the image is unchanged, or rolled back (<c>CORE-0020</c>), or the way back is kept (<c>CORE-0021</c>).</exception>
    /// <exception cref="OperationCanceledException">Cancelled; the image is unchanged.</exception>
    public CommitResult Commit(CancellationToken cancellation = default)
    {
        if (!_options.Writable)
        {
            throw CoreError.NotWritable();
        }

        using var writing = HostProcess.BeginWriting();
        var changes = new List<FileChange>();
        foreach (var file in _files.Where(f => f.Overlay.IsTouched))
        {
            cancellation.ThrowIfCancellationRequested();
            var change = FileChange.Find(file.Handle, file.Overlay, cancellation);
            if (change is not null)
            {
                changes.Add(change);
            }
        }

        if (changes.Count == 0)
        {
            return new CommitResult(0, null);
        }

        changes.ForEach(c => c.Handle.CheckNoOtherWriter());
        var undo = new ImageUndo(_storage, ImagePath, _options.UndoFolder);
        undo.Prepare(changes, cancellation);
        return new CommitResult(changes.Sum(c => c.ByteCount), Apply(undo, changes));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var file in _files)
        {
            file.Handle.Dispose();
        }

        _overlayStorage.Dispose();
    }

    private string? Apply(ImageUndo undo, List<FileChange> changes)
    {
        try
        {
            foreach (var change in changes)
            {
                change.Apply();
            }

            return undo.Complete(_options.KeepUndo);
        }
        catch (IOException e)
        {
            try
            {
                undo.RollBack(_files.ConvertAll(f => f.Handle));
            }
            catch (Exception worse) when (worse is IOException or CorruptImageException)
            {
                throw CoreError.RollBackFailed(ImagePath, undo.UndoPath, worse);
            }

            throw CoreError.CommitRolledBack(ImagePath, e);
        }
    }

    private TransactionFile OpenFile(string path, bool exclusive, bool isNamed)
    {
        // A part of the image lies in its folder under its own name; a link could make any file a part of it.
        var handle = !isNamed ? _storage.OpenPlain(path, exclusive) : exclusive ? _storage.OpenExclusive(path) : _storage.OpenRead(path);
        var file = new TransactionFile(handle, new OverlayDevice(new HostFileDevice(handle, ownsHandle: false), _overlayStorage));
        _files.Add(file);
        return file;
    }

    private string ResolveCompanion(string relativeTo, string name, CompanionKind kind)
    {
        if (kind == CompanionKind.Parent && !_options.AllowParents)
        {
            throw CoreError.ParentNotAllowed(name);
        }

        // Parts lie beside the image itself, not beside a link to it: the undo file names them by the image's folder.
        var folder = Path.GetDirectoryName(kind == CompanionKind.Extent ? Core.HostPaths.Resolve(relativeTo) : Path.GetFullPath(relativeTo)) ?? "";
        if (kind == CompanionKind.Extent && !HostNames.IsPlain(name))
        {
            throw CoreError.CompanionOutsideFolder(name);
        }

        return Path.GetFullPath(Path.Combine(folder, name.Contains('\0') ? throw CoreError.CompanionOutsideFolder(name) : name));
    }

    private sealed record TransactionFile(IHostHandle Handle, OverlayDevice Overlay);
}
