using System.Buffers.Binary;
using OfflinePatch.Core;
using OfflinePatch.Ntfs.Engine;
using OfflinePatch.Ntfs.Layout;

namespace OfflinePatch.Ntfs.Check;

/// <summary>
/// Checks a volume by the rules that chkdsk judges by, reading only. It shares the views of Layout/ with the engine, and nothing of the
/// engine's reading and caching, so that one can judge the other. $MFT is read once from start to end, then every index; memory is about 64
/// bytes per file in use and a bit per cluster.
/// </summary>
internal sealed class NtfsChecker
{
    private const int ChunkSize = 1024 * 1024;

    /// <summary>Records that are looked at: 16 million, a $MFT of 16 GiB. The facts of as many files in use would take 1 GiB.</summary>
    private const long MaximumRecords = 16L * 1024 * 1024;

    private readonly CheckContext _context;
    private readonly RecordParser _parser;
    private readonly FileChecker _files;
    private readonly AttributeListChecker _lists;

    private NtfsChecker(CheckContext context)
    {
        _context = context;
        _parser = new RecordParser(context);
        _files = new FileChecker(context);
        _lists = new AttributeListChecker(context, _parser);
    }

    /// <summary>Checks a whole volume. Damage is a finding, never an exception.</summary>
    /// <exception cref="IOException">The host failed to read.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public static IReadOnlyList<VolumeFinding> Check(BlockDevice volume, NtfsCheckOptions? options = null) =>
        Run(volume, null, options ?? new NtfsCheckOptions());

    /// <summary>
    /// Checks what an edit touched: these FILE records, the directories among them and those that hold their names, $Bitmap and $MFT's
    /// bitmap where they are concerned, the mirror and the boot sectors. Clusters that another file owns too are not seen.
    /// </summary>
    /// <param name="volume">The volume, with everything written.</param>
    /// <param name="records">Numbers of the touched base or extension records.</param>
    /// <exception cref="IOException">The host failed to read.</exception>
    public static IReadOnlyList<VolumeFinding> CheckTouched(BlockDevice volume, IEnumerable<long> records,
        NtfsCheckOptions? options = null) =>
        Run(volume, [.. records], options ?? new NtfsCheckOptions { CheckState = false });

    private static IReadOnlyList<VolumeFinding> Run(BlockDevice volume, HashSet<long>? touched, NtfsCheckOptions options)
    {
        var findings = new FindingList(options.MaximumFindings);
        try
        {
            var geometry = VolumeGeometry.Read(volume);
            var context = new CheckContext(volume, geometry, findings, options) { Touched = touched };
            new NtfsChecker(context).Run();
        }
        catch (CorruptImageException damage)
        {
            findings.Error(damage is OutsideDeviceException ? NtfsFindingCode.OutsideVolume : NtfsFindingCode.Unreadable, damage.Structure,
                damage.Offset, damage.Expected,
                damage.Actual);
        }
        catch (UnsupportedImageException unsupported)
        {
            findings.Error(NtfsFindingCode.Unreadable, "volume", -1, "something that can be read", unsupported.Message);
        }

        return findings.Findings;
    }

    private void Run()
    {
        if (!Bootstrap())
        {
            return;
        }

        var metafiles = new MetafileChecker(_context, Load);
        metafiles.ReadUpcase();
        metafiles.Check();
        if (_context.Touched is { } touched)
        {
            AddExtensionRecords(touched);
            foreach (var number in touched.Order().ToList())
            {
                ReadOne(number);
            }
        }
        else
        {
            ReadAll();
        }

        CheckListedFiles();
        CheckIndexes();
        CheckBitmaps();
    }

