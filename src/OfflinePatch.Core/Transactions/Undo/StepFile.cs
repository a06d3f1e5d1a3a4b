namespace OfflinePatch.Core.Transactions.Undo;

/// <summary>An undo file that was found, open for reading.</summary>
internal sealed class StepFile : IDisposable
{
    // An undo file holds hardly more than the old bytes of the image's files. Those of a split image are longer than the one that is named.
    private const long MaxUnprovenLength = 1L << 32;

    private readonly IHostStorage _storage;
    private readonly IHostHandle _file;
    private readonly StepHeader _header;
    private IReadOnlyList<StepRecord>? _records;

    private StepFile(IHostStorage storage, IHostHandle file, StepHeader header)
    {
        _storage = storage;
        _file = file;
        _header = header;
    }

    public string Path => _file.Path;

    public StepState State => _header.State;

    public int Number => _header.Version == LegacyStepReader.Version ? 1 : _header.Number;

    public bool IsLegacy => _header.Version == LegacyStepReader.Version;

    public string Label => IsLegacy ? "" : _header.Label;

    public DateTime Created => _header.Created;

    public IHostHandle Handle => _file;

    /// <summary>The files of the step. The whole undo file is checked when they are first asked for.</summary>
    /// <exception cref="CorruptImageException"><c>CORE-0023</c>: the undo file is damaged.</exception>
    public IReadOnlyList<StepRecord> Records => _records ??= StepReader.Read(_file, _header);

    /// <summary>Opens an undo file; null when there is none of this path.</summary>
    /// <exception cref="CorruptImageException"><c>CORE-0023</c>: it is damaged.</exception>
    /// <exception cref="RefusedException">It is a link.</exception>
    public static StepFile? TryOpen(IHostStorage storage, string path)
    {
        IHostHandle file;
        try
        {
            file = storage.OpenOwn(path, writable: false);
        }
        catch (HostIOException e) when (e.IsMissing && !storage.Exists(path))
        {
            return null;
        }

        try
        {
            return new StepFile(storage, file, StepHeader.Read(file));
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Whether both are one file of the host: a folder can be reached under several paths, by links and by mounts.</summary>
    public bool IsSameAs(StepFile other)
    {
        var identity = _file.GetStatus().Identity;
        return string.Equals(Path, other.Path, StringComparison.Ordinal)
            || (identity.IsKnown && identity == other._file.GetStatus().Identity);
    }

    /// <summary>
    /// Says why this undo file may not be used at all; null when it may: it belongs to this user (or root), nobody else may write it, and
    /// it has one name.
    /// </summary>
    public string? WhyNotOwned()
    {
        var status = _file.GetStatus();
        return !status.IsOwnedByCaller ? "another user owns it"
            : !status.IsPrivate ? "other users may write it"
            : status.Links != 1 ? "it has more than one name"
            : null;
    }

    /// <summary>Whether it carries a code of its writer, right or wrong.</summary>
    public bool IsKeyed => !IsLegacy && _header.IsKeyed;

    /// <summary>
    /// Says why this undo file does not prove by itself that this user wrote it here; null when it does: its code was made with his secret.
    /// </summary>
    public string? WhyNotSigned() =>
        IsLegacy ? "version 2 of the undo file does not say who wrote it"
            : _header.IsSignedWith(_storage.Secret) ? null
            : "another user or another host wrote the undo file";

    /// <summary>
    /// Says why this undo file may not be acted on without the user's word; null when this user wrote it, and nobody else can.
    /// </summary>
    public string? WhyNotProven() => WhyNotOwned() ?? WhyNotSigned();

    /// <summary>
    /// Says why this undo file is not read without the user's word; null when it is: it is proven, or reading it costs no more than reading
    /// the image twice. A hostile one may claim any length.
    /// </summary>
    public string? WhyTooLong(IHostHandle image) =>
        _file.Length <= (2 * image.Length) + MaxUnprovenLength ? null
            : WhyNotProven() is { } reason ? $"its undo file has {_file.Length} bytes, and {reason}"
            : null;

    /// <summary>
    /// The record of a file: the one of its identity; else the first where the undo file is named after it; else the one of its name. Null
    /// when the step has none.
    /// </summary>
    public StepRecord? RecordOf(IHostHandle file, bool isNamedAfterIt)
    {
        var identity = file.GetStatus().Identity;
        var name = System.IO.Path.GetFileName(file.Path);
        return Records.FirstOrDefault(r => r.Identity.IsKnown && identity.IsKnown && r.Identity.Matches(identity))
            ?? Records.FirstOrDefault(r => string.Equals(r.Name, name, StringComparison.Ordinal))
            ?? (isNamedAfterIt && (!IsLegacy || Records.Count == 1) ? Records[0] : null);
    }

    /// <summary>
    /// Whether the undo file says that its step was made of the same file, whatever the name was. Reads a few bytes of it, and proves
    /// nothing.
    /// </summary>
    public bool SaysItIsOf(IHostHandle file)
    {
        var identity = file.GetStatus().Identity;
        if (IsLegacy || !identity.IsKnown || _file.Length < StepLayout.Header.Size + StepLayout.File.Size)
        {
            return false;
        }

        var recorded = StepReader.ReadMainIdentity(_file);
        return recorded.IsKnown && recorded.Matches(identity);
    }

    /// <summary>The state that the undo file holds now.</summary>
    public StepState ReadState() => StepHeader.Read(_file).State;

    /// <summary>Writes another state into the header, durably.</summary>
    /// <exception cref="HostIOException">The host failed.</exception>
    public void SetState(StepState state)
    {
        _header.State = state;
        using var file = _storage.OpenOwn(Path, writable: true);
        _header.Write(file, _storage.Secret);
    }

    public void Dispose() => _file.Dispose();
}
