using OfflinePatch.Ntfs.Layout;

namespace OfflinePatch.Ntfs.Check;

/// <summary>
/// Joins the records of a file that has several, and compares $ATTRIBUTE_LIST with what they contain. Source: Linux-NTFS documentation,
/// $ATTRIBUTE_LIST.
/// </summary>
internal sealed class AttributeListChecker(CheckContext context, RecordParser parser)
{
    /// <summary>A list beyond this is not read: Windows keeps it in 256 KiB.</summary>
    private const int MaximumList = 1024 * 1024;

    private FindingList Findings => context.Findings;

    /// <summary>All attributes of a file, in the order of its records.</summary>
    public List<CheckedAttribute> Join(List<CheckedAttribute> own, IEnumerable<long> extensions)
    {
        var all = new List<CheckedAttribute>(own);
        foreach (var extension in extensions)
        {
            if (context.LoadRecord(extension) is { } bytes && parser.Parse(bytes, extension, judge: false) is { } more)
            {
                all.AddRange(more);
            }
        }

        return all;
    }

    /// <summary>
    /// The same of a file whose records were all met, and the list against them; the extension records' own content was judged when they
    /// were met.
    /// </summary>
    public List<CheckedAttribute> JoinAndJudge(long number, List<CheckedAttribute> own, ushort sequence)
    {
        var extensions = context.Extensions.GetValueOrDefault(number) ?? [];
        foreach (var extension in extensions)
        {
            if (context.LoadRecord(extension) is { } bytes && FileRecordHeader.TryCreate(bytes, out var header)
                && header.BaseReference.Sequence != sequence)
            {
                Findings.Error(NtfsFindingCode.BaseReference, $"FILE record {extension}", FileRecordHeader.Layout.BaseReference,
                    $"sequence {sequence} of its base record {number}", $"{header.BaseReference.Sequence}");
            }
        }

        var all = Join(own, extensions);
        if (own.Find(a => a.Type == AttributeType.AttributeList) is { } list)
        {
            Compare(number, list, all);
        }

        return all;
    }

    private void Compare(long number, CheckedAttribute list, List<CheckedAttribute> all)
    {
        var stream = context.Stream([list]);
        if (stream.Length > MaximumList)
        {
            Findings.Error(NtfsFindingCode.ListInvalid, list.Label, -1, $"a list of at most {MaximumList} bytes", $"{stream.Length}");
            return;
        }

        var content = new byte[stream.Length];
        stream.TryRead(0, content);
        var expected = new HashSet<(uint Type, long Vcn, long Record, ushort Id)>();
        foreach (var attribute in all)
        {
            if (attribute.Type != AttributeType.AttributeList)
            {
                expected.Add(((uint)attribute.Type, attribute.LowestVcn, attribute.Record, attribute.Id));
            }
        }

        var extra = 0;
        (uint Type, string Name, long Vcn) before = default;
        var hasWarned = false;
        for (var at = 0; at < content.Length;)
        {
            if (!AttributeListEntry.TryCreate(content.AsSpan(at), out var entry) || entry.Length % 8 != 0)
            {
                Findings.Error(NtfsFindingCode.ListInvalid, list.Label, at, "a valid entry", "a broken one");
                return;
            }

            var sequence = context.Table.Get(entry.Reference.Record).Sequence;
            if (!expected.Remove(((uint)entry.Type, entry.LowestVcn, entry.Reference.Record, entry.Id))
                || entry.Reference.Sequence != sequence)
            {
                extra++;
            }

            if (number < 32 && entry.NameOffset != AttributeListEntry.Layout.Name)
            {
                Findings.Error(NtfsFindingCode.ListNameOffset, list.Label, at + AttributeListEntry.Layout.NameOffset,
                    "the name offset 0x1A (ntfs.sys refuses a metafile with another)", $"0x{entry.NameOffset:X}");
            }
            else if (entry.NameOffset != AttributeListEntry.Layout.Name && !hasWarned)
            {
                // chkdsk accepts it; opening the file fails in Windows with ERROR_FILE_CORRUPT (1392): DiscUtils issue 309
                hasWarned = true;
                Findings.Warn(NtfsFindingCode.ListNameOffset, list.Label, at + AttributeListEntry.Layout.NameOffset,
                    "the name offset 0x1A (Windows cannot open a file with another)", $"0x{entry.NameOffset:X}");
            }

            var key = ((uint)entry.Type, Utf16.ToText(entry.NameBytes), entry.LowestVcn);
            if (at > 0 && (key.Item1 < before.Type || (key.Item1 == before.Type && key.Item2 == before.Name && key.LowestVcn < before.Vcn)))
            {
                Findings.Error(NtfsFindingCode.ListOrder, list.Label, at, "entries by type, name and VCN", "another order");
            }

            before = key;
            at += entry.Length;
        }

        if (extra > 0 || expected.Count > 0)
        {
            Findings.Error(NtfsFindingCode.ListIncomplete, list.Label, -1, "an entry for every attribute",
                $"{expected.Count} attributes without an entry, {extra} entries without their attribute");
        }
    }
}
