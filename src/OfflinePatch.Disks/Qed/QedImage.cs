using System.Buffers.Binary;
using System.Globalization;
using OfflinePatch.Core;
using OfflinePatch.Disks.Clusters;

namespace OfflinePatch.Disks.Qed;

/// <summary>A QED image: two levels of tables, read in pages of at most 64 KiB; new clusters go to the end of the file.</summary>
internal sealed class QedImage : MappedImage
{
    private readonly ResizableDevice _file;
    private readonly QedHeader _header;
    private readonly TableCache _pages;
    private readonly int _pageSize;
    private readonly int _clusterSize;
    private readonly long _l2Coverage;
    private readonly List<(long Table, long Index)> _ahead;
    private bool _isPrepared;

    public QedImage(ResizableDevice file, QedHeader header, DiskImage? backing)
    {
        _file = file;
        _header = header;
        _clusterSize = header.ClusterSize;
        _l2Coverage = header.TableEntries * _clusterSize;
        _pageSize = (int)Math.Min(header.TableBytes, 64 * 1024);
        _pages = new TableCache(file, _pageSize);
        Parent = backing;
        _ahead = CheckMap();
    }

    /// <inheritdoc/>
    public override ImageFormat Format => ImageFormat.Qed;

    /// <inheritdoc/>
    public override string Subformat => "";

    /// <inheritdoc/>
    public override long Length => _header.Size;

    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, string> Properties
    {
        get
        {
            var properties = new Dictionary<string, string>(StringComparer.Ordinal)
            {
                ["clusterSize"] = _clusterSize.ToString(CultureInfo.InvariantCulture),
                ["needCheck"] = _header.NeedsCheck ? "true" : "false",
            };
            if (_header.BackingFile is { } backing)
            {
                properties["backingFile"] = backing;
            }

            return properties;
        }
    }

    /// <inheritdoc/>
    protected override ResizableDevice StoredFile => _file;

    private RunKind Unallocated => Parent is null ? RunKind.Zero : RunKind.Parent;

    /// <inheritdoc/>
    protected override int UnitSize => _clusterSize;

    /// <inheritdoc/>
    protected override DiskRun MapInUnit(long offset, long limit)
    {
        var table = L2Table(offset);
        return table == 0 ? new DiskRun(Unallocated, _l2Coverage - (offset % _l2Coverage)) : MapInCluster(table, offset);
    }

    private ulong Entry(long table, long index)
    {
        var at = index * 8;
        return BinaryPrimitives.ReadUInt64LittleEndian(_pages.Get(table + (at / _pageSize * _pageSize)).AsSpan((int)(at % _pageSize)));
    }

