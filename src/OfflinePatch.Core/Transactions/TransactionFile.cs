namespace OfflinePatch.Core.Transactions;

/// <summary>A host file that a transaction has open: the file, the view of it that is read, and the changes over that.</summary>
internal sealed class TransactionFile : IDisposable
{
    private OverlayDevice? _overlay;
    private FileTimestamp? _writeTime;

    public TransactionFile(IHostHandle handle, bool isExclusive)
    {
        Handle = handle;
        IsExclusive = isExclusive;
        Read = isExclusive ? new ReadSet(handle.Length) : null;
        View = new FileView(handle, Read);
        NoteWriteTime();
    }

    public IHostHandle Handle { get; }

    /// <summary>Whether it is open for writing, and locked against everyone else.</summary>
    public bool IsExclusive { get; }

    /// <summary>What was read of it, or null where it is not written.</summary>
    public ReadSet? Read { get; }

    /// <summary>The file as it is read, below all changes.</summary>
    public FileView View { get; }

    /// <summary>The changes.</summary>
    public OverlayDevice Overlay => _overlay ?? throw new InvalidOperationException("The file is not ready.");

    /// <summary>Remembers the time of the last write: of opening, or of what this transaction itself has written.</summary>
    public void NoteWriteTime() => _writeTime = IsExclusive ? Handle.GetStatus().WriteTime : null;

    /// <summary>
    /// Makes sure that nobody else has written the file since. A program that opened, wrote and closed it meanwhile holds no lock and is
    /// not seen in any other way; what was read before it is out of date, and a file that it cut is shorter than is known here.
    /// </summary>
    /// <exception cref="RefusedException"><c>CORE-0043</c>: somebody has; <c>CORE-0014</c>: somebody has it open for that.</exception>
    public void CheckUnchanged()
    {
        Handle.CheckNoOtherWriter();
        if (_writeTime is { } time && Handle.GetStatus().WriteTime != time)
        {
            throw ImageFileError.ChangedMeanwhile(Handle.Path);
        }
    }

    /// <summary>Creates the overlay over the view, whose length is now final.</summary>
    public void CreateOverlay(OverlayStorage storage) => _overlay = new OverlayDevice(View, storage);

    public void Dispose() => Handle.Dispose();
}
