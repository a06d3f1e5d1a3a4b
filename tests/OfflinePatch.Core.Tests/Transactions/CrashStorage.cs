using OfflinePatch.Core.Hosting;

namespace OfflinePatch.Core.Tests.Transactions;

/// <summary>The machine died.</summary>
public sealed class SimulatedCrashException : Exception
{
    public SimulatedCrashException()
        : base("the machine died")
    {
    }
}

/// <summary>
/// Host files in memory that forget what was not flushed. Names and contents exist twice: as the running machine sees them, and as they are
/// on the medium. <see cref="Reboot"/> returns what a machine finds after it died: durable contents, plus any subset of the writes that
/// were still under way.
/// </summary>
internal sealed class CrashStorage : IHostStorage
{
    private readonly Dictionary<string, CrashFile> _names = new(StringComparer.Ordinal);
    private readonly Dictionary<string, CrashFile> _durableNames = new(StringComparer.Ordinal);
    private readonly List<(string? Folder, Action<Dictionary<string, CrashFile>> Change)> _pendingNames = [];
    private int _operations;
    private ulong _nextInode;

    /// <summary>The operation at which the machine dies; -1 for never.</summary>
    public int CrashAt { get; set; } = -1;

    /// <summary>The operation that fails with an I/O error; -1 for none.</summary>
    public int FailAt { get; set; } = -1;

    /// <summary>How many operations fail from there on; int.MaxValue for a disk that stays broken.</summary>
    public int FailCount { get; set; } = 1;

    /// <summary>The read that fails, of image files and undo files alike; -1 for none.</summary>
    public int FailReadAt { get; set; } = -1;

    /// <summary>The folder that has no room for another file, or null.</summary>
    public string? FullFolder { get; set; }

    /// <summary>Reads so far.</summary>
    public int Reads { get; private set; }

    /// <summary>The error of an operation that fails.</summary>
    public Func<Exception> Failure { get; set; } = () => new HostIOException("TEST-0001", "no space left on the device");

    /// <summary>Is called before each operation, with its number.</summary>
    public Action<int>? Before { get; set; }

    /// <summary>Another program writes a file: it opens it, writes and closes it again.</summary>
    public void WriteFromElsewhere(string path, Action<List<byte>> change)
    {
        var file = _names[path];
        change(file.Live);
        file.WriteTime = new FileTimestamp(file.WriteTime.Seconds + 1, 7);
    }

    /// <summary>Operations so far that change something.</summary>
    public int Operations => _operations;

    public void Add(string path, byte[] content)
    {
        var file = new CrashFile(content, ++_nextInode);
        _names[path] = file;
        _durableNames[path] = file;
    }

    public byte[] ContentOf(string path) => [.. _names[path].Live];

    public bool Exists(string path) => _names.ContainsKey(path);

    public IEnumerable<string> Names => _names.Keys;

    public bool IsTaken(string path) => Exists(path);

    public IHostHandle OpenRead(string path) =>
        _names.TryGetValue(path, out var file) ? new Handle(this, path, file) : throw ImageFileError.Missing(path);

    public IHostHandle OpenExclusive(string path) => OpenRead(path);

    public IHostHandle OpenOwn(string path, bool writable) => OpenRead(path);

    public IReadOnlyCollection<string> NamesWith(string folder, string text) =>
        [.. _names.Keys.Where(n => Path.GetDirectoryName(n) == folder).Select(n => Path.GetFileName(n))
            .Where(n => n.Contains(text, StringComparison.Ordinal))];

    public void CreateFolderOf(string path)
    {
    }

    public string? StateFolder { get; init; } = "/state";

    public byte[]? Secret { get; init; } = [1, 2, 3, 4];

    /// <summary>Whether the machine is dead: nothing works any more.</summary>
    public bool IsDead { get; private set; }

    public IHostHandle Create(string path, bool isPrivate)
    {
        Step();
        if (Path.GetDirectoryName(path) == FullFolder)
        {
            throw new HostIOException("CORE-0018", "no space left on the device");
        }

        var file = new CrashFile([], ++_nextInode);
        ChangeNames(path, names => names[path] = file);
        return new Handle(this, path, file);
    }

    public void Rename(string path, string newPath)
    {
        Step();
        ChangeNames(path, names =>
        {
            if (names.Remove(path, out var file))
            {
                names[newPath] = file;
            }
        });
    }

    public void Delete(string path)
    {
        Step();
        ChangeNames(path, names => names.Remove(path));
    }

    public void FlushFolderOf(string path)
    {
        Step();
        var folder = Path.GetDirectoryName(path);
        foreach (var (_, change) in _pendingNames.Where(p => p.Folder == folder))
        {
            change(_durableNames);
        }

        _pendingNames.RemoveAll(p => p.Folder == folder);
    }

