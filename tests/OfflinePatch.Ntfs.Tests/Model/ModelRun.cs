using OfflinePatch.Core;
using OfflinePatch.Ntfs.Check;
using OfflinePatch.Ntfs.Format;
using OfflinePatch.Ntfs.Volume;

namespace OfflinePatch.Ntfs.Tests.Model;

/// <summary>Random operations on a volume and on a tree in memory that must stay the same. Everything follows from the seed.</summary>
public sealed class ModelRun : IDisposable
{
    private readonly Random _random;
    private readonly Directory _root = new();
    private readonly List<Directory> _directories = [];
    private readonly List<(Directory Parent, string Name)> _files = [];
    private readonly int _clusterSize;
    private readonly int _maxFile;
    private NtfsVolume _volume;

    public ModelRun(int seed, int clusterSize, long volumeSize, int recordSize = 0, int sectorSize = 512)
    {
        _random = new Random(seed);
        _clusterSize = clusterSize;
        _maxFile = (int)Math.Min(clusterSize * 40L, Math.Min(600_000, volumeSize / 40));
        Device = new MemoryDevice(volumeSize, sectorSize);
        NtfsFormatter.Format(Device, new NtfsFormatOptions { ClusterSize = clusterSize, RecordSize = recordSize, SectorSize = sectorSize });
        _volume = NtfsVolume.Open(Device);
        _root.Path = "";
        _directories.Add(_root);
    }

    public MemoryDevice Device { get; }

    /// <summary>Whether there are names that are no valid UTF-16. NTFS does not mind; other systems cannot show or find them.</summary>
    public bool HasLoneSurrogates { get; init; } = true;

    /// <summary>How often the volume said that it is full.</summary>
    public int FullCount { get; private set; }

    /// <summary>Every file and directory: path, and the length and sha256 of a file.</summary>
    public IEnumerable<(string Path, bool IsDirectory, byte[] Content)> Expected()
    {
        foreach (var directory in _directories)
        {
            if (directory != _root)
            {
                yield return (directory.Path, true, []);
            }

            foreach (var (name, file) in directory.Files)
            {
                yield return (directory.Join(name), false, file.Content);
            }
        }
    }

    public void Run(int operations, int flushEvery = 500)
    {
        for (var i = 0; i < operations; i++)
        {
            try
            {
                Step();
            }
            catch (RefusedException full) when (full.Code == "NTFS-0401")
            {
                FullCount++;
                Assert.True(_volume.BrokenReason is null, $"full halfway: {full}");
                for (var k = 0; k < 5 && _files.Count > 0; k++)
                {
                    DeleteFile();
                }
            }

            if (i % flushEvery == flushEvery - 1)
            {
                _volume.Flush();
                if (_random.Next(3) == 0)
                {
                    _volume.Dispose();
                    _volume = NtfsVolume.Open(Device);
                }
            }
        }

        _volume.Flush();
    }

    /// <summary>Compares everything, in this session and in a new one, and lets the checker look.</summary>
    public void Verify()
    {
        Compare(_volume);
        using var again = NtfsVolume.Open(Device);
        Compare(again);
        var findings = NtfsChecker.Check(Device);
        Assert.True(findings.Count == 0, $"{findings.Count} findings: {string.Join("\n", findings.Take(10))}");
    }

    public void Dispose() => _volume.Dispose();

    private void Step()
    {
        switch (_random.Next(100))
        {
            case < 32:
                Create();
                break;
            case < 40:
                Overwrite();
                break;
            case < 52:
                WritePart();
                break;
            case < 60:
                SetLength();
                break;
            case < 66:
                MoveFile();
                break;
            case < 69:
                MoveDirectory();
                break;
            case < 80:
                DeleteFile();
                break;
            case < 88:
                CreateDirectory();
                break;
            case < 90:
                DeleteDirectory();
                break;
            case < 94:
                WriteStream();
                break;
            default:
                ReadBack();
                break;
        }
    }

    private void Create()
    {
        var parent = PickDirectory();
        var name = NewName();
        var content = NewContent();
        if (parent.Directories.ContainsKey(name))
        {
            Assert.Throws<RefusedException>(() => _volume.WriteFile(parent.Join(name), content));
            return;
        }

        _volume.WriteFile(parent.Join(name), content);
        if (parent.Files.TryGetValue(name, out var existing))
        {
            existing.Content = content;
        }
        else
        {
            parent.Files.Add(name, new File { Content = content });
            _files.Add((parent, name));
        }
    }

    private void Overwrite()
    {
        if (PickFile(out var parent, out var name, out var file))
        {
            var content = NewContent();
            _volume.WriteFile(parent.Join(OtherCase(name)), content);
            file.Content = content;
        }
    }

