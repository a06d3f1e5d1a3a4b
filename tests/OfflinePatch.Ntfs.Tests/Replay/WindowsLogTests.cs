using OfflinePatch.Core;
using OfflinePatch.Ntfs.Compression;
using OfflinePatch.Ntfs.Layout;
using OfflinePatch.Ntfs.LogState;
using OfflinePatch.Ntfs.Replay;
using OfflinePatch.Ntfs.Tests.Check;
using OfflinePatch.Testing;

namespace OfflinePatch.Ntfs.Tests.Replay;

/// <summary>
/// Logs that Windows wrote and closed: every record of the last round must be readable, and the last one must be the one that the restart
/// page names.
/// </summary>
public sealed class WindowsLogTests
{
    [SkippableTheory, Trait("tier", "layout")]
    [InlineData("ntfs/charlie.dd", 0L)]
    [InlineData("ntfs/large-directory.bin", 0L)]
    [InlineData("ntfs/ntfs-2m.raw", 65536L)]
    [InlineData("ntfs/ntfs-lastaccess.raw", 65536L)]
    [InlineData("ntfs/ntfs-si-vs-fn.raw", 65536L)]
    public void Every_record_is_read(string name, long start)
    {
        using var disk = Corpus.ReadSparse(name);
        using var volume = new SubDevice(disk, start, disk.Length - start);
        var (read, length) = Log(volume);
        var inspection = LogFileInspection.Read(read, length);
        Assert.Equal(LogFileState.Clean, inspection.State);
        Assert.Equal((1, 1), (inspection.MajorVersion, inspection.MinorVersion));
        var restart = RestartPage.OverDecoded(inspection.Page.Span);
        var pages = new LogPages(read, length, restart);
        pages.Scan();
        Assert.Equal(inspection.CurrentLsn, pages.NewestLsn);
        var operations = new SortedDictionary<LogOperation, int>();
        var without = new SortedSet<string>(StringComparer.Ordinal); // records that give a length and no bytes
        var all = ReadAll(pages);
        foreach (var record in all.Where(r => r.IsChange))
        {
            Assert.True(record.Problem() is null,
                $"{record.Redo} {record.Undo}: {record.Problem()} {Convert.ToHexString(record.Data[..0x28])} of {record.Data.Length}");
            if (!record.HasRedoBytes)
            {
                without.Add($"{record.Redo}");
            }

            if (!record.HasUndoBytes)
            {
                without.Add($"undo {record.Undo} of {record.Redo}");
            }

            operations[record.Redo] = operations.GetValueOrDefault(record.Redo) + 1;
            operations[record.Undo] = operations.GetValueOrDefault(record.Undo) + 1;
        }

        Console.WriteLine($"{name}: {all.Count} records, without bytes: {string.Join(", ", without)}; "
            + $"{string.Join(", ", operations.Select(o => $"{o.Key} {o.Value}"))}");
        Assert.All(operations.Keys, o => Assert.True(Enum.IsDefined(o), $"operation 0x{(int)o:X}"));
        Assert.Equal(inspection.CurrentLsn, all[^1].Lsn);
    }

    /// <summary>
    /// All records that are left, oldest first. Windows starts every session on a fresh page, so there are gaps between the chains.
    /// </summary>
    internal static List<LogRecord> ReadAll(LogPages pages)
    {
        var records = new List<LogRecord>();
        foreach (var start in pages.PageStarts())
        {
            for (var lsn = start; (records.Count == 0 || lsn > records[^1].Lsn) && pages.Read(lsn, out var next) is { } record; lsn = next)
            {
                records.Add(record);
            }
        }

        return records;
    }

    internal static (OfflinePatch.Ntfs.Compression.RawRead Read, long Length) Log(BlockDevice volume)
    {
        var surgeon = new VolumeSurgeon(volume);
        var record = surgeon.Record(2);
        var attribute = VolumeSurgeon.Attribute(record, AttributeType.Data);
        var runs = surgeon.Runs(record, attribute);
        return ((offset, buffer) =>
        {
            while (buffer.Length > 0)
            {
                var run = runs.First(r => offset < (r.Vcn + r.Count) * surgeon.ClusterSize);
                var count = (int)Math.Min(buffer.Length, ((run.Vcn + run.Count) * surgeon.ClusterSize) - offset);
                volume.Read((run.Lcn * surgeon.ClusterSize) + offset - (run.Vcn * surgeon.ClusterSize), buffer[..count]);
                buffer = buffer[count..];
                offset += count;
            }
        }, BitConverter.ToInt64(record, attribute + 0x30));
    }
}
