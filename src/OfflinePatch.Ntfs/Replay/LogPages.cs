using System.Buffers.Binary;
using OfflinePatch.Ntfs.Compression;
using OfflinePatch.Ntfs.Layout;
using OfflinePatch.Ntfs.LogState;

namespace OfflinePatch.Ntfs.Replay;

/// <summary>
/// The record pages of a log: in place, or from the newer of their tail copies (pages 2 and 3 in version 1.x, 2 to 0x21 in version 2.0).
/// Source: Linux-NTFS documentation, $LogFile; positions from ntfs3's fslog.c (facts).
/// </summary>
internal sealed class LogPages
{
    /// <summary>Largest log that is read: Windows makes at most 64 MiB by itself, chkdsk /l allows more.</summary>
    public const long MaximumLog = 256L * 1024 * 1024;

    private const int MaximumRecord = 4 * 1024 * 1024;
    private const int LastLsnField = 0x08;
    private const int LastEndLsnField = 0x20;
    private const int FileOffsetField = 0x3C; // version 2.0
    private const int VersionTwoFirstPage = 0x22;

    private readonly RawRead _read;
    private readonly long _size;
    private readonly int _pageSize;
    private readonly int _dataOffset;
    private readonly int _dataBits;
    private readonly long _firstPage;
    private readonly Dictionary<long, byte[]?> _pages = [];

    public LogPages(RawRead read, long length, RestartPage restart)
    {
        _read = read;
        _pageSize = restart.LogPageSize;
        _dataOffset = restart.PageDataOffset;
        _size = restart.FileSize / _pageSize * _pageSize;
        if (_size > length || _size > MaximumLog || restart.SequenceBits is < 20 or > 58)
        {
            throw LogError.Geometry($"a log of {restart.FileSize} bytes with {restart.SequenceBits} sequence bits");
        }

        _dataBits = 64 - (int)restart.SequenceBits;
        if (restart.RecordHeaderLength != LogRecord.Layout.Size || _dataOffset % 8 != 0 || _dataOffset < 0x30
            || _dataOffset > _pageSize - LogRecord.Layout.Size
            || _size >> 3 > 1L << _dataBits)
        {
            throw LogError.Geometry($"record headers of {restart.RecordHeaderLength} bytes, data from 0x{_dataOffset:X}");
        }

        _firstPage = restart.MajorVersion >= 2 ? VersionTwoFirstPage * (long)_pageSize : (2L * restart.SystemPageSize) + (2L * _pageSize);
        if (_firstPage + (16 * _pageSize) > _size)
        {
            throw LogError.Geometry($"only {_size} bytes");
        }

        LoadTails(restart.MajorVersion >= 2);
    }

    /// <summary>The newest LSN that any page says ends on it.</summary>
    public ulong NewestLsn { get; private set; }

    /// <summary>LSNs of the records that start a page, ascending.</summary>
    public List<ulong> PageStarts()
    {
        var starts = new List<ulong>();
        for (var at = _firstPage; at < _size; at += _pageSize)
        {
            if (Page(at) is { } page)
            {
                var lsn = BinaryPrimitives.ReadUInt64LittleEndian(page.AsSpan(_dataOffset));
                if (Offset(lsn) == at + _dataOffset && lsn <= NewestLsn)
                {
                    starts.Add(lsn);
                }
            }
        }

        starts.Sort();
        return starts;
    }

    /// <summary>Reads every page once, to know <see cref="NewestLsn"/>.</summary>
    public void Scan()
    {
        for (var at = _firstPage; at < _size; at += _pageSize)
        {
            if (Page(at) is { } page)
            {
                NewestLsn = Math.Max(NewestLsn, LastEndLsn(page));
            }
        }
    }

