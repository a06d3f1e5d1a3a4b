using System.Buffers;
using System.IO.Hashing;
using OfflinePatch.Core.Hosting;

namespace OfflinePatch.Core.Undo;

/// <summary>The undo file of one image: prepared before a commit, completed after it, and the way back from there.</summary>
internal sealed class ImageUndo
{
    private const string Suffix = ".offlinepatch-undo";
    private const string PointerSuffix = "-elsewhere";
    private const string NewSuffix = ".new"; // until the undo file is whole, it has this name: it is then worth nothing, and the image is untouched

    private readonly IHostStorage _storage;
    private readonly string _imagePath;
    private readonly string _imageFolder;

    public ImageUndo(IHostStorage storage, string imagePath, string? undoFolder)
    {
        _storage = storage;
        _imagePath = HostPaths.Resolve(imagePath); // an image has one undo file, whichever link it is named by
        _imageFolder = Path.GetDirectoryName(_imagePath) ?? "";
        var folder = undoFolder is null ? _imageFolder : Path.GetFullPath(undoFolder);
        UndoPath = string.Equals(folder, _imageFolder, StringComparison.Ordinal)
            ? BesidePath
            : Path.Combine(folder, $"{Path.GetFileName(_imagePath)}-{FolderTag(_imageFolder)}{Suffix}");
    }

    private ImageUndo(ImageUndo image, string undoPath)
    {
        _storage = image._storage;
        _imagePath = image._imagePath;
        _imageFolder = image._imageFolder;
        UndoPath = undoPath;
    }

    /// <summary>Where the undo file is. In a folder of its own it carries a tag, since images of different folders may share a name.</summary>
    public string UndoPath { get; }

    private string BesidePath => _imagePath + Suffix;

    // With an undo folder elsewhere, this file beside the image says during a commit that there is one: a later command must not miss it,
    // whatever undo folder it is given itself.
    private string PointerPath => BesidePath + PointerSuffix;

    private bool IsElsewhere => !string.Equals(BesidePath, UndoPath, StringComparison.Ordinal);

    /// <summary>Makes the old bytes durable. After this the image may be written.</summary>
    public void Prepare(IReadOnlyList<FileChange> changes, CancellationToken cancellation)
    {
        var newPath = UndoPath + NewSuffix;
        try
        {
            using (var output = _storage.Create(newPath, isPrivate: true))
            {
                new UndoWriter(output).Write(changes, cancellation);
            }

            cancellation.ThrowIfCancellationRequested();
            if (IsElsewhere)
            {
                _storage.FlushFolderOf(newPath); // a pointer never leads to nothing
                WritePointer();
            }

            _storage.Rename(newPath, UndoPath);
            _storage.FlushFolderOf(UndoPath);
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or UnauthorizedAccessException)
        {
            DeletePointer();
            DeleteIfPresent(newPath);
            if (e is UnauthorizedAccessException)
            {
                throw CoreError.CannotWrite(newPath, e);
            }

            throw;
        }
    }

    /// <summary>Marks the commit as complete; returns the path of the undo file if it stays.</summary>
    public string? Complete(bool keep)
    {
        using (var file = _storage.OpenExclusive(UndoPath))
        {
            var header = new byte[UndoLayout.HeaderSize];
            file.Read(0, header);
            UndoWriter.WriteState(file, header, UndoState.Complete);
        }

        DeletePointer();
        if (!keep)
        {
            _storage.Delete(UndoPath);
        }

        try
        {
            _storage.FlushFolderOf(UndoPath);
        }
        catch (IOException) when (!keep)
        {
            // The commit is complete, and its way back is gone: if the name comes back, it says so.
        }

        return keep ? UndoPath : null;
    }

