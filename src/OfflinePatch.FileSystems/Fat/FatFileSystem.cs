using OfflinePatch.Core;
using OfflinePatch.FileSystems.Trees;

namespace OfflinePatch.FileSystems.Fat;

/// <summary>
/// A FAT12, FAT16 or FAT32 volume: an EFI system partition, a floppy image. Reads every volume whose structures hold together, clean or
/// not.
/// <para>
/// Changes are held in memory until <see cref="Flush"/>. Before the first change the copies of the table must be equal; a volume that says
/// it was not cleanly dismounted must pass <see cref="Check"/> first, lost clusters excepted. Windows mounts such a volume and writes to it
/// too (fastfat only asks autochk to look at it at the next boot): the mark is left as it is, so that Windows still looks.
/// </para>
/// Not safe for several threads.
/// </summary>
public sealed partial class FatFileSystem : IWritableFileSystem
{
    private readonly HeldWrites _device;
    private readonly FatGeometry _geometry;
    private readonly FatTable _table;
    private readonly TimeProvider _clock;
    private readonly BlockDevice? _owned;
    private readonly Dictionary<uint, FatDirectory> _directories = [];
    private readonly Dictionary<uint, (uint Parent, int Slot)> _entriesOf = [];
    private (uint First, List<uint> Clusters)? _lastChain;

    private FatFileSystem(BlockDevice device, string source, TimeProvider clock, bool ownsDevice)
    {
        Source = source;
        _clock = clock;
        _owned = ownsDevice ? device : null;
        _geometry = FatGeometry.Read(device);
        _device = new HeldWrites(device);
        _table = new FatTable(_device, _geometry);
    }

    /// <inheritdoc/>
    public string Format => _geometry.Type switch { FatType.Fat12 => "FAT12", FatType.Fat16 => "FAT16", _ => "FAT32" };

    /// <inheritdoc/>
    public string Source { get; }

    /// <summary>Bits of a table entry.</summary>
    internal FatType Type => _geometry.Type;

    /// <summary>Bytes of a sector, as the boot sector says.</summary>
    public int SectorSize => _geometry.BytesPerSector;

    /// <summary>Bytes of a cluster.</summary>
    public int ClusterSize => _geometry.ClusterSize;

    /// <summary>Bytes in free clusters.</summary>
    public long FreeBytes => (_freeClusters ?? _table.CountFree()) * _geometry.ClusterSize;

    /// <summary>The serial number that Windows shows as <c>XXXX-XXXX</c>; 0 where there is none.</summary>
    public uint SerialNumber => _geometry.SerialNumber;

    /// <summary>The label: that of the root directory, else that of the boot sector; empty where there is none.</summary>
    public string Label
    {
        get
        {
            var bytes = Load(RootCluster).Label ?? _geometry.Label;
            var label = bytes.Length == 0 ? "" : OemText.CodePage437.GetString(bytes).TrimEnd(' ', '\0');
            return label == "NO NAME" ? "" : label;
        }
    }

    /// <summary>
    /// Whether the volume says that it was not cleanly dismounted: in the boot sector (Windows) or in the table (Windows 9x, Linux).
    /// </summary>
    public bool IsDirty => (_geometry.DirtyFlags & 1) != 0 || _table.IsMarkedDirty;

    private uint RootCluster => _geometry.Type == FatType.Fat32 ? _geometry.RootCluster : 0;

    /// <summary>Whether sector 0 is that of a FAT volume.</summary>
    public static bool Probe(BlockDevice device) => FatGeometry.Probe(device);

    /// <summary>Opens a volume.</summary>
    /// <param name="device">The partition, or the floppy image.</param>
    /// <param name="source">Where it comes from, for messages.</param>
    /// <param name="clock">Where the times of new files come from; the host's clock when null.</param>
    /// <param name="ownsDevice">Whether to dispose <paramref name="device"/> with the volume.</param>
    /// <exception cref="CorruptImageException">The boot sector contradicts itself or the partition.</exception>
    public static FatFileSystem Open(BlockDevice device, string source = "FAT volume", TimeProvider? clock = null,
        bool ownsDevice = false) =>
        new(device, source, clock ?? TimeProvider.System, ownsDevice);

    /// <inheritdoc/>
    public FileEntry? Find(string path)
    {
        var names = FilePath.Split(path);
        if (names.Length == 0)
        {
            return new FileEntry("", IsDirectory: true, 0, DateTime.MinValue, FileAttributes.Directory);
        }

        return FindItem(names)?.Item.ToEntry();
    }