    /// <summary>The record of an LSN; null when there is none at its place (the end of the log).</summary>
    public LogRecord? Read(ulong lsn, out ulong next)
    {
        next = 0;
        var at = Offset(lsn);
        if (at < _firstPage || at % _pageSize < _dataOffset || at % _pageSize > _pageSize - LogRecord.Layout.Size
            || Page(at / _pageSize * _pageSize) is not { } page)
        {
            return null;
        }

        var header = page.AsSpan((int)(at % _pageSize), LogRecord.Layout.Size);
        var length = BinaryPrimitives.ReadUInt32LittleEndian(header[LogRecord.Layout.DataLength..]);
        var type = BinaryPrimitives.ReadUInt32LittleEndian(header[LogRecord.Layout.RecordType..]);
        if (BinaryPrimitives.ReadUInt64LittleEndian(header) != lsn || length > MaximumRecord || length > _size - _firstPage
            || type is not (1 or 2))
        {
            return null;
        }

        var data = new byte[length];
        var round = lsn >> _dataBits;
        at += LogRecord.Layout.Size;
        for (var done = 0; ;)
        {
            var count = Math.Min((int)length - done, _pageSize - (int)(at % _pageSize == 0 ? _pageSize : at % _pageSize));
            page.AsSpan((int)(at % _pageSize == 0 ? 0 : at % _pageSize), count).CopyTo(data.AsSpan(done));
            done += count;
            at += count;
            if (done == length)
            {
                break;
            }

            at = NextPage(at - 1, ref round);
            if (Page(at) is not { } following)
            {
                return null;
            }

            page = following;
            at += _dataOffset;
        }

        next = NextLsn(lsn, page, at, round);
        return new LogRecord(header, data);
    }

    private ulong NextLsn(ulong lsn, byte[] lastPage, long end, ulong round)
    {
        var aligned = (end + 7) & ~7L;
        var within = aligned - ((end - 1) / _pageSize * _pageSize);
        if (BinaryPrimitives.ReadUInt64LittleEndian(lastPage.AsSpan(LastLsnField)) == lsn || within + LogRecord.Layout.Size > _pageSize)
        {
            aligned = NextPage(end - 1, ref round) + _dataOffset;
        }

        return (round << _dataBits) + (ulong)(aligned >> 3);
    }

    private long NextPage(long at, ref ulong round)
    {
        var next = (at / _pageSize * _pageSize) + _pageSize;
        if (next < _size)
        {
            return next;
        }

        round++;
        return _firstPage;
    }

    private long Offset(ulong lsn) => (long)((lsn & ((1UL << _dataBits) - 1)) << 3) is var offset && offset < _size ? offset : 0;

    private byte[]? Page(long at)
    {
        if (!_pages.TryGetValue(at, out var page))
        {
            page = ReadPage(at);
            _pages.Add(at, page);
        }

        return page;
    }

    private byte[]? ReadPage(long at)
    {
        var page = new byte[_pageSize];
        _read(at, page);
        return page.AsSpan(0, 4).SequenceEqual("RCRD"u8) && UpdateSequence.TryDecode(page) ? page : null;
    }

    private static ulong LastEndLsn(byte[] page) => BinaryPrimitives.ReadUInt64LittleEndian(page.AsSpan(LastEndLsnField));

    /// <summary>
    /// The last page that was written has a copy before the record area; it is used if it is newer than the page in place, or that one is
    /// torn.
    /// </summary>
    private void LoadTails(bool isVersionTwo)
    {
        for (var at = isVersionTwo ? 2L * _pageSize : _firstPage - (2L * _pageSize); at < _firstPage; at += _pageSize)
        {
            if (ReadPage(at) is not { } copy)
            {
                continue;
            }

            var target = isVersionTwo ? BinaryPrimitives.ReadUInt32LittleEndian(copy.AsSpan(FileOffsetField))
                : BinaryPrimitives.ReadUInt64LittleEndian(copy.AsSpan(LastLsnField));
            if (target < (ulong)_firstPage || target >= (ulong)_size || target % (ulong)_pageSize != 0)
            {
                continue;
            }

            if (!isVersionTwo)
            {
                BinaryPrimitives.WriteUInt64LittleEndian(copy.AsSpan(LastLsnField), LastEndLsn(copy));
            }

            if (Page((long)target) is not { } inPlace || LastEndLsn(inPlace) < LastEndLsn(copy))
            {
                _pages[(long)target] = copy;
            }
        }
    }
}
