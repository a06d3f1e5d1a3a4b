using OfflinePatch.Core;
using OfflinePatch.Ntfs.Engine;
using OfflinePatch.Ntfs.LogState;
using OfflinePatch.Ntfs.Replay;

namespace OfflinePatch.Ntfs.Tests.Replay;

/// <summary>A change of a Windows log, with what its target needs.</summary>
internal sealed record LoggedChange(LogRecord Record, int BlockSize, long[] Lcns);

/// <summary>Everything that the log of a clean Windows volume still holds.</summary>
internal sealed class WindowsSession
{
    /// <param name="device">The volume.</param>
    /// <param name="isGuessing">
    /// Whether attributes count whose opening the log has lost: an index operation on them says that they are indexes with blocks of 4 KiB.
    /// </param>
    public WindowsSession(BlockDevice device, bool isGuessing = false)
    {
        Geometry = VolumeGeometry.Read(device);
        var (read, length) = WindowsLogTests.Log(device);
        Page = LogFileInspection.Read(read, length).Page.ToArray();
        Pages = new LogPages(read, length, RestartPage.OverDecoded(Page));
        Pages.Scan();
        Records = WindowsLogTests.ReadAll(Pages);
        var version = Records.Where(r => r.Type == 2).Select(r => BitConverter.ToUInt32(r.Data)).DefaultIfEmpty(0u).First();
        var attributes = new Dictionary<int, OpenAttribute>();
        var indexes =
            Records.Where(r => r.IsChange && r.Redo is LogOperation.AddIndexEntryAllocation or LogOperation.DeleteIndexEntryAllocation
            or LogOperation.WriteEndOfIndexBuffer or LogOperation.SetIndexEntryVcnAllocation or LogOperation.UpdateFileNameAllocation)
            .Select(r => r.TargetAttribute).ToHashSet();
        foreach (var record in Records.Where(r => r.IsChange))
        {
            if (record.Redo == LogOperation.OpenNonresidentAttribute && OpenAttribute.Parse(record.RedoBytes, version) is { } opened)
            {
                attributes[record.TargetAttribute] = opened;
            }
            else if (record.Redo == LogOperation.OpenAttributeTableDump)
            {
                foreach (var (offset, entry) in RestartTable.Read(record))
                {
                    if (OpenAttribute.Parse(entry, version) is { } dumped)
                    {
                        attributes[offset] = dumped;
                    }
                }
            }

            if (record.LcnCount > 0 && (isGuessing || attributes.ContainsKey(record.TargetAttribute)))
            {
                var size = attributes.TryGetValue(record.TargetAttribute, out var attribute) ? attribute.IndexBlockSize
                    : indexes.Contains(record.TargetAttribute) ? 4096 : 0;
                var change = new LoggedChange(record, size, [.. Enumerable.Range(0, record.LcnCount).Select(record.Lcn)]);
                Changes.Add(change);
                if (!record.HasRedoBytes || !record.HasUndoBytes)
                {
                    UnloggedRecords.Add(Position(change));
                }
            }
        }

        ByPosition = Changes.ToLookup(Position);
        foreach (var group in ByPosition)
        {
            var freed = group.Where(c => c.Record.Redo == LogOperation.DeallocateFileRecordSegment).Select(c => c.Record.Lsn).ToList();
            var taken = group.Where(c => c.Record.Redo == LogOperation.InitializeFileRecordSegment).Select(c => c.Record.Lsn)
                .DefaultIfEmpty(0UL).Max();
            freed.RemoveAll(lsn => lsn > taken);
            if (freed.Count > 0)
            {
                Reuses.Add(group.Key, freed);
            }
        }
    }

    /// <summary>Changes by the position of their structure.</summary>
    public ILookup<long, LoggedChange> ByPosition { get; }

    /// <summary>Records that were freed, and taken again later: the LSNs at which they were freed.</summary>
    public Dictionary<long, List<ulong>> Reuses { get; } = [];

    public VolumeGeometry Geometry { get; }

    /// <summary>The restart page, decoded.</summary>
    public byte[] Page { get; }

    public LogPages Pages { get; }

    public List<LogRecord> Records { get; }

    public List<LoggedChange> Changes { get; } = [];

    /// <summary>Positions of FILE records with changes whose bytes are not in the log.</summary>
    public HashSet<long> UnloggedRecords { get; } = [];

    /// <summary>Where the changed structure, or page, starts on the volume.</summary>
    public long Position(LoggedChange change)
    {
        var at = change.Record.ClusterOffset;
        return (change.Lcns[at / Geometry.ClusterSize] * Geometry.ClusterSize) + (at % Geometry.ClusterSize);
    }
}