    private void WritePart()
    {
        if (PickFile(out var parent, out var name, out var file))
        {
            var offset = _random.Next(file.Content.Length + (_random.Next(4) == 0 ? _clusterSize * 3 : 100));
            var bytes = new byte[_random.Next(1, Math.Min(_maxFile, 5000))];
            _random.NextBytes(bytes);
            _volume.Write(parent.Join(name), offset, bytes);
            var content = file.Content;
            if (offset + bytes.Length > content.Length)
            {
                Array.Resize(ref content, offset + bytes.Length);
            }
            else
            {
                content = (byte[])content.Clone();
            }

            bytes.CopyTo(content, offset);
            file.Content = content;
        }
    }

    private void SetLength()
    {
        if (PickFile(out var parent, out var name, out var file))
        {
            var length = _random.Next(3) == 0 ? _random.Next(800) : _random.Next(Math.Max(1, file.Content.Length * 2));
            length = Math.Min(length, _maxFile);
            _volume.SetLength(parent.Join(name), length);
            var content = (byte[])file.Content.Clone();
            Array.Resize(ref content, length);
            file.Content = content;
        }
    }

    private void MoveFile()
    {
        if (!PickFile(out var parent, out var name, out var file))
        {
            return;
        }

        var target = PickDirectory();
        var newName = _random.Next(5) == 0 ? OtherCase(name) : NewName();
        if (target.Directories.ContainsKey(newName) || (target.Files.TryGetValue(newName, out var other) && other != file))
        {
            Assert.Throws<RefusedException>(() => _volume.Move(parent.Join(name), target.Join(newName)));
            return;
        }

        _volume.Move(parent.Join(name), target.Join(newName));
        parent.Files.Remove(name);
        target.Files.Add(newName, file);
        _files.Remove((parent, name));
        _files.Add((target, newName));
    }

    private void MoveDirectory()
    {
        var directory = PickDirectory();
        var target = PickDirectory();
        var name = NewName();
        if (directory == _root || target.Directories.ContainsKey(name) || target.Files.ContainsKey(name))
        {
            return;
        }

        if (target == directory || target.Path.StartsWith(directory.Path + "\\", StringComparison.Ordinal))
        {
            Assert.Throws<RefusedException>(() => _volume.Move(directory.Path, target.Join(name)));
            return;
        }

        if (target.Depth > 12)
        {
            return;
        }

        _volume.Move(directory.Path, target.Join(name));
        directory.Parent!.Directories.Remove(directory.Name);
        directory.Parent = target;
        directory.Name = name;
        target.Directories.Add(name, directory);
        directory.SetPath();
    }

    private void DeleteFile()
    {
        if (PickFile(out var parent, out var name, out _))
        {
            _volume.Delete(parent.Join(name));
            parent.Files.Remove(name);
            _files.Remove((parent, name));
        }
    }

    private void CreateDirectory()
    {
        var parent = PickDirectory();
        var name = NewName();
        if (parent.Depth > 12 || parent.Files.ContainsKey(name))
        {
            return;
        }

        _volume.CreateDirectory(parent.Join(name));
        if (!parent.Directories.ContainsKey(name))
        {
            var directory = new Directory { Parent = parent, Name = name };
            directory.SetPath();
            parent.Directories.Add(name, directory);
            _directories.Add(directory);
        }
    }

    private void DeleteDirectory()
    {
        var directory = PickDirectory();
        if (directory == _root)
        {
            return;
        }

        if (directory.Files.Count + directory.Directories.Count > 0)
        {
            Assert.Throws<RefusedException>(() => _volume.Delete(directory.Path));
            if (_random.Next(4) != 0)
            {
                return;
            }

            Empty(directory);
        }

        _volume.Delete(directory.Path);
        directory.Parent!.Directories.Remove(directory.Name);
        _directories.Remove(directory);
    }

    private void Empty(Directory directory)
    {
        foreach (var name in directory.Files.Keys.ToList())
        {
            _volume.Delete(directory.Join(name));
            directory.Files.Remove(name);
            _files.Remove((directory, name));
        }

        foreach (var child in directory.Directories.Values.ToList())
        {
            Empty(child);
            _volume.Delete(child.Path);
            directory.Directories.Remove(child.Name);
            _directories.Remove(child);
        }
    }

    private void WriteStream()
    {
        if (PickFile(out var parent, out var name, out var file))
        {
            var stream = $"stream {_random.Next(6)}";
            if (file.Streams.ContainsKey(stream) && _random.Next(3) == 0)
            {
                _volume.Delete($"{parent.Join(name)}:{stream}");
                file.Streams.Remove(stream);
                return;
            }

            var content = NewContent();
            _volume.WriteFile($"{parent.Join(name)}:{stream}", content);
            file.Streams[stream] = content;
        }
    }

    private void ReadBack()
    {
        if (PickFile(out var parent, out var name, out var file))
        {
            AssertContent(_volume, parent.Join(OtherCase(name)), file.Content);
        }
    }

