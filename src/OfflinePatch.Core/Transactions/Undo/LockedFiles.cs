using OfflinePatch.Core.Hosting;

namespace OfflinePatch.Core.Undo;

/// <summary>The files of one image, locked against every other program until disposed. The image itself is locked first.</summary>
internal sealed class LockedFiles : IDisposable
{
    private readonly IHostStorage _storage;
    private readonly List<IHostHandle> _handles = [];

    public LockedFiles(IHostStorage storage, string imagePath)
    {
        _storage = storage;
        _handles.Add(storage.OpenExclusive(imagePath));
    }

    /// <summary>The open files.</summary>
    public IReadOnlyList<IHostHandle> Handles => _handles;

    /// <summary>
    /// Opens every file of an undo file. All of its records are read, so that a bad one is found before anything is written, and every file is held against its samples:
    /// old bytes written over another image of the same name would ruin it.
    /// </summary>
    /// <param name="reader">The undo file.</param>
    /// <param name="pathOf">Where the file of a record is.</param>
    /// <param name="anotherImage">The error where a file is not the one that the commit was made for.</param>
    public void OpenAll(UndoReader reader, Func<UndoFileRecord, string> pathOf, Func<IHostHandle, RefusedException> anotherImage)
    {
        foreach (var record in reader.Files())
        {
            var path = pathOf(record);
            var file = _handles.Find(h => string.Equals(h.Path, path, StringComparison.Ordinal));
            if (file is null)
            {
                file = _storage.OpenExclusive(path);
                _handles.Add(file);
            }

            if (!IsSameFile(file, record, reader.WrittenRanges(record)))
            {
                throw anotherImage(file);
            }
        }
    }

    private static bool IsSameFile(IHostHandle file, UndoFileRecord record, List<ByteRange> written)
    {
        // A commit grows a file first and cuts it last, each in one step.
        if (file.Length != record.OldLength && file.Length != record.NewLength)
        {
            return false;
        }

        Span<byte> hash = stackalloc byte[UndoLayout.HashSize];
        ImageSamples.Hash(file, Math.Min(record.OldLength, record.NewLength), written, hash);
        return hash.SequenceEqual(record.Samples.Span);
    }

    public void Dispose() => _handles.ForEach(h => h.Dispose());
}
