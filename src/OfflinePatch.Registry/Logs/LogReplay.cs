using OfflinePatch.Registry.Cells;
using OfflinePatch.Registry.Layout;

namespace OfflinePatch.Registry.Logs;

/// <summary>
/// Recovers a dirty hive from its logs, as Windows does when it loads it. Source: msuhanov/regf, "Windows registry file format
/// specification" Nothing is written before a log was found that fits.
/// </summary>
internal sealed class LogReplay(HiveImage image, HiveLogs logs, bool baseBlockIsSound)
{
    private readonly List<string> _notes = [];
    private readonly long _originalLength = image.Length;
    private int _entries;
    private int _pages;
    private uint _lastSequence;

    /// <summary>Why no log fits, as the end of a sentence.</summary>
    public string Reason { get; private set; } = "it has no logs";

    /// <summary>Replays what fits; false when nothing does.</summary>
    public bool TryRun(out HiveRecovery recovery)
    {
        if (!logs.IsEmpty)
        {
            Reason = "none of its logs fits it";
        }

        var kind = TryEntries() ? HiveRecoveryKind.ReplayedEntries : TryPages() ? HiveRecoveryKind.ReplayedPages
            : HiveRecoveryKind.Unrecovered;
        if (!baseBlockIsSound && kind != HiveRecoveryKind.Unrecovered)
        {
            _notes.Add("the base block was damaged, and was taken from a log");
        }

        recovery = new HiveRecovery(kind, _entries, _pages, _notes);
        return kind != HiveRecoveryKind.Unrecovered;
    }

    // New format
    // ----------------------------------------------------------------------------------------------------------------------------

    private bool TryEntries()
    {
        var candidates = new List<(string Name, ReadOnlyMemory<byte> Log, uint Sequence)>();
        foreach (var (name, log) in Named())
        {
            if (!log.IsEmpty && TryReadLogBase(log.Span, out var block) && block.FileType == HiveFileType.EntryLog)
            {
                candidates.Add((name, log, block.PrimarySequence));
            }
        }

        // The older log comes first. Without a sound base block only the latest one may be used: it alone goes with the lost one.
        candidates.Sort((a, b) => a.Sequence == b.Sequence ? 0 : SequenceNumbers.IsLater(a.Sequence, b.Sequence) ? 1 : -1);
        if (!baseBlockIsSound)
        {
            return candidates.Count > 0 && RecoverBaseBlock(candidates[^1].Log.Span)
                && ReplayLog(candidates[^1].Name, candidates[^1].Log.Span) && Finish();
        }

        BaseBlock.TryRead(image.Header, out var primary);
        var secondary = primary.SecondarySequence;
        var applied = false;
        foreach (var (name, log, sequence) in candidates)
        {
            if (applied ? sequence != SequenceNumbers.Next(_lastSequence) : SequenceNumbers.IsLater(secondary, sequence))
            {
                _notes.Add($"{name} (sequence {sequence}) does not continue the hive and was left out");
                continue;
            }

            applied |= ReplayLog(name, log.Span);
        }

        return applied && Finish();
    }

    private bool ReplayLog(string name, ReadOnlySpan<byte> log)
    {
        BaseBlock.TryRead(log, out var block);
        var expected = block.PrimarySequence;
        var applied = 0;
        var offset = BaseBlock.SectorSize;
        while (offset < log.Length && LogEntry.TryRead(log[offset..], out var entry) && entry.Sequence == expected
            && IsPlausibleGrowth(entry.BinsSize, log.Length))
        {
            Apply(entry, block.RootCell);
            _lastSequence = expected;
            expected = SequenceNumbers.Next(expected);
            offset += entry.Size;
            applied++;
        }

        _entries += applied;
        _notes.Add(applied == 0 ? $"{name} holds no entry that can be applied"
            : $"{name}: {applied} entries up to sequence {_lastSequence}");
        return applied > 0;
    }