    /// <summary>$MFT's own runs, also where an attribute list spreads them.</summary>
    private bool Bootstrap()
    {
        var size = _context.Geometry.RecordSize;
        var bytes = new byte[size];
        _context.Device.Read(_context.Geometry.MftLcn * _context.Geometry.ClusterSize, bytes);
        var attributes = UpdateSequence.TryDecode(bytes) ? _parser.Parse(bytes, 0, judge: false) : null;
        var extents = attributes?.Where(a => a.Type == AttributeType.Data && a.Name.Length == 0 && !a.IsResident).ToList();
        if (extents is null or { Count: 0 })
        {
            _context.Findings.Error(NtfsFindingCode.MftUnreadable, "FILE record 0", -1, "the runs of $MFT", "none");
            return false;
        }

        _context.Mft = _context.Stream(extents);
        if (attributes!.Find(a => a.Type == AttributeType.AttributeList) is { } list)
        {
            AppendListed(list, extents);
        }

        if (_context.RecordCount < FileReference.FirstUserRecord || _context.RecordCount > MaximumRecords)
        {
            _context.Findings.Error(NtfsFindingCode.MftUnreadable, "$MFT", -1,
                $"{FileReference.FirstUserRecord} to {MaximumRecords} records",
                $"{_context.RecordCount}");
            return false;
        }

        return true;
    }

    private void AppendListed(CheckedAttribute list, List<CheckedAttribute> extents)
    {
        var stream = _context.Stream([list]);
        var content = new byte[Math.Min(stream.Length, 1024 * 1024)];
        stream.TryRead(0, content);
        for (var at = 0; at < content.Length;)
        {
            if (!AttributeListEntry.TryCreate(content.AsSpan(at), out var entry))
            {
                return;
            }

            if (entry.Type == AttributeType.Data && entry.NameLength == 0 && entry.LowestVcn > 0
                && _context.LoadRecord(entry.Reference.Record) is { } bytes
                    && _parser.Parse(bytes, entry.Reference.Record, judge: false) is { } more)
            {
                var vcn = entry.LowestVcn;
                extents.AddRange(more.Where(a => a.Type == AttributeType.Data && a.Name.Length == 0 && a.LowestVcn == vcn));
                _context.Mft = _context.Stream(extents);
            }

            at += entry.Length;
        }
    }

    private void ReadAll()
    {
        var size = _context.Geometry.RecordSize;
        var buffer = new byte[ChunkSize];
        var total = _context.RecordCount * size;
        for (long at = 0; at < total;)
        {
            _context.ThrowIfCancelled();
            if (_context.Mft.IsZero(at, out var zeros) && zeros >= ChunkSize)
            {
                at += zeros / size * size;
                continue;
            }

            var part = buffer.AsMemory(0, (int)Math.Min(ChunkSize, total - at));
            _context.Mft.TryRead(at, part.Span);
            for (var i = 0; i < part.Length; i += size)
            {
                ReadRecord((at + i) / size, part.Slice(i, size));
                if (_context.Findings.IsFull)
                {
                    return;
                }
            }

            at += part.Length;
        }
    }

    private void ReadOne(long number)
    {
        var bytes = new byte[_context.Geometry.RecordSize];
        if (number >= 0 && number < _context.RecordCount && _context.Mft.TryRead(number * bytes.Length, bytes))
        {
            ReadRecord(number, bytes);
        }
    }

