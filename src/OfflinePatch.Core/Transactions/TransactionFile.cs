namespace OfflinePatch.Core.Transactions;

/// <summary>A host file that a transaction has open: the file, the view of it that is read, and the changes over that.</summary>
internal sealed class TransactionFile : IDisposable
{
    private OverlayDevice? _overlay;

    public TransactionFile(IHostHandle handle, bool isExclusive)
    {
        Handle = handle;
        IsExclusive = isExclusive;
        Read = isExclusive ? new ReadSet(handle.Length) : null;
        View = new FileView(handle, Read);
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

    /// <summary>Lays the overlay over the view, whose length is settled now.</summary>
    public void CreateOverlay(OverlayStorage storage) => _overlay = new OverlayDevice(View, storage);

    public void Dispose() => Handle.Dispose();
}
