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

    /// <summary>Opens every file of an undo file. All of its records are read, so that a bad one is found before anything is written.</summary>
    public void OpenAll(UndoReader reader, Func<UndoFileRecord, string> pathOf)
    {
        foreach (var record in reader.Files())
        {
            var path = pathOf(record);
            if (!_handles.Exists(h => string.Equals(h.Path, path, StringComparison.Ordinal)))
            {
                _handles.Add(_storage.OpenExclusive(path));
            }

            foreach (var _ in reader.Ranges(record))
            {
            }
        }
    }

    public void Dispose() => _handles.ForEach(h => h.Dispose());
}