    private void ReadRecord(long number, Memory<byte> memory)
    {
        var record = memory.Span;
        if (!record[..4].SequenceEqual(FileRecordHeader.FileMagic))
        {
            if (record[..4].ContainsAnyExcept((byte)0) && !record[..4].SequenceEqual("BAAD"u8))
            {
                _context.Findings.Error(NtfsFindingCode.RecordMagic, $"FILE record {number}", 0, "the magic FILE, or zeros",
                    $"{BinaryPrimitives.ReadUInt32LittleEndian(record):X8}");
            }

            return;
        }

        var flags = (FileRecordFlags)BinaryPrimitives.ReadUInt16LittleEndian(record[FileRecordHeader.Layout.Flags..]);
        var sequence = BinaryPrimitives.ReadUInt16LittleEndian(record[FileRecordHeader.Layout.SequenceNumber..]);
        if ((flags & FileRecordFlags.InUse) == 0)
        {
            return;
        }

        ref var facts = ref _context.Table[number];
        facts.Sequence = sequence;
        facts.Marks = RecordMarks.InUse;
        if (!UpdateSequence.TryDecode(record))
        {
            _context.Findings.Error(NtfsFindingCode.RecordTorn, $"FILE record {number}", FileRecordHeader.Layout.UpdateSequenceOffset,
                "an update sequence that matches every sector", "a torn record");
            facts.Marks |= RecordMarks.Broken;
            return;
        }

        if (_parser.Parse(memory, number, judge: true) is not { } attributes || !FileRecordHeader.TryCreate(record, out var header))
        {
            facts.Marks |= RecordMarks.Broken;
            return;
        }

        if (header.BaseReference.Value != 0)
        {
            facts.Marks |= RecordMarks.Extension;
            facts.Parent = header.BaseReference.Record;
            if (!_context.Extensions.TryGetValue(facts.Parent, out var list))
            {
                _context.Extensions.Add(facts.Parent, list = []);
            }

            list.Add(number);
        }
        else if (attributes.Exists(a => a.Type == AttributeType.AttributeList))
        {
            facts.Marks |= RecordMarks.Listed;
        }
        else
        {
            _files.Check(number, new FileRecordHeaderCopy(sequence, header.LinkCount, flags), attributes);
        }
    }

    /// <summary>Files of several records: now all of them are known.</summary>
    private void CheckListedFiles()
    {
        foreach (var number in _context.Table.With(RecordMarks.Listed).ToList())
        {
            if (_context.LoadRecord(number) is { } bytes && FileRecordHeader.TryCreate(bytes, out var header)
                && _parser.Parse(bytes, number, judge: false) is { } own)
            {
                var all = _lists.JoinAndJudge(number, own, header.SequenceNumber);
                _files.Check(number, new FileRecordHeaderCopy(header.SequenceNumber, header.LinkCount, header.Flags), all);
            }
        }

        foreach (var (number, extensions) in _context.Extensions)
        {
            var facts = _context.Table.Get(number);
            if ((facts.Marks & RecordMarks.InUse) == 0 || (facts.Marks & RecordMarks.Extension) != 0)
            {
                _context.Findings.Error(NtfsFindingCode.BaseReference, $"FILE record {extensions[0]}",
                    FileRecordHeader.Layout.BaseReference,
                    "a base record in use", $"record {number}");
            }
            else if ((facts.Marks & (RecordMarks.Listed | RecordMarks.Broken)) == 0)
            {
                _context.Findings.Error(NtfsFindingCode.ListIncomplete, $"FILE record {number}", -1,
                    "an attribute list, as there are extension records",
                    "none");
            }
        }
    }

    private void CheckIndexes()
    {
        var directories = new DirectoryChecker(_context);
        var views = new ViewIndexChecker(_context);
        var numbers = DirectoriesToWalk();
        foreach (var number in numbers)
        {
            if (_context.Findings.IsFull)
            {
                return;
            }

            if (Load(number) is { } attributes)
            {
                directories.Check(number, attributes);
            }
        }

        foreach (var number in _context.Table.With(RecordMarks.ViewIndex).ToList())
        {
            if (Load(number) is { } attributes)
            {
                views.Check(number, attributes);
            }
        }

        if (_context.SecurityIds is null && _context.HasSecure && Load(FileReference.SecureRecord) is { } secure)
        {
            views.Check(FileReference.SecureRecord, secure);
        }

        var links = new LinkChecker(_context, Load);
        links.Check(_context.Touched ?? _context.Table.With(RecordMarks.InUse), numbers);
        if (_context.Touched is null)
        {
            links.CheckReachable(numbers);
        }

        CheckSecurityIds();
    }

