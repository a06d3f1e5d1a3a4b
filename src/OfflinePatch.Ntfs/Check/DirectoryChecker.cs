using OfflinePatch.Ntfs.Layout;

namespace OfflinePatch.Ntfs.Check;

/// <summary>
/// Compares the entries of a directory with the files that they lead to. Source: Linux-NTFS documentation, Index Record; what chkdsk
/// reports.
/// </summary>
internal sealed class DirectoryChecker(CheckContext context)
{
    private FindingList Findings => context.Findings;

    /// <summary>Walks one directory, judges it, and settles the balance of the names that it holds.</summary>
    public void Check(long number, List<CheckedAttribute> attributes)
    {
        var facts = context.Table.Get(number);
        var own = (ulong)number | ((ulong)facts.Sequence << 48);
        var isSystem = IsBelowExtend(number);
        new IndexWalker(context, $"directory {number}", KeyOrders.FileName(context.Upcase),
            (entry, node, offset) => Judge(entry, node, offset, own, isSystem))
            .Walk(attributes, "$I30");
    }

    /// <summary>The links of a directory that lead to one of <paramref name="targets"/>, without judging.</summary>
    public void Collect(long number, List<CheckedAttribute> attributes, HashSet<long> targets, Action<long, ulong, string> found) =>
        new IndexWalker(context, "", order: null, (entry, _, _) =>
        {
            if (targets.Contains(entry.Reference.Record) && FileNameAttribute.TryCreate(entry.Key, out var name))
            {
                found(entry.Reference.Record, FileNameHash.Of(entry.Reference.Record, name.Bytes),
                    $"directory {number}, entry \"{name.Name}\"");
            }
        }, judge: false).Walk(attributes, "$I30");

    private void Judge(IndexEntry entry, string node, int offset, ulong directory, bool isSystem)
    {
        if (!FileNameAttribute.TryCreate(entry.Key, out var name) || name.NameLength == 0
            || entry.KeyLength != FileNameAttribute.Layout.Name + (2 * name.NameLength))
        {
            Findings.Error(NtfsFindingCode.EntryName, node, offset + IndexEntry.Layout.KeyLength, "a name of the length that it says",
                $"{entry.KeyLength} bytes");
            return;
        }

        if (name.Parent.Value != directory)
        {
            Findings.Error(NtfsFindingCode.EntryParent, node, offset + IndexEntry.Layout.Key,
                $"\"{name.Name}\" with the parent {new FileReference(directory)}", $"{name.Parent}");
        }

        var target = entry.Reference.Record;
        if (context.Touched is { } touched && !touched.Contains(target))
        {
            return;
        }

        var facts = context.Table.Get(target);
        if ((facts.Marks & RecordMarks.InUse) == 0 || (facts.Marks & RecordMarks.Extension) != 0)
        {
            Findings.Error(NtfsFindingCode.EntryTarget, node, offset, $"\"{name.Name}\" to lead to a file",
                $"record {target}, which is {((facts.Marks & RecordMarks.Extension) != 0 ? "an extension record" : "free")}");
            return;
        }

        if (facts.Sequence != entry.Reference.Sequence)
        {
            Findings.Error(NtfsFindingCode.EntrySequence, node, offset,
                $"\"{name.Name}\" to lead to {target} with sequence {facts.Sequence}",
                $"{entry.Reference.Sequence}");
        }

        ref var balance = ref context.Table[target];
        balance.NameBalance = unchecked(balance.NameBalance - FileNameHash.Of(target, name.Bytes));
        balance.Entries = (ushort)Math.Min(ushort.MaxValue, balance.Entries + 1);
        if ((facts.Marks & RecordMarks.Broken) != 0)
        {
            return;
        }

        var isDirectory = (facts.Marks & RecordMarks.Directory) != 0;
        if ((name.Attributes & FileNameAttribute.DirectoryBit) != 0 != isDirectory)
        {
            Findings.Error(NtfsFindingCode.EntryKind, node, offset + IndexEntry.Layout.Key + FileNameAttribute.Layout.Attributes,
                $"\"{name.Name}\" as a {(isDirectory ? "directory" : "file")}", "the contrary");
        }

        if ((facts.Marks & (RecordMarks.HasSizes | RecordMarks.HardLinked | RecordMarks.Directory)) == RecordMarks.HasSizes && !isSystem
            && target >= FileReference.FirstUserRecord
            && (name.DataSize != facts.DataSize || name.AllocatedSize != facts.AllocatedSize))
        {
            Findings.Warn(NtfsFindingCode.EntrySizes, node, offset + IndexEntry.Layout.Key + FileNameAttribute.Layout.AllocatedSize,
                $"\"{name.Name}\" with {facts.DataSize} bytes, {facts.AllocatedSize} allocated, as the file",
                    $"{name.DataSize}, {name.AllocatedSize}");
        }
        else if (isDirectory && !isSystem && target >= FileReference.FirstUserRecord && (name.DataSize != 0 || name.AllocatedSize != 0))
        {
            Findings.Warn(NtfsFindingCode.EntrySizes, node, offset + IndexEntry.Layout.Key + FileNameAttribute.Layout.AllocatedSize,
                $"\"{name.Name}\" without a size, as it is a directory", $"{name.DataSize}, {name.AllocatedSize}");
        }
    }

    /// <summary>The transaction log below $Extend: NTFS writes to it without the names' copies of sizes.</summary>
    private bool IsBelowExtend(long number)
    {
        for (var steps = 0; steps < 8 && number != FileReference.RootRecord; steps++)
        {
            if (number == FileReference.ExtendRecord)
            {
                return true;
            }

            number = context.Table.Get(number).Parent;
        }

        return false;
    }
}
