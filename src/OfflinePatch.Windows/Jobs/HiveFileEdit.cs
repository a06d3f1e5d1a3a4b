using OfflinePatch.Core;
using OfflinePatch.Registry;
using OfflinePatch.Registry.Check;
using OfflinePatch.Registry.Logs;
using OfflinePatch.Windows.Guest;

namespace OfflinePatch.Windows.Jobs;

/// <summary>
/// A bare hive file with the logs next to it, in a transaction like an image. Keys count from its root, which .reg text calls
/// <c>HKEY_LOCAL_MACHINE\NAME</c>. Only the pages of the hive that changed are written.
/// </summary>
internal sealed class HiveFileEdit : RegistryEdit, IRegistryTarget
{
    private const int SpareRoom = 512 * 1024; // a small edit does not copy a large hive in memory
    private const int MinParallelRead = 8 * 1024 * 1024;

    private readonly ImageTransaction _transaction;
    private readonly bool _isWritable;
    private readonly TimeProvider _clock;
    private readonly ResizableDevice?[] _logDevices = new ResizableDevice?[HiveLogNames.Suffixes.Count];
    private readonly string _path;
    private readonly ReadOnlyMemory<byte> _bytes;
    private readonly HiveLogs _logs;
    private Hive? _hive;

    public HiveFileEdit(string path, EditOptions options, bool isWritable)
    {
        _path = path;
        _isWritable = isWritable;
        _clock = options.Clock;
        _transaction = options.OpenTransaction(path, isWritable);
        try
        {
            // The logs are parts of the hive: all are open before an interrupted change is rolled back, and before anything is read.
            for (var i = 0; i < _logDevices.Length; i++)
            {
                _logDevices[i] = OpenLog(i);
            }

            _transaction.AllFilesNamed();
            _bytes = Read(_transaction.Image, SpareRoom);
            _logs = new HiveLogs(ReadLog(0), ReadLog(1), ReadLog(2));
        }
        catch
        {
            _transaction.Dispose();
            throw;
        }
    }

    public override IRegistryTarget Target => this;

    /// <summary>The hive; opened when first asked for, so that files that cannot be opened can be checked.</summary>
    private Hive Hive => _hive ??= Hive.Open(_bytes, _logs, new HiveOpenOptions { AdoptBuffer = true, Time = _clock });

    private string RootPath => RegistryPath.LongRoot(@"HKLM\" + Path.GetFileNameWithoutExtension(_path).ToUpperInvariant());

    /// <summary>Whether a file is a hive: its signature, or, where that is lost, that of the first bin.</summary>
    public static bool IsHive(string path)
    {
        using var device = HostFileDevice.Open(path);
        return IsHive(device);
    }

    /// <inheritdoc cref="IsHive(string)"/>
    public static bool IsHive(BlockDevice device)
    {
        Span<byte> signature = stackalloc byte[4];
        if (device.Length < 512)
        {
            return false;
        }

        device.Read(0, signature);
        if (signature.SequenceEqual("regf"u8) || device.Length < 0x1004)
        {
            return signature.SequenceEqual("regf"u8);
        }

        device.Read(0x1000, signature);
        return signature.SequenceEqual("hbin"u8);
    }

    public HiveLocation Locate(string key) => new(Hive, key.Trim('\\'), RootPath);

    public IReadOnlyList<string>? RootsBelow(string key) => null;

    public HiveLocation LocateImport(string key) => new(Hive, RegistryPath.BelowHive(key), RootPath);

    public Hive BootStore() => Hive;

    public IReadOnlyList<(string Name, HiveCheckReport Report)> Check() => [(_path, HiveChecker.Check(_bytes, _logs))];

    public IReadOnlyList<(string Name, HiveRecovery Recovery)> Replay() => [(_path, Hive.Recovery)];

    public override EditResult Commit(CancellationToken cancellation = default)
    {
        if (!_isWritable || !Hive.IsModified)
        {
            return default;
        }

        Guest.GuestHive.RequireValid(Hive, _path);
        var logs = Hive.NeutralisedLogs();
        WriteChangedPages(_transaction.Image);
        foreach (var (device, content) in _logDevices.Zip([logs.Log, logs.Log1, logs.Log2]))
        {
            device?.Write(0, content.Span);
        }

        return ImageEdit.Commit(_transaction, cancellation);
    }

    public override void Dispose() => _transaction.Dispose();

    private void WriteChangedPages(ResizableDevice device)
    {
        var image = Hive.Image.Span;
        device.EnsureLength(image.Length);
        foreach (var range in Hive.ChangedRanges)
        {
            var (start, length) = range.GetOffsetAndLength(image.Length);
            device.Write(start, image.Slice(start, length));
        }
    }

    private ReadOnlyMemory<byte> ReadLog(int index) => _logDevices[index] is { } device ? Read(device, 0) : default;

    private ResizableDevice? OpenLog(int index) =>
        TryOpenLog(HiveLogNames.Suffixes[index]) ?? TryOpenLog(HiveLogNames.Suffixes[index].ToLowerInvariant());

    private ResizableDevice? TryOpenLog(string suffix)
    {
        try
        {
            return _transaction.OpenCompanion(_path, Path.GetFileName(_path) + suffix, CompanionKind.Extent).Device;
        }
        catch (HostIOException e) when (e.IsMissing)
        {
            return null;
        }
    }

    private static ReadOnlyMemory<byte> Read(BlockDevice device, int spare)
    {
        if (device.Length > Array.MaxLength - spare)
        {
            throw JobError.HiveFileTooLarge(device.Length);
        }

        var length = (int)device.Length;
        var bytes = HostMemory.Allocate(length + spare);
        if (length < MinParallelRead)
        {
            device.Read(0, bytes.AsSpan(0, length));
            return bytes.AsMemory(0, length);
        }

        // Most of the time goes into clearing fresh memory, which two threads do in half of it. Nothing is written to the device yet, so it
        // may be read by both.
        var half = length / 2;
        var rest = Task.Run(() => device.Read(half, bytes.AsSpan(half, length - half)));
        try
        {
            device.Read(0, bytes.AsSpan(0, half));
        }
        finally
        {
            rest.GetAwaiter().GetResult();
        }

        return bytes.AsMemory(0, length);
    }
}
