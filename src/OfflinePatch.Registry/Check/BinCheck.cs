using System.Buffers.Binary;
using OfflinePatch.Registry.Cells;
using OfflinePatch.Registry.Layout;

namespace OfflinePatch.Registry.Check;

/// <summary>The bins follow each other without a gap, and the cells fill each bin.</summary>
internal sealed class BinCheck(HiveImage image, HiveCensus census, HiveFindings findings)
{
    /// <summary>Bytes of bins that are worth a thread.</summary>
    private const int Share = 2 * 1024 * 1024;

    public void Run()
    {
        var shares = CutBins();
        var parts = new (HiveFindings Findings, List<uint> FreeCells)[shares.Count];
        Shares.ForEach(shares.Count, i =>
        {
            parts[i] = (new HiveFindings(), new List<uint>(Share / HiveBin.Alignment));
            CheckCells(shares[i], parts[i].Findings, parts[i].FreeCells);
        });
        foreach (var (found, freeCells) in parts)
        {
            findings.AddRange(found);
            census.FreeCells.AddRange(freeCells);
        }
    }

    /// <summary>Checks the headers of all bins, and the cells of those that were changed.</summary>
    public void RunChanged()
    {
        foreach (var share in CutBins())
        {
            CheckKnownCells(share.Where(image.IsChanged));
        }
    }

    /// <summary>Checks the headers of the bins; returns the bins with sound ones, in shares.</summary>
    private List<List<Range>> CutBins()
    {
        var bins = image.Bins;
        var shares = new List<List<Range>>();
        var shareEnd = 0;
        for (var start = 0; start < bins.Length;)
        {
            var at = new CellOffset((uint)start);
            HiveBin.TryRead(bins[start..], out var bin);
            var size = HiveBin.Alignment;
            if (!bin.HasSignature)
            {
                findings.Error(HiveFindingCode.BinSignature, "hive bin", at, "its signature is not 'hbin'");
            }
            else if (bin.Offset != (uint)start)
            {
                findings.Error(HiveFindingCode.BinOffset, "hive bin", at, $"it says that it is at 0x{bin.Offset:X}");
            }
            else if (bin.Size == 0 || bin.Size % HiveBin.Alignment != 0 || bin.Size > (uint)(bins.Length - start))
            {
                findings.Error(HiveFindingCode.BinSize, "hive bin", at, $"its size is 0x{bin.Size:X}");
            }
            else
            {
                size = (int)bin.Size;
                if (start >= shareEnd)
                {
                    shares.Add([]);
                    shareEnd = start + Share;
                }

                census.AddBin((uint)start);
                shares[^1].Add(start..(start + size));
            }

            start += size;
        }

        return shares;
    }

    /// <summary>Checks the cells of bins; the findings and the free cells are the caller's, who may be one of several threads.</summary>
    private void CheckCells(List<Range> bins, HiveFindings findings, List<uint> freeCells)
    {
        foreach (var range in bins)
        {
            var start = (uint)range.Start.Value;
            var bin = image.Bins[range];
            for (var place = HiveBin.HeaderSize; TryReadCell(bin, start, place, findings, out var raw); place += Math.Abs(raw))
            {
                var offset = start + (uint)place;
                census.AddCell(offset, isAllocated: raw < 0);
                if (raw > 0)
                {
                    freeCells.Add(offset);
                }
            }
        }
    }

    /// <summary>Checks that the cells of bins are those that the editor knows.</summary>
    private void CheckKnownCells(IEnumerable<Range> bins)
    {
        foreach (var range in bins)
        {
            var start = (uint)range.Start.Value;
            var bin = image.Bins[range];
            var count = 0;
            for (var place = HiveBin.HeaderSize; TryReadCell(bin, start, place, findings, out var raw); place += Math.Abs(raw))
            {
                count += census.CellStarts.Contains(start + (uint)place) ? 1 : 0;
                if (!census.CellStarts.Contains(start + (uint)place))
                {
                    findings.Error(HiveFindingCode.EditorCells, "cell", new CellOffset(start + (uint)place), "the editor does not know it");
                }
            }

            if (census.CellStarts.Count(start, (uint)range.End.Value) != count)
            {
                findings.Error(HiveFindingCode.EditorCells, "hive bin", new CellOffset(start),
                    "the editor knows cells in it that are not there");
            }
        }
    }

    /// <summary>The size field of the next cell of a bin; false at the bin's end and, with a finding, where it is wrong.</summary>
    private static bool TryReadCell(ReadOnlySpan<byte> bin, uint start, int place, HiveFindings findings, out int raw)
    {
        raw = 0;
        if (place >= bin.Length)
        {
            return false;
        }

        raw = BinaryPrimitives.ReadInt32LittleEndian(bin[place..]);
        var size = Math.Abs((long)raw);
        if (size == 0 || size % 8 != 0 || size > bin.Length - place)
        {
            findings.Error(HiveFindingCode.CellSize, "cell", new CellOffset(start + (uint)place), $"its size is {raw}");
            return false;
        }

        return true;
    }
}