    /// <inheritdoc/>
    public IEnumerable<FileEntry> Enumerate(string directory) =>
        FindDirectory(FilePath.Split(directory)) is { } found
            ? found.Items.ConvertAll(i => i.ToEntry())
            : throw FileSystemError.NoDirectory(Source, directory);

    /// <inheritdoc/>
    public int Read(string path, long offset, Span<byte> buffer)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        return Read(FindFile(path), path, offset, buffer);
    }

    /// <inheritdoc/>
    public Stream OpenRead(string path)
    {
        var item = FindFile(path);
        ChainOf(item, path);
        return new TreeContentStream(item.Length, (offset, buffer) => Read(item, path, offset, buffer));
    }

    /// <inheritdoc/>
    public void Dispose() => _owned?.Dispose();

    private int Read(FatItem item, string path, long offset, Span<byte> buffer)
    {
        if (offset >= item.Length || buffer.IsEmpty)
        {
            return 0;
        }

        var clusters = ChainOf(item, path);
        var total = (int)Math.Min(buffer.Length, item.Length - offset);
        var wanted = buffer[..total];
        while (!wanted.IsEmpty)
        {
            var index = (int)(offset / _geometry.ClusterSize);
            var within = (int)(offset % _geometry.ClusterSize);
            var run = 1;
            while (index + run < clusters.Count && clusters[index + run] == clusters[index] + (uint)run
                && ((long)run * _geometry.ClusterSize) - within < wanted.Length)
            {
                run++;
            }

            var count = (int)Math.Min(wanted.Length, ((long)run * _geometry.ClusterSize) - within);
            _device.Read(_geometry.OffsetOf(clusters[index]) + within, wanted[..count]);
            wanted = wanted[count..];
            offset += count;
        }

        return total;
    }

    private List<uint> ChainOf(FatItem item, string path)
    {
        if (_lastChain is { } last && last.First == item.FirstCluster && item.FirstCluster != 0)
        {
            return Checked(last.Clusters);
        }

        var clusters = _table.Chain(item.FirstCluster);
        _lastChain = (item.FirstCluster, clusters);
        return Checked(clusters);

        List<uint> Checked(List<uint> chain) =>
            (long)chain.Count * _geometry.ClusterSize >= item.Length
                ? chain
                : throw FatError.ShortChain(path, item.Length, (long)chain.Count * _geometry.ClusterSize);
    }

    private FatItem FindFile(string path) =>
        FindItem(FilePath.Split(path)) is { Item.IsDirectory: false } found ? found.Item : throw FileSystemError.NoFile(Source, path);

    private (FatDirectory Directory, FatItem Item)? FindItem(ReadOnlySpan<string> names)
    {
        if (names.Length == 0 || FindDirectory(names[..^1]) is not { } directory || !directory.ByName.TryGetValue(names[^1], out var item))
        {
            return null;
        }

        return (directory, item);
    }

    private FatDirectory? FindDirectory(ReadOnlySpan<string> names)
    {
        var directory = Load(RootCluster);
        foreach (var name in names)
        {
            if (!directory.ByName.TryGetValue(name, out var item) || !item.IsDirectory)
            {
                return null;
            }

            directory = LoadBelow(directory, item);
        }

        return directory;
    }

    /// <summary>
    /// Loads a directory by its entry. Each may be entered by one entry alone: so there are no cycles, and no more paths than entries.
    /// </summary>
    private FatDirectory LoadBelow(FatDirectory parent, FatItem item)
    {
        if (item.FirstCluster == 0 || item.FirstCluster == RootCluster)
        {
            throw FatError.BadDirectory(item.FirstCluster, -1, $"clusters of its own for {item.Name}", "those of the root");
        }

        var entry = (parent.FirstCluster, item.ShortSlot);
        if (!_entriesOf.TryAdd(item.FirstCluster, entry) && _entriesOf[item.FirstCluster] != entry)
        {
            throw FatError.BadDirectory(item.FirstCluster, -1, $"clusters of its own for {item.Name}", "those of another directory");
        }

        return Load(item.FirstCluster);
    }

    private FatDirectory Load(uint firstCluster)
    {
        if (!_directories.TryGetValue(firstCluster, out var directory))
        {
            directory = FatDirectory.Load(_device, _geometry, _table, firstCluster);
            _directories.Add(firstCluster, directory);
        }

        return directory;
    }
}