    /// <summary>
    /// Bins that a log adds to a hive are in the log, but for their free space. A log that asks for far more than it holds is damaged, and
    /// would only take memory.
    /// </summary>
    private bool IsPlausibleGrowth(uint binsSize, int logLength) => binsSize <= Math.Max(image.Length, _originalLength + (4L * logLength));

    private void Apply(LogEntry entry, CellOffset root)
    {
        image.Grow(BaseBlock.Size + (int)entry.BinsSize);
        entry.Apply(image.Writable(BaseBlock.Size, (int)entry.BinsSize));
        _pages += (int)entry.PageCount;
        BaseBlock.TryRead(image.Header, out var block);
        var writer = new BaseBlockWriter(image.Writable(0, BaseBlock.Size));
        writer.SetFlags((block.Flags & ~1u) | (entry.Flags & 1u));
        writer.SetBinsSize(entry.BinsSize);
        writer.SetRootCell(root);
    }

    private bool Finish()
    {
        var writer = new BaseBlockWriter(image.Writable(0, BaseBlock.Size));
        writer.SetSequences(SequenceNumbers.Next(_lastSequence));
        writer.Sign();
        return true;
    }

    // Old format
    // ----------------------------------------------------------------------------------------------------------------------------

    private bool TryPages()
    {
        BaseBlock.TryRead(image.Header, out var primary);
        var written = primary.LastWritten;
        if (!baseBlockIsSound && HiveBin.TryRead(image.File[BaseBlock.Size..], out var bin))
        {
            written = bin.Timestamp;
        }

        foreach (var (name, log) in Named())
        {
            if (log.IsEmpty || !TryReadLogBase(log.Span, out var block)
                || block.FileType is not (HiveFileType.DirtyPageLog or HiveFileType.DirtyPageLogOld))
            {
                continue;
            }

            if (block.LastWritten != written || !IsPlausibleGrowth(block.BinsSize, log.Length)
                || !DirtyVector.TryRead(log.Span, block.BinsSize, out var vector))
            {
                _notes.Add($"{name} does not belong to this state of the hive, or is damaged, and was left out");
                continue;
            }

            ApplyPages(log.Span, block, vector);
            _notes.Add($"{name}: {vector.PageCount} pages");
            return true;
        }

        return false;
    }

    private void ApplyPages(ReadOnlySpan<byte> log, BaseBlock block, DirtyVector vector)
    {
        var binsSize = (int)block.BinsSize;
        var sequence = block.PrimarySequence;
        image.Grow(BaseBlock.Size + binsSize);
        vector.Apply(image.Writable(BaseBlock.Size, binsSize));
        _entries = 1;
        _pages = vector.PageCount;
        RecoverBaseBlock(log);
        var writer = new BaseBlockWriter(image.Writable(0, BaseBlock.Size));
        writer.SetSequences(sequence);
        writer.Sign();
    }

    // Both
    // ----------------------------------------------------------------------------------------------------------------------------------

    /// <summary>Takes the base block of a log for that of the hive.</summary>
    private bool RecoverBaseBlock(ReadOnlySpan<byte> log)
    {
        log[..BaseBlock.SectorSize].CopyTo(image.Writable(0, BaseBlock.SectorSize));
        new BaseBlockWriter(image.Writable(0, BaseBlock.Size)).SetFileType(HiveFileType.Primary);
        return true;
    }

    private static bool TryReadLogBase(ReadOnlySpan<byte> log, out BaseBlock block) =>
        BaseBlock.TryRead(log, out block) && block.HasSignature && block.IsChecksumValid && block.PrimarySequence == block.SecondarySequence
        && block.MajorVersion == 1 && block.FileFormat == 1 && block.BinsSize % HiveBin.Alignment == 0
            && block.BinsSize <= BaseBlock.MaxBinsSize;

    private IEnumerable<(string Name, ReadOnlyMemory<byte> Log)> Named() => [("LOG1", logs.Log1), ("LOG2", logs.Log2), ("LOG", logs.Log)];
}
