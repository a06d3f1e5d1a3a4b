using OfflinePatch.Core.Hosting;

namespace OfflinePatch.Core.Tests;

/// <summary>The machine died.</summary>
public sealed class SimulatedCrashException : Exception
{
    public SimulatedCrashException()
        : base("the machine died")
    {
    }
}

/// <summary>
/// Host files in memory that forget what was not flushed. Names and contents exist twice: as the running machine sees them, and as they are on the
/// medium. <see cref="Reboot"/> returns what a machine finds after it died: durable contents, plus any subset of the writes that were still under way.
/// </summary>
internal sealed class CrashStorage : IHostStorage
{
    private readonly Dictionary<string, CrashFile> _names = new(StringComparer.Ordinal);
    private Dictionary<string, CrashFile> _durableNames = new(StringComparer.Ordinal);
    private readonly List<Action<Dictionary<string, CrashFile>>> _pendingNames = [];
    private int _operations;

    /// <summary>The operation at which the machine dies; -1 for never.</summary>
    public int CrashAt { get; set; } = -1;

    /// <summary>The operation that fails with an I/O error; -1 for none.</summary>
    public int FailAt { get; set; } = -1;

    /// <summary>Operations so far that change something.</summary>
    public int Operations => _operations;

    public void Add(string path, byte[] content)
    {
        var file = new CrashFile(content);
        _names[path] = file;
        _durableNames[path] = file;
    }

    public byte[] ContentOf(string path) => [.. _names[path].Live];

    public bool Exists(string path) => _names.ContainsKey(path);

    public IEnumerable<string> Names => _names.Keys;

    public IHostHandle OpenRead(string path) =>
        _names.TryGetValue(path, out var file) ? new Handle(this, path, file) : throw CoreError.Missing(path);

    public IHostHandle OpenExclusive(string path) => OpenRead(path);

    public IHostHandle Create(string path, bool isPrivate)
    {
        Step();
        var file = new CrashFile([]);
        ChangeNames(names => names[path] = file);
        return new Handle(this, path, file);
    }

    public void Rename(string path, string newPath)
    {
        Step();
        ChangeNames(names =>
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
        ChangeNames(names => names.Remove(path));
    }

    public void FlushFolderOf(string path)
    {
        Step();
        _durableNames = new Dictionary<string, CrashFile>(_names, StringComparer.Ordinal);
        _pendingNames.Clear();
    }

    public CrashStorage Reboot(Random random)
    {
        var names = new Dictionary<string, CrashFile>(_durableNames, StringComparer.Ordinal);
        foreach (var change in _pendingNames.Take(random.Next(_pendingNames.Count + 1)))
        {
            change(names); // a file system journals names in order: any prefix may have reached the medium
        }

        var survivor = new CrashStorage();
        foreach (var (path, file) in names)
        {
            survivor.Add(path, file.AfterCrash(random));
        }

        return survivor;
    }

    private void ChangeNames(Action<Dictionary<string, CrashFile>> change)
    {
        change(_names);
        _pendingNames.Add(change);
    }

    private void Step()
    {
        var operation = _operations++;
        if (operation == CrashAt)
        {
            throw new SimulatedCrashException();
        }

        if (operation == FailAt)
        {
            throw new HostIOException("TEST-0001", "no space left on the device");
        }
    }

    private sealed class CrashFile(byte[] durable)
    {
        private const int Sector = 512;
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
            _pending.Clear();
        }

        public byte[] AfterCrash(Random random)
        {
            var length = random.Next(2) == 0 ? _durable.Length : Live.Count;
            var content = new byte[length];
            _durable.AsSpan(0, Math.Min(length, _durable.Length)).CopyTo(content);
            foreach (var (offset, bytes) in _pending)
            {
                if (random.Next(2) == 0 && offset + bytes.Length <= length)
                {
                    bytes.CopyTo(content, offset);
                }
            }

            return content;
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

        public DateTime LastWriteTimeUtc { get; set; } = DateTime.UnixEpoch;

        public void Read(long offset, Span<byte> buffer)
        {
            for (var i = 0; i < buffer.Length; i++)
            {
                buffer[i] = file.Live[(int)offset + i];
            }
        }

        public void Write(long offset, ReadOnlySpan<byte> buffer)
        {
            storage.Step();
            file.Write(offset, buffer);
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