    public CrashStorage Reboot(Random random)
    {
        var names = new Dictionary<string, CrashFile>(_durableNames, StringComparer.Ordinal);
        foreach (var (_, change) in _pendingNames.Take(random.Next(_pendingNames.Count + 1)))
        {
            change(names); // a file system journals names in order: any prefix may have reached the medium
        }

        var survivor = new CrashStorage { StateFolder = StateFolder, Secret = Secret, _nextInode = _nextInode };
        foreach (var (path, file) in names)
        {
            var copy = file.AfterCrash(random);
            survivor._names[path] = copy;
            survivor._durableNames[path] = copy;
        }

        return survivor;
    }

    private void ChangeNames(string path, Action<Dictionary<string, CrashFile>> change)
    {
        change(_names);
        _pendingNames.Add((Path.GetDirectoryName(path), change));
    }

    private void Step()
    {
        var operation = _operations++;
        Before?.Invoke(operation);
        if (IsDead || operation == CrashAt)
        {
            IsDead = true;
            throw new SimulatedCrashException();
        }

        if (FailAt >= 0 && operation >= FailAt && operation - FailAt < FailCount)
        {
            throw Failure();
        }
    }

    private sealed class CrashFile(byte[] durable, ulong inode)
    {
        public ulong Inode => inode;

        public FileTimestamp WriteTime { get; set; } = new(1_000_000, 123_456_789);

        private const int Sector = 512;
        private FileTimestamp _durableTime = new(1_000_000, 123_456_789);
        private readonly List<(long Offset, byte[] Bytes)> _pending = [];
        private byte[] _durable = durable;

        public List<byte> Live { get; } = [.. durable];

        public void Write(long offset, ReadOnlySpan<byte> bytes)
        {
            SetLiveLength(Math.Max(Live.Count, offset + bytes.Length));
            for (var i = 0; i < bytes.Length; i++)
            {
                Live[(int)offset + i] = bytes[i];
            }

            // The medium takes whole sectors, in any order.
            for (var at = 0; at < bytes.Length;)
            {
                var count = Math.Min(bytes.Length - at, Sector - (int)((offset + at) % Sector));
                _pending.Add((offset + at, bytes.Slice(at, count).ToArray()));
                at += count;
            }
        }

        public void SetLength(long length) => SetLiveLength(length);

        public void Flush()
        {
            _durable = [.. Live];
            _durableTime = WriteTime;
            _pending.Clear();
        }

        public CrashFile AfterCrash(Random random)
        {
            // A length that was not flushed may be lost while later writes were kept, and the other way round.
            var length = random.Next(3) switch
            {
                0 => _durable.Length,
                1 => Live.Count,
                _ => random.Next(Math.Min(_durable.Length, Live.Count), Math.Max(_durable.Length, Live.Count) + 1)
            };
            var content = new byte[length];
            _durable.AsSpan(0, Math.Min(length, _durable.Length)).CopyTo(content);
            foreach (var (offset, bytes) in _pending)
            {
                if (random.Next(2) == 0 && offset + bytes.Length <= length)
                {
                    bytes.CopyTo(content, offset);
                }
            }

            var time = random.Next(2) == 0 ? _durableTime : WriteTime;
            return new CrashFile(content, inode) { WriteTime = time, _durableTime = time };
        }

        private void SetLiveLength(long length)
        {
            if (length < Live.Count)
            {
                Live.RemoveRange((int)length, Live.Count - (int)length);
            }
            else
            {
                Live.AddRange(new byte[length - Live.Count]);
            }
        }
    }

    private sealed class Handle(CrashStorage storage, string path, CrashFile file) : IHostHandle
    {
        public string Path => path;

        public long Length => file.Live.Count;

        public HostFileStatus GetStatus() =>
            new(new FileIdentity(7, file.Inode, new FileTimestamp(5, 6)), file.WriteTime, Links: 1, IsOwnedByCaller: true, IsPrivate: true);

        public bool TrySetWriteTime(FileTimestamp time)
        {
            storage.Step();
            file.WriteTime = time;
            return true;
        }

        public void Read(long offset, Span<byte> buffer)
        {
            if (storage.Reads++ == storage.FailReadAt)
            {
                throw storage.Failure();
            }

            for (var i = 0; i < buffer.Length; i++)
            {
                buffer[i] = file.Live[(int)offset + i];
            }
        }

        public void Write(long offset, ReadOnlySpan<byte> buffer)
        {
            storage.Step();
            file.Write(offset, buffer);
            file.WriteTime = new FileTimestamp(file.WriteTime.Seconds + 1, 0);
        }

        public void SetLength(long length)
        {
            storage.Step();
            file.SetLength(length);
        }

        public void Flush()
        {
            storage.Step();
            file.Flush();
        }

        public DeviceExtent GetExtent(long offset) => new(offset, Length - offset, IsZero: false);

        public void Dispose()
        {
        }
    }
}
