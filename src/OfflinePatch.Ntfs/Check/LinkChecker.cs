using OfflinePatch.Ntfs.Layout;

namespace OfflinePatch.Ntfs.Check;

/// <summary>
/// Finds out what is wrong with the links of files whose names and index entries do not balance, and which directories no path leads to.
/// </summary>
internal sealed class LinkChecker(CheckContext context, Func<long, List<CheckedAttribute>?> load)
{
    private const int MaximumSuspects = 10_000;

    private FindingList Findings => context.Findings;

    /// <summary>After all directories were walked.</summary>
    public void Check(IEnumerable<long> records, IReadOnlyList<long> directories)
    {
        var suspects = new HashSet<long>();
        foreach (var number in records)
        {
            var facts = context.Table.Get(number);
            if ((facts.Marks & (RecordMarks.InUse | RecordMarks.Extension)) == RecordMarks.InUse
                && (facts.NameBalance != 0 || facts.Names != facts.Entries)
                && suspects.Count < MaximumSuspects)
            {
                suspects.Add(number);
            }
        }

        if (suspects.Count > 0)
        {
            Explain(suspects, directories);
        }
    }

    /// <summary>Follows every directory's parents up to the root.</summary>
    public void CheckReachable(IEnumerable<long> directories)
    {
        var path = new List<long>();
        var met = new HashSet<long>();
        foreach (var directory in directories)
        {
            path.Clear();
            met.Clear();
            var at = directory;
            while (at != FileReference.RootRecord
                && (context.Table.Get(at).Marks & (RecordMarks.Reached | RecordMarks.InUse)) == RecordMarks.InUse)
            {
                if (!met.Add(at))
                {
                    Findings.Error(NtfsFindingCode.ParentLoop, $"directory {directory}", -1, "parents that lead to the root",
                        $"a cycle through record {at}");
                    break;
                }

                path.Add(at);
                at = context.Table.Get(at).Parent;
            }

            foreach (var number in path)
            {
                context.Table[number].Marks |= RecordMarks.Reached;
            }
        }
    }

    private void Explain(HashSet<long> suspects, IReadOnlyList<long> directories)
    {
        var entries = new Dictionary<long, List<(ulong Hash, string Where)>>();
        var walker = new DirectoryChecker(context);
        foreach (var directory in directories)
        {
            if (load(directory) is { } attributes)
            {
                walker.Collect(directory, attributes, suspects, (target, hash, where) =>
                {
                    if (!entries.TryGetValue(target, out var list))
                    {
                        entries.Add(target, list = []);
                    }

                    list.Add((hash, where));
                });
            }
        }

        foreach (var number in suspects.Order())
        {
            Explain(number, entries.GetValueOrDefault(number) ?? []);
            if (Findings.IsFull)
            {
                return;
            }
        }
    }

    private void Explain(long number, List<(ulong Hash, string Where)> entries)
    {
        foreach (var attribute in load(number) ?? [])
        {
            if (attribute.Type != AttributeType.FileName || !FileNameAttribute.TryCreate(attribute.Value.Span, out var name))
            {
                continue;
            }

            var parent = context.Table.Get(name.Parent.Record);
            if ((parent.Marks & RecordMarks.Broken) != 0)
            {
                continue; // the directory itself is a finding
            }

            if (context.Touched is null && ((parent.Marks & RecordMarks.InUse) == 0 || parent.Sequence != name.Parent.Sequence
                || (parent.Marks & RecordMarks.Directory) == 0))
            {
                Findings.Error(NtfsFindingCode.ParentOfName, attribute.Label, attribute.Offset, $"\"{name.Name}\" in a directory",
                    $"the parent {name.Parent}, which is {Describe(parent, name.Parent)}");
            }

            var hash = FileNameHash.Of(number, name.Bytes);
            var index = entries.FindIndex(e => e.Hash == hash);
            if (index < 0)
            {
                Findings.Error(NtfsFindingCode.EntryMissing, attribute.Label, attribute.Offset,
                    $"\"{name.Name}\" in the index of directory {name.Parent.Record}", "no entry");
            }
            else
            {
                entries.RemoveAt(index);
            }
        }

        foreach (var (_, where) in entries)
        {
            Findings.Error(NtfsFindingCode.EntryWithoutName, where, -1, $"a $FILE_NAME in record {number} that says the same", "none");
        }
    }

    private static string Describe(RecordFacts parent, FileReference reference) => (parent.Marks & RecordMarks.InUse) == 0 ? "free"
        : parent.Sequence != reference.Sequence ? $"of sequence {parent.Sequence}"
        : "no directory";
}
