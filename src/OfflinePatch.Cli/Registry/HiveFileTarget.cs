using OfflinePatch.Core;
using OfflinePatch.Registry;

namespace OfflinePatch.Cli.Registry;

/// <summary>A bare hive file; its logs are found beside it. Keys count from its root, which stands in .reg text as <c>HKEY_LOCAL_MACHINE\NAME</c>.</summary>
internal sealed class HiveFileTarget : RegistryTarget
{
    private const int SpareRoom = 512 * 1024; // a small edit does not move a large hive in memory
    private const int WorthTwoReaders = 8 * 1024 * 1024;
    private static readonly string[] LogSuffixes = [".LOG", ".LOG1", ".LOG2"];

    private readonly ImageTransaction? _transaction;
    private readonly BlockDevice _device;
    private readonly HostFileDevice? _reader;
    private readonly ResizableDevice?[] _logDevices = new ResizableDevice?[3];
    private readonly string _path;
    private readonly ReadOnlyMemory<byte> _bytes;
    private readonly HiveLogs _logs;
    private Hive? _hive;

    public HiveFileTarget(string path, bool writable, string? undoFolder)
    {
        _path = path;
        if (writable)
        {
            _transaction = ImageTransaction.Open(path, new TransactionOptions { Writable = true, KeepUndo = false, UndoFolder = undoFolder, Note = Rendering.Output.Message });
            _device = _transaction.Image;
        }
        else
        {
            _device = _reader = HostFileDevice.Open(path);
        }

        _bytes = Read(_device, SpareRoom);
        _logs = new HiveLogs(ReadLog(0), ReadLog(1), ReadLog(2));
    }

    /// <summary>The hive; opened when first asked for, so that <c>reg check</c> sees files that do not open.</summary>
    public Hive Hive => _hive ??= Hive.Open(_bytes, _logs, new HiveOpenOptions { AdoptBuffer = true });

    private string RootPath => @"HKEY_LOCAL_MACHINE\" + Path.GetFileNameWithoutExtension(_path).ToUpperInvariant();

    /// <summary>Whether a file is a hive: its signature, or, where that is lost, the first bin's.</summary>
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

    /// <inheritdoc/>
    public override HiveLocation Locate(string key) => new(Hive, key.Trim('\\'), RootPath);

    /// <inheritdoc/>
    public override HiveLocation LocateImport(string key) => new(Hive, RegistryPath.BelowHive(key), RootPath);

    /// <inheritdoc/>
    public override IEnumerable<(string Name, HiveCheckReport Report)> Check() => [(_path, HiveChecker.Check(_bytes, _logs))];

    /// <inheritdoc/>
    public override IEnumerable<(string Name, HiveRecovery Recovery)> Replay() => [(_path, Hive.Recovery)];

    /// <inheritdoc/>
    public override bool Commit(CancellationToken cancellation)
    {
        if (_transaction is null || !Hive.IsModified)
        {
            return false;
        }

        var logs = Hive.NeutralisedLogs();
        HiveFileWriter.Write(_transaction.Image, Hive);
        foreach (var (device, content) in _logDevices.Zip([logs.Log, logs.Log1, logs.Log2]))
        {
            device?.Write(0, content.Span);
        }

        _transaction.Commit(cancellation);
        return true;
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        _transaction?.Dispose();
        _reader?.Dispose();
    }

    private ReadOnlyMemory<byte> ReadLog(int index)
    {
        foreach (var suffix in new[] { LogSuffixes[index], LogSuffixes[index].ToLowerInvariant() })
        {
            if (_transaction is null)
            {
                using var log = HostFileDevice.OpenBeside(_path, Path.GetFileName(_path) + suffix);
                if (log is not null)
                {
                    return Read(log, 0);
                }
            }
            else if (TryOpenLog(suffix) is { } device)
            {
                _logDevices[index] = device;
                return Read(device, 0);
            }
        }

        return default;
    }

    private ResizableDevice? TryOpenLog(string suffix)
    {
        try
        {
            return _transaction!.OpenCompanion(_path, Path.GetFileName(_path) + suffix, CompanionKind.Extent).Device;
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
            throw new UnsupportedImageException("REG-0106", $"The hive has {device.Length} bytes; the format ends at 2 GiB.");
        }

        var length = (int)device.Length;
        var bytes = HostMemory.Allocate(length + spare);
        if (length < WorthTwoReaders)
        {
            device.Read(0, bytes.AsSpan(0, length));
            return bytes.AsMemory(0, length);
        }

        // Most of the time goes into clearing fresh memory, which two threads do in half of it. Nothing is written to the device yet, so it may be read by both.
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
