using OfflinePatch.Core;
using OfflinePatch.Registry;
using OfflinePatch.Registry.Logs;

namespace OfflinePatch.Windows.Guest;

/// <summary>
/// A hive of the guest: opened with its logs, edited in memory, written back once. Its logs are neutralised when it is written back,
/// because they describe a state that is no longer there (registry.md 5.3).
/// </summary>
public sealed class GuestHive
{
    private const int MaximumLength = 1 << 30; // Windows limits a hive to 2 GiB; nothing near 1 GiB is a working SYSTEM or SOFTWARE hive.
    private const int WorthReadingInParts = 1 << 20; // a few keys of SOFTWARE or COMPONENTS are a few of their many megabytes

    private readonly GuestVolume? _volume;
    private readonly string _rootPath;
    private bool _keepsRecovery;
    private bool _isWriting;
    private bool _isFileChanged; // by another caller, after it was opened

    /// <summary>A hive that stands on no volume, for tests.</summary>
    /// <param name="hive">The hive.</param>
    /// <param name="rootPath">What its root is called: <c>HKLM\SYSTEM</c>.</param>
    /// <param name="changes">Where changes are recorded.</param>
    public GuestHive(Hive hive, string rootPath, ChangeLog changes)
    {
        Hive = hive;
        Changes = changes;
        Path = rootPath;
        _rootPath = rootPath;
    }

    private GuestHive(Hive hive, string rootPath, ChangeLog changes, GuestVolume volume, string path)
        : this(hive, rootPath, changes)
    {
        _volume = volume;
        Path = path;
    }

    /// <summary>The hive.</summary>
    public Hive Hive { get; }

    /// <summary>Where it is on its volume.</summary>
    public string Path { get; }

    /// <summary>Its root key.</summary>
    public GuestKey Root => new(this, Hive.Root, _rootPath);

    internal ChangeLog Changes { get; }

    /// <summary>Whether <see cref="WriteBack"/> has anything to write.</summary>
    internal bool IsChanged => Hive.HasEdits || (_keepsRecovery && Hive.IsModified);

    /// <summary>Opens a hive file with the logs next to it.</summary>
    /// <param name="volume">The volume that holds it.</param>
    /// <param name="path">Its path there.</param>
    /// <param name="rootPath">What its root is called.</param>
    /// <param name="changes">Where changes are recorded.</param>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="CorruptImageException">The hive is damaged.</exception>
    /// <exception cref="RefusedException">The hive is dirty, and its logs cannot recover it.</exception>
    public static GuestHive Open(GuestVolume volume, string path, string rootPath, ChangeLog changes)
    {
        var files = volume.RequireFiles();
        if (files.Find(path) is not { IsDirectory: false } entry)
        {
            throw new FileNotFoundException($"There is no hive {path} on {files.Source}.", path);
        }

        if (entry.Length > MaximumLength)
        {
            throw WindowsError.HiveTooLarge(path, entry.Length);
        }

        var options = new HiveOpenOptions { AdoptBuffer = true, Time = changes.Clock };
        var content = entry.Length < WorthReadingInParts ? null : files.OpenRead(path);
        var hive = content is { CanSeek: true }
            ? Hive.Open(content, (int)entry.Length, () => ReadLogs(files, path), options)
            : Hive.Open(files.ReadFile(path, MaximumLength), ReadLogs(files, path), options);
        var guest = new GuestHive(hive, rootPath, changes, volume, path);
        if (files is RecordingFileSystem recording)
        {
            recording.Changing += guest.FileChanging;
        }

        return guest;
    }

    /// <summary>Reads the logs next to a hive file.</summary>
    internal static HiveLogs ReadLogs(IFileSystem files, string path) =>
        new(ReadLog(files, path + HiveLogNames.Suffixes[0]), ReadLog(files, path + HiveLogNames.Suffixes[1]),
            ReadLog(files, path + HiveLogNames.Suffixes[2]));

    /// <summary>
    /// Makes <see cref="WriteBack"/> write what was recovered from the logs, too. By itself that is no change: Windows replays the logs
    /// when it next loads the hive.
    /// </summary>
    public void KeepRecovery() => _keepsRecovery = true;

    /// <summary>Requires that a hive has no finding that forbids editing.</summary>
    /// <exception cref="CorruptImageException"><c>WIN-0004</c>: it has one.</exception>
    /// <remarks>
    /// An edited hive was checked as a whole before the first edit; what edits reached is checked when its bytes are taken
    /// (<see cref="Hive.Image"/>), and nothing is gained by checking 80 MB of SOFTWARE once more.
    /// </remarks>
    internal static void RequireValid(Hive hive, string path)
    {
        if (hive.HasEdits)
        {
            try
            {
                _ = hive.Image;
            }
            catch (CorruptImageException e)
            {
                throw WindowsError.HiveCheckFailed(path, e.Message);
            }
        }
        else if (hive.Check().FirstOrDefault(f => f.ForbidsEditing) is { } finding)
        {
            throw WindowsError.HiveCheckFailed(path, $"{finding.Code} {finding.Structure} at 0x{finding.Offset:X}: {finding.Message}");
        }
    }

    /// <summary>Checks the hive and writes it back to its volume, if it was changed.</summary>
    /// <exception cref="CorruptImageException"><c>WIN-0004</c>: the hive has findings after the changes.</exception>
    public bool WriteBack()
    {
        if (_volume is null || !IsChanged)
        {
            return false;
        }

        using var stage = RunActivity.Stage("write hive", Path);
        RequireValid(Hive, Path);

        var files = _volume.RequireWritable();
        var image = Hive.Image.Span;
        _isWriting = true;
        if (_isFileChanged)
        {
            files.WriteFile(Path, image);
        }
        else
        {
            files.WriteFile(Path, image, Hive.ChangedRanges);
        }

        _isWriting = false;
        _isFileChanged = false;
        var logs = Hive.NeutralisedLogs();
        WriteLog(files, Path + HiveLogNames.Suffixes[0], logs.Log);
        WriteLog(files, Path + HiveLogNames.Suffixes[1], logs.Log1);
        WriteLog(files, Path + HiveLogNames.Suffixes[2], logs.Log2);
        return true;
    }

    /// <summary>Another caller is about to change the file: what was opened is what is edited, so the rest of it is read now.</summary>
    private void FileChanging(string path)
    {
        var name = FilePath.NameOf(path);
        if (!_isWriting && (name.Equals(FilePath.NameOf(Path), StringComparison.OrdinalIgnoreCase)
            || name.Contains('~', StringComparison.Ordinal)))
        {
            Hive.ReadAll();
            _isFileChanged = true;
        }
    }

    private static ReadOnlyMemory<byte> ReadLog(IFileSystem files, string path) =>
        files.Find(path) is { IsDirectory: false, Length: > 0 and <= MaximumLength } ? files.ReadFile(path) : default(ReadOnlyMemory<byte>);

    private static void WriteLog(IWritableFileSystem files, string path, ReadOnlyMemory<byte> content)
    {
        if (content.Length > 0 && files.FileExists(path))
        {
            files.WriteFile(path, content.Span);
        }
    }
}