    /// <summary>Deletes what a run left that was killed while it prepared a commit. The caller holds the image.</summary>
    public void DeleteStalePreparation()
    {
        var elsewhere = FollowPointer();
        DeletePointer();
        DeleteIfPresent(UndoPath + NewSuffix);
        if (elsewhere is not null)
        {
            DeleteIfPresent(elsewhere.UndoPath + NewSuffix);
        }
    }

    /// <summary>If a commit was interrupted, puts the old bytes back, wherever its undo file is. Returns whether it did.</summary>
    /// <exception cref="RefusedException">
    /// <c>CORE-0026</c>: there is an undo file elsewhere, and it cannot be found; <c>CORE-0027</c>: the image is another one than that of the commit.
    /// </exception>
    public bool RollBackIfInterrupted()
    {
        var rolledBack = false;
        if (FollowPointer() is { } elsewhere)
        {
            if (!_storage.Exists(elsewhere.UndoPath) && !_storage.Exists(elsewhere.UndoPath + NewSuffix))
            {
                throw CoreError.UndoFileElsewhere(_imagePath, elsewhere.UndoPath, PointerPath);
            }

            rolledBack = elsewhere.RollBackOwn();
        }

        rolledBack |= IsElsewhere && new ImageUndo(this, BesidePath).RollBackOwn();
        return RollBackOwn() || rolledBack;
    }

    /// <summary>Puts the exact bytes back that were there before the last completed commit.</summary>
    /// <exception cref="RefusedException"><c>CORE-0022</c>: there is no undo file; <c>CORE-0024</c>: the image changed since.</exception>
    public void Undo()
    {
        if (RollBackIfInterrupted())
        {
            return;
        }

        _storage.OpenRead(_imagePath).Dispose(); // a missing or locked image says so, before its undo file does
        if (!_storage.Exists(UndoPath))
        {
            throw CoreError.NoUndoFile(_imagePath, UndoPath);
        }

        // Every file stays locked from the comparison to the last byte: nobody starts a machine in between.
        using var files = new LockedFiles(_storage, _imagePath);
        using (var file = _storage.OpenExclusive(UndoPath))
        {
            var reader = new UndoReader(file);
            files.OpenAll(reader, PathOf, f => CoreError.ChangedSinceFix(f.Path, offset: null));
            CheckUnchanged(reader, files.Handles);

            // From here on the image is half way: a process that dies is rolled back by the next command, to the same bytes.
            UndoWriter.WriteState(file, reader.Header, UndoState.Applying);
            RestoreAll(reader, files.Handles);
        }

        Forget();
    }

    /// <summary>Rolls back over files that the caller has open already.</summary>
    public void RollBack(IReadOnlyList<IHostHandle> open)
    {
        using (var file = _storage.OpenExclusive(UndoPath))
        {
            var reader = new UndoReader(file);
            if (reader.State != UndoState.Applying)
            {
                UndoWriter.WriteState(file, reader.Header, UndoState.Applying); // if this process dies now, the next one goes on
            }

            RestoreAll(reader, open);
        }

        Forget();
    }

    private bool RollBackOwn()
    {
        if (!_storage.Exists(UndoPath) || ReadState() != UndoState.Applying)
        {
            return false;
        }

        using var files = new LockedFiles(_storage, _imagePath);
        if (!_storage.Exists(UndoPath))
        {
            return false; // another run was faster
        }

        using (var file = _storage.OpenRead(UndoPath))
        {
            var reader = new UndoReader(file);
            if (reader.State != UndoState.Applying)
            {
                return false; // another run was faster, and has committed since
            }

            files.OpenAll(reader, PathOf, f => CoreError.AnotherImage(f.Path, UndoPath));
            RestoreAll(reader, files.Handles);
        }

        Forget();
        return true;
    }

    private void RestoreAll(UndoReader reader, IReadOnlyList<IHostHandle> open)
    {
        foreach (var record in reader.Files())
        {
            Restore(reader, record, HandleOf(record, open));
        }
    }

