using System.Buffers;
using System.Security.Cryptography;
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
        _imagePath = Path.GetFullPath(imagePath);
        _imageFolder = Path.GetDirectoryName(_imagePath) ?? "";
        UndoPath = Path.Combine(undoFolder is null ? _imageFolder : Path.GetFullPath(undoFolder), Path.GetFileName(_imagePath) + Suffix);
    }

    /// <summary>Where the undo file is.</summary>
    public string UndoPath { get; }

    // With an undo folder elsewhere, this file beside the image says during a commit that there is one: a later command must not miss it.
    private string? PointerPath
    {
        get
        {
            var beside = _imagePath + Suffix;
            return string.Equals(beside, UndoPath, StringComparison.Ordinal) ? null : beside + PointerSuffix;
        }
    }

    /// <summary>Makes the old bytes durable. After this the image may be written.</summary>
    public void Prepare(IReadOnlyList<FileChange> changes, CancellationToken cancellation)
    {
        var newPath = UndoPath + NewSuffix;
        try
        {
            using (var output = _storage.Create(newPath, isPrivate: true))
            using (var writer = new UndoWriter(output))
            {
                writer.Write(changes, cancellation);
            }

            cancellation.ThrowIfCancellationRequested();
            WritePointer();
            _storage.Rename(newPath, UndoPath);
            _storage.FlushFolderOf(UndoPath);
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or UnauthorizedAccessException)
        {
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

        if (!keep)
        {
            _storage.Delete(UndoPath);
        }

        if (PointerPath is { } pointer)
        {
            DeleteIfPresent(pointer);
        }

        _storage.FlushFolderOf(UndoPath);
        return keep ? UndoPath : null;
    }

    /// <summary>Deletes what a run left that was killed while it prepared a commit. The caller holds the image.</summary>
    public void DeleteStalePreparation() => DeleteIfPresent(UndoPath + NewSuffix);

    /// <summary>If a commit was interrupted, puts the old bytes back. Returns whether it did.</summary>
    public bool RollBackIfInterrupted()
    {
        if (PointerPath is null && FollowPointer() is { } elsewhere && elsewhere.RollBackIfInterrupted())
        {
            return true;
        }

        if (!_storage.Exists(UndoPath) || ReadState() != UndoState.Applying)
        {
            return false;
        }

        RollBackFiles();
        return true;
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

        using (var file = _storage.OpenExclusive(UndoPath))
        {
            var reader = new UndoReader(file);
            CheckUnchanged(reader);

            // From here on the image is half way: a process that dies is rolled back by the next command, to the same bytes.
            UndoWriter.WriteState(file, reader.Header, UndoState.Applying);
        }

        RollBackFiles();
    }

    /// <summary>Rolls back over files that the caller has open already.</summary>
    public void RollBack(IReadOnlyList<IHostHandle> open)
    {
        using (var file = _storage.OpenRead(UndoPath))
        {
            var reader = new UndoReader(file);
            foreach (var record in reader.Files())
            {
                var path = PathOf(record);
                Restore(reader, record, open.First(h => string.Equals(h.Path, path, StringComparison.Ordinal)));
            }
        }

        Forget();
    }

    private void RollBackFiles()
    {
        using (var file = _storage.OpenRead(UndoPath))
        {
            var reader = new UndoReader(file);
            foreach (var record in reader.Files())
            {
                using var image = _storage.OpenExclusive(PathOf(record));
                Restore(reader, record, image);
            }
        }

        Forget();
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

    private void CheckUnchanged(UndoReader reader)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(FileChange.MaxRange);
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        foreach (var record in reader.Files())
        {
            using var image = _storage.OpenExclusive(PathOf(record));
            if (image.Length != record.NewLength)
            {
                throw CoreError.ChangedSinceFix(image.Path, Math.Min(image.Length, record.NewLength));
            }

            foreach (var range in reader.Ranges(record))
            {
                image.Read(range.Range.Offset, buffer.AsSpan(0, range.Range.Length));
                SHA256.HashData(buffer.AsSpan(0, range.Range.Length), hash);
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
        _storage.Delete(UndoPath);
        if (PointerPath is { } pointer)
        {
            DeleteIfPresent(pointer);
        }

        _storage.FlushFolderOf(UndoPath);
    }

    private string PathOf(UndoFileRecord record) => Path.GetFullPath(Path.Combine(_imageFolder, record.FileName));

    private void WritePointer()
    {
        if (PointerPath is not { } path)
        {
            return;
        }

        using (var pointer = _storage.Create(path, isPrivate: true))
        {
            pointer.Write(0, System.Text.Encoding.UTF8.GetBytes(Path.GetDirectoryName(UndoPath) ?? ""));
            pointer.Flush();
        }

        _storage.FlushFolderOf(path);
    }

    private ImageUndo? FollowPointer()
    {
        var path = _imagePath + Suffix + PointerSuffix;
        if (!_storage.Exists(path))
        {
            return null;
        }

        using var pointer = _storage.OpenRead(path);
        var folder = new byte[(int)Math.Min(pointer.Length, UndoLayout.MaxPath)];
        pointer.Read(0, folder);

        // Not yet durable: then the image was not yet written either.
        return folder.AsSpan().ContainsAnyExcept((byte)0) && !folder.AsSpan().Contains((byte)0)
            ? new ImageUndo(_storage, _imagePath, System.Text.Encoding.UTF8.GetString(folder))
            : null;
    }

    private void DeleteIfPresent(string path)
    {
        if (_storage.Exists(path))
        {
            _storage.Delete(path);
        }
    }
}