    /// <summary>All directories, or the touched ones and those that hold a touched file's names.</summary>
    private List<long> DirectoriesToWalk()
    {
        if (_context.Touched is not { } touched)
        {
            return [.. _context.Table.With(RecordMarks.Directory)];
        }

        var directories = new SortedSet<long>();
        foreach (var number in touched)
        {
            if ((_context.Table.Get(number).Marks & RecordMarks.Directory) != 0)
            {
                directories.Add(number);
            }

            foreach (var attribute in Load(number) ?? [])
            {
                if (attribute.Type == AttributeType.FileName && FileNameAttribute.TryCreate(attribute.Value.Span, out var name))
                {
                    directories.Add(name.Parent.Record);
                }
            }
        }

        foreach (var number in directories)
        {
            if (_context.LoadRecord(number) is { } bytes && FileRecordHeader.TryCreate(bytes, out var header))
            {
                _context.Table[number].Sequence = header.SequenceNumber;
            }
        }

        return [.. directories];
    }

    private void CheckSecurityIds()
    {
        if (_context.SecurityIds is not { } known || !_context.HasSecure)
        {
            return;
        }

        foreach (var number in _context.Table.With(RecordMarks.InUse))
        {
            var id = _context.Table.Get(number).SecurityId;
            if (id != 0 && !known.Contains(id))
            {
                _context.Findings.Error(NtfsFindingCode.SecurityId, $"FILE record {number}, $STANDARD_INFORMATION",
                    StandardInformation.Layout.SecurityId,
                    "a SecurityId of $Secure", $"0x{id:X}");
            }
        }
    }

    private void CheckBitmaps()
    {
        var bitmaps = new BitmapChecker(_context);
        var clusters = Load(FileReference.BitmapRecord)?.Where(a => a.Type == AttributeType.Data && a.Name.Length == 0).ToList();
        if (clusters is null or { Count: 0 })
        {
            _context.Findings.Error(NtfsFindingCode.BitmapTooShort, "$Bitmap", -1, "an unnamed $DATA", "none");
        }
        else
        {
            bitmaps.CheckClusters(_context.Stream(clusters));
        }

        var records = Load(FileReference.MftRecord)?.Where(a => a.Type == AttributeType.Bitmap && a.Name.Length == 0).ToList();
        if (records is null or { Count: 0 })
        {
            _context.Findings.Error(NtfsFindingCode.RecordMarkedFree, "$MFT", -1, "a $BITMAP", "none");
        }
        else
        {
            bitmaps.CheckRecords(_context.Stream(records), _context.Touched);
        }
    }

    /// <summary>All attributes of a file, without judging; null when its record cannot be used.</summary>
    private List<CheckedAttribute>? Load(long number)
    {
        if (_context.LoadRecord(number) is not { } bytes || _parser.Parse(bytes, number, judge: false) is not { } own)
        {
            return null;
        }

        if (!own.Exists(a => a.Type == AttributeType.AttributeList))
        {
            return own;
        }

        return _lists.Join(own, _context.Extensions.GetValueOrDefault(number) ?? ListedRecords(own, number));
    }

    private void AddExtensionRecords(HashSet<long> touched)
    {
        foreach (var number in touched.ToList())
        {
            if (_context.LoadRecord(number) is not { } bytes || !FileRecordHeader.TryCreate(bytes, out var header))
            {
                continue;
            }

            var at = number;
            if (header.BaseReference.Value != 0)
            {
                at = header.BaseReference.Record;
                touched.Add(at);
            }

            if (_context.LoadRecord(at) is { } own && _parser.Parse(own, at, judge: false) is { } attributes)
            {
                touched.UnionWith(ListedRecords(attributes, at));
            }
        }
    }

    private List<long> ListedRecords(List<CheckedAttribute> own, long number)
    {
        var records = new SortedSet<long>();
        if (own.Find(a => a.Type == AttributeType.AttributeList) is { } list)
        {
            var stream = _context.Stream([list]);
            var content = new byte[Math.Min(stream.Length, 1024 * 1024)];
            stream.TryRead(0, content);
            for (var at = 0; at < content.Length && AttributeListEntry.TryCreate(content.AsSpan(at), out var entry); at += entry.Length)
            {
                if (entry.Reference.Record != number)
                {
                    records.Add(entry.Reference.Record);
                }
            }
        }

        return [.. records];
    }
}