    private IHostHandle HandleOf(UndoFileRecord record, IReadOnlyList<IHostHandle> open)
    {
        var path = PathOf(record);
        return open.First(h => string.Equals(h.Path, path, StringComparison.Ordinal));
    }

    private static void Restore(UndoReader reader, UndoFileRecord record, IHostHandle image)
    {
        if (image.Length < record.OldLength)
        {
            image.SetLength(record.OldLength);
        }

        foreach (var range in reader.Ranges(record))
        {
            image.Write(range.Range.Offset, range.OldBytes);
        }

        if (image.Length > record.OldLength)
        {
            image.SetLength(record.OldLength);
        }

        image.Flush();
        image.LastWriteTimeUtc = record.OldWriteTimeUtc;
    }

    private void CheckUnchanged(UndoReader reader, IReadOnlyList<IHostHandle> open)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(FileChange.MaxRange);
        Span<byte> hash = stackalloc byte[UndoLayout.HashSize];
        foreach (var record in reader.Files())
        {
            var image = HandleOf(record, open);
            if (image.Length != record.NewLength)
            {
                throw CoreError.ChangedSinceFix(image.Path, Math.Min(image.Length, record.NewLength));
            }

            foreach (var range in reader.Ranges(record))
            {
                image.Read(range.Range.Offset, buffer.AsSpan(0, range.Range.Length));
                XxHash128.Hash(buffer.AsSpan(0, range.Range.Length), hash);
                if (!hash.SequenceEqual(range.NewHash.Span))
                {
                    throw CoreError.ChangedSinceFix(image.Path, range.Range.Offset);
                }
            }
        }

        ArrayPool<byte>.Shared.Return(buffer);
    }

    private UndoState ReadState()
    {
        // While another run holds the image, its commit may be under way: that is not an interrupted one.
        using var image = _storage.OpenRead(_imagePath);
        using var file = _storage.OpenRead(UndoPath);
        var reader = new UndoReader(file);
        return reader.State;
    }

    private void Forget()
    {
        var path = UndoPath;
        if (IsElsewhere)
        {
            // Under this name it is worth nothing: a machine that dies here finds neither an undo file nor a pointer to nothing.
            path += NewSuffix;
            _storage.Rename(UndoPath, path);
            _storage.FlushFolderOf(path);
            DeletePointer();
        }

        _storage.Delete(path);
        _storage.FlushFolderOf(path);
    }

    private static string FolderTag(string folder) => Convert.ToHexStringLower(XxHash128.Hash(System.Text.Encoding.UTF8.GetBytes(folder)).AsSpan(0, 4));

    private string PathOf(UndoFileRecord record) => Path.GetFullPath(Path.Combine(_imageFolder, record.FileName));

    private void WritePointer()
    {
        using (var pointer = _storage.Create(PointerPath, isPrivate: true))
        {
            pointer.Write(0, System.Text.Encoding.UTF8.GetBytes(UndoPath));
            pointer.Flush();
        }

        _storage.FlushFolderOf(PointerPath);
    }

    private ImageUndo? FollowPointer()
    {
        if (!_storage.Exists(PointerPath))
        {
            return null;
        }

        using var pointer = _storage.OpenRead(PointerPath);
        var content = new byte[(int)Math.Min(pointer.Length, UndoLayout.MaxPath)];
        pointer.Read(0, content);
        var path = System.Text.Encoding.UTF8.GetString(content);

        // Not yet durable: then the image was not yet written either.
        return path.EndsWith(Suffix, StringComparison.Ordinal) && !path.Contains('\0') ? new ImageUndo(this, path) : null;
    }

    private void DeletePointer()
    {
        if (_storage.Exists(PointerPath))
        {
            _storage.Delete(PointerPath);
            _storage.FlushFolderOf(PointerPath);
        }
    }

    private void DeleteIfPresent(string path)
    {
        if (_storage.Exists(path))
        {
            _storage.Delete(path);
        }
    }
}