    private void SetEntry(long table, long index, ulong entry)
    {
        Span<byte> bytes = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, entry);
        var at = index * 8;
        _pages.Change(table + (at / _pageSize * _pageSize), (int)(at % _pageSize), bytes);
    }

    /// <summary>The checked offset of the L2 table for a guest offset; 0: there is none.</summary>
    private long L2Table(long offset)
    {
        var entry = Entry(_header.L1Offset, offset / _l2Coverage);
        if (entry == QedLayout.EntryUnallocated || IsAhead(entry))
        {
            return 0;
        }

        return entry % (ulong)_clusterSize == 0 && entry <= (ulong)_file.Length && _header.TableBytes <= _file.Length - (long)entry
            ? (long)entry
            : throw QedError.TableEntry("L1", offset, entry, $"a table inside the file of {_file.Length} bytes");
    }

    /// <summary>
    /// An image that needs a check may have entries that were written before what they point to, and that was then lost: they are
    /// ignored.
    /// </summary>
    private bool IsAhead(ulong entry) => _header.NeedsCheck && entry >= (ulong)_file.Length;

    private long L2Index(long offset) => offset % _l2Coverage / _clusterSize;

    private DiskRun MapInCluster(long table, long offset)
    {
        var within = offset % _clusterSize;
        var length = _clusterSize - within;
        var entry = Entry(table, L2Index(offset));
        if (entry == QedLayout.EntryZero)
        {
            return new DiskRun(RunKind.Zero, length);
        }

        return entry == QedLayout.EntryUnallocated || IsAhead(entry)
            ? new DiskRun(Unallocated, length)
            : new DiskRun(RunKind.Stored, length, DataOffset(offset, entry) + within);
    }

    private long DataOffset(long offset, ulong entry) =>
        entry % (ulong)_clusterSize == 0 && entry < (ulong)_file.Length
            ? (long)entry
            : throw QedError.TableEntry("L2", offset, entry, $"a cluster inside the file of {_file.Length} bytes");

    /// <inheritdoc/>
    protected override void WriteInUnit(long offset, ReadOnlySpan<byte> content)
    {
        if (!_isPrepared)
        {
            Prepare();
        }

        var table = L2Table(offset);
        if (table == 0)
        {
            table = AllocateTable();
            SetEntry(_header.L1Offset, offset / _l2Coverage, (ulong)table);
        }

        var entry = Entry(table, L2Index(offset));
        if (entry is not (QedLayout.EntryUnallocated or QedLayout.EntryZero))
        {
            var place = DataOffset(offset, entry) + (offset % _clusterSize);
            _file.EnsureLength(place + content.Length);
            _file.Write(place, content);
            return;
        }

        // The new cluster lies after the end of the file and is zero: only what a backing file has must be copied.
        var host = EndOfFile();
        _file.EnsureLength(host + _clusterSize);
        var start = offset - (offset % _clusterSize);
        if (entry == QedLayout.EntryUnallocated && Parent is not null)
        {
            CopyFromParent(start, offset, host - start);
            CopyFromParent(offset + content.Length, Math.Min(start + _clusterSize, Length), host - start);
        }

        _file.Write(host + (offset - start), content);
        SetEntry(table, L2Index(offset), (ulong)host);
    }

    private void CopyFromParent(long from, long to, long hostDifference)
    {
        if (from >= to)
        {
            return;
        }

        var buffer = new byte[(int)Math.Min(to - from, 64 * 1024)];
        for (; from < to; from += buffer.Length)
        {
            var part = buffer.AsSpan(0, (int)Math.Min(buffer.Length, to - from));
            ReadParent(from, part);
            _file.Write(from + hostDifference, part);
        }
    }

    private long EndOfFile() => (_file.Length + _clusterSize - 1) / _clusterSize * _clusterSize;

    private long AllocateTable()
    {
        var table = EndOfFile();
        _file.EnsureLength(table + _header.TableBytes);
        return table;
    }

    /// <summary>
    /// Refuses a map that puts two clusters in one place, or a cluster onto a table, and returns the entries that are ahead of the file
    /// (see <see cref="IsAhead"/>).
    /// </summary>
    private List<(long Table, long Index)> CheckMap()
    {
        var used = new ClusterSet();
        Use(used, 0, _header.HeaderBytes, 0, "header");
        Use(used, _header.L1Offset, _header.TableBytes, 0, "L1");
        var ahead = new List<(long Table, long Index)>();
        var l1Entries = (Length + _l2Coverage - 1) / _l2Coverage;
        for (long i = 0; i < l1Entries; i++)
        {
            var guest = i * _l2Coverage;
            if (Entry(_header.L1Offset, i) == QedLayout.EntryUnallocated)
            {
                continue;
            }

            var table = L2Table(guest);
            if (table == 0)
            {
                ahead.Add((_header.L1Offset, i));
                continue;
            }

            Use(used, table, _header.TableBytes, guest, "L1");
            var entries = Math.Min(_header.TableEntries, (Length - guest + _clusterSize - 1) / _clusterSize);
            for (long j = 0; j < entries; j++)
            {
                var entry = Entry(table, j);
                if (entry is QedLayout.EntryUnallocated or QedLayout.EntryZero)
                {
                    continue;
                }

                if (IsAhead(entry))
                {
                    ahead.Add((table, j));
                }
                else
                {
                    Use(used, DataOffset(guest + (j * _clusterSize), entry), _clusterSize, guest + (j * _clusterSize), "L2");
                }
            }
        }

        return ahead;
    }

    /// <summary>
    /// Before the first change: entries that are ahead of the file, the need-check bit and the autoclear bits (none is known) are cleared.
    /// </summary>
    private void Prepare()
    {
        foreach (var (table, index) in _ahead)
        {
            SetEntry(table, index, QedLayout.EntryUnallocated);
        }

        if (_header.NeedsCheck)
        {
            _header.Features &= ~QedLayout.FeatureNeedCheck;
            WriteWord(QedLayout.FeaturesOffset, _header.Features);
        }

        if (_header.Autoclear != 0)
        {
            _header.Autoclear = 0;
            WriteWord(QedLayout.AutoclearOffset, 0);
        }

        _isPrepared = true;
    }

    private void Use(ClusterSet used, long offset, long length, long guest, string table)
    {
        if (!used.TryAdd(offset / _clusterSize, length / _clusterSize))
        {
            throw QedError.TableEntry(table, guest, (ulong)offset, "a cluster that nothing else uses");
        }
    }

    /// <inheritdoc/>
    public override string? WhyNotGrow => Parent is null ? null
        : "The QED image has a backing file, whose content would show in the new part.";

    /// <inheritdoc/>
    protected override long GrowTo(long length)
    {
        if (length > _header.MaxSize)
        {
            throw QedError.GrowthSize(length, _header.MaxSize);
        }

        if (!_isPrepared)
        {
            Prepare();
        }

        _header.Size = length;
        WriteWord(QedLayout.ImageSizeOffset, (ulong)length);
        return length;
    }

    private void WriteWord(int offset, ulong value)
    {
        Span<byte> bytes = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, value);
        _file.Write(offset, bytes);
    }
}
