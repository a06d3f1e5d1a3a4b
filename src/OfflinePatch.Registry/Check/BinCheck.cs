using System.Buffers.Binary;
using OfflinePatch.Registry.Cells;
using OfflinePatch.Registry.Layout;

namespace OfflinePatch.Registry.Check;

/// <summary>The bins follow each other without a gap, and the cells fill each bin.</summary>
internal sealed class BinCheck(HiveImage image, HiveCensus census, HiveFindings findings)
{
    public void Run()
    {
        var bins = image.Bins;
        for (var start = 0; start < bins.Length;)
        {
            var at = new CellOffset((uint)start);
            HiveBin.TryRead(bins[start..], out var bin);
            var size = HiveBin.Alignment;
            if (!bin.HasSignature)
            {
                findings.Error("REG-C101", "hive bin", at, "its signature is not 'hbin'");
            }
            else if (bin.Offset != (uint)start)
            {
                findings.Error("REG-C102", "hive bin", at, $"it says that it is at 0x{bin.Offset:X}");
            }
            else if (bin.Size == 0 || bin.Size % HiveBin.Alignment != 0 || bin.Size > (uint)(bins.Length - start))
            {
                findings.Error("REG-C103", "hive bin", at, $"its size is 0x{bin.Size:X}");
            }
            else
            {
                size = (int)bin.Size;
                CheckCells(bins.Slice(start, size), start);
            }

            start += size;
        }
    }

    private void CheckCells(ReadOnlySpan<byte> bin, int start)
    {
        for (var place = HiveBin.HeaderSize; place < bin.Length;)
        {
            var raw = BinaryPrimitives.ReadInt32LittleEndian(bin[place..]);
            var size = Math.Abs((long)raw);
            if (size == 0 || size % 8 != 0 || size > bin.Length - place)
            {
                findings.Error("REG-C104", "cell", new CellOffset((uint)(start + place)), $"its size is {raw}");
                return;
            }

            var offset = (uint)(start + place);
            census.CellStarts.Add(offset);
            if (raw > 0)
            {
                census.FreeCells.Add(offset);
            }
            else
            {
                census.AllocatedCount++;
            }

            place += (int)size;
        }
    }
}