    private void Compare(NtfsVolume volume)
    {
        var found = 0;
        foreach (var entry in volume.Walk())
        {
            found++;
        }

        Assert.Equal(_directories.Count - 1 + _files.Count, found);
        foreach (var directory in _directories)
        {
            var entries = volume.Enumerate(directory.Path).ToDictionary(e => e.Name, StringComparer.Ordinal);
            Assert.Equal(directory.Files.Count + directory.Directories.Count, entries.Count);
            foreach (var name in directory.Directories.Keys)
            {
                Assert.True(entries[name].IsDirectory);
            }

            foreach (var (name, file) in directory.Files)
            {
                Assert.Equal(file.Content.Length, entries[name].Length);
                AssertContent(volume, directory.Join(name), file.Content);
                foreach (var (stream, content) in file.Streams)
                {
                    AssertContent(volume, $"{directory.Join(name)}:{stream}", content);
                }

                Assert.Equal(file.Streams.Count + 1, volume.OpenFile(directory.Join(name))!.Streams.Count);
            }
        }
    }

    private static void AssertContent(NtfsVolume volume, string path, byte[] expected)
    {
        using var stream = volume.OpenRead(path);
        Assert.Equal(expected.Length, stream.Length);
        var actual = new byte[expected.Length];
        stream.ReadExactly(actual);
        var same = actual.AsSpan().CommonPrefixLength(expected);
        Assert.True(same == expected.Length, $"content of {path} from byte {same} of {expected.Length}");
    }

    private Directory PickDirectory() => _random.Next(3) == 0 ? _directories[Math.Min(_directories.Count - 1, 1)]
        : _directories[_random.Next(_directories.Count)];

    private bool PickFile(out Directory parent, out string name, out File file)
    {
        if (_files.Count == 0)
        {
            (parent, name, file) = (_root, "", new File());
            return false;
        }

        (parent, name) = _files[_random.Next(_files.Count)];
        file = parent.Files[name];
        return true;
    }

    private byte[] NewContent()
    {
        var length = _random.Next(10) switch
        {
            < 4 => _random.Next(900),
            < 8 => _random.Next(Math.Min(_maxFile, 20_000)),
            < 9 => _random.Next(_maxFile),
            _ => 0,
        };
        var content = new byte[length];
        _random.NextBytes(content);
        return content;
    }

    private string NewName()
    {
        var number = _random.Next(4000);
        return _random.Next(9) switch
        {
            0 => $"F{number}.TXT",
            1 => $"f{number}.txt",
            2 => $"A name of middle length, number {number}.data",
            3 => new string('l', _random.Next(100, 249)) + number,
            4 => $"Имя файла {number}",
            5 => $"檔案名稱測試{number}.文字",
            6 => $"ñandú-ÿ-Ǆ-ῥ {number}",
            7 => HasLoneSurrogates ? $"\U0001F600 \uD800{number}" : $"\U0001F600 {number}",
            _ => $"{number:x}",
        };
    }

    private string OtherCase(string name)
    {
        var letters = name.ToCharArray();
        for (var i = 0; i < letters.Length; i++)
        {
            if (letters[i] is >= 'a' and <= 'z' or >= 'A' and <= 'Z' && _random.Next(2) == 0)
            {
                letters[i] = (char)(letters[i] ^ 0x20);
            }
        }

        return new string(letters);
    }

    private sealed class File
    {
        public byte[] Content { get; set; } = [];

        public Dictionary<string, byte[]> Streams { get; } = new(StringComparer.Ordinal);
    }

    private sealed class Directory
    {
        public Directory? Parent { get; set; }

        public string Name { get; set; } = "";

        public string Path { get; set; } = "";

        public int Depth => Parent is null ? 0 : Parent.Depth + 1;

        public Dictionary<string, File> Files { get; } = new(NtNames.Instance);

        public Dictionary<string, Directory> Directories { get; } = new(NtNames.Instance);

        public string Join(string name) => Path.Length == 0 ? name : $"{Path}\\{name}";

        public void SetPath()
        {
            Path = Parent!.Join(Name);
            foreach (var child in Directories.Values)
            {
                child.SetPath();
            }
        }
    }

    /// <summary>Names as NT compares them, by the shared table: independent of the volume's $UpCase reader.</summary>
    private sealed class NtNames : IEqualityComparer<string>
    {
        public static readonly NtNames Instance = new();

        public bool Equals(string? x, string? y) => x is not null && y is not null && Upper(x) == Upper(y);

        public int GetHashCode(string obj) => Upper(obj).GetHashCode(StringComparison.Ordinal);

        private static string Upper(string text) => string.Create(text.Length, text, static (target, source) =>
        {
            for (var i = 0; i < source.Length; i++)
            {
                target[i] = NtUpcase.ToUpper(source[i]);
            }
        });
    }
}
