using OfflinePatch.Ntfs.Engine.Allocation;
using OfflinePatch.Ntfs.Engine.Attributes;
using OfflinePatch.Ntfs.Engine.Records;
using OfflinePatch.Ntfs.Engine.Streams;
using OfflinePatch.Ntfs.Layout;
using OfflinePatch.Ntfs.Runs;

namespace OfflinePatch.Ntfs.Engine.Storage;

/// <summary>
/// Makes $MFT and its bitmap longer, and writes the bitmap. Source: Linux-NTFS documentation, FILE Record.
/// </summary>
/// <param name="records">$MFT.</param>
/// <param name="nodes">Holds the file $MFT.</param>
/// <param name="bitmap">Its bitmap.</param>
/// <param name="reserved">The records that may describe $MFT.</param>
/// <param name="space">What fits into them.</param>
/// <param name="writer">Stores $MFT, with further records from <paramref name="reserved"/> only.</param>
/// <param name="clusters">$Bitmap.</param>
/// <param name="content">Writes the bitmap's clusters.</param>
/// <param name="changes">Reset where a growth was undone.</param>
internal sealed class MftGrowth(RecordStore records, NodeCache nodes, RecordBitmap bitmap, ReservedRecords reserved, RecordSpace space,
    NodeWriter writer, ClusterAllocator clusters, ContentWriter content, ChangeCounter changes)
{
    /// <summary>Fewest records that $MFT grows by: 64 KiB of 1 KiB records.</summary>
    private const int MinGrowth = 64;

    /// <summary>Most records that $MFT grows by at a time.</summary>
    private const int MaxGrowth = 8192;

    /// <summary>Makes $MFT longer by a quarter.</summary>
    /// <exception cref="RefusedException"><c>NTFS-0310</c>: $MFT cannot grow. <c>NTFS-0401</c>: the volume is full.</exception>
    public void Grow()
    {
        var geometry = records.Geometry;
        var node = nodes.Get(FileReference.MftRecord);
        var data = node.Find(AttributeType.Data, "") ?? throw NtfsError.BadMetafile("$MFT", "no $DATA");
        var recordSize = geometry.RecordSize;
        var before = records.Count;

        // room that $MFT has already
        var allocated = data.AllocatedSize(geometry.ClusterSize);
        if (allocated - data.DataSize < recordSize)
        {
            var wanted = Math.Clamp(before / 4, MinGrowth, MaxGrowth);
            var added = Math.Max(1, geometry.ClustersFor(wanted * recordSize));
            var spare = clusters.FreeClusters;
            if (spare < added * 8)
            {
                added = Math.Max(geometry.ClustersFor(recordSize), Math.Min(added, spare / 8));
            }

            var changed = changes.Count;
            var grown = Copy(data.Runs);
            clusters.Allocate(grown, added, data.Runs.EndLcn, forMft: true);
            var saved = data.Runs;
            data.Runs = grown;
            if (!space.FitsInPlace(node) && !TryContinueInNewRecord(node, data, saved.ClusterCount))
            {
                data.Runs = saved;
                clusters.Resize(grown, saved.ClusterCount);
                changes.Count = changed; // everything is as it was: the volume stays open for writing
                throw NtfsError.MftFull("its own record has no room for more runs",
                    "Defragment the volume in the source machine, or delete files there.");
            }

            allocated = data.AllocatedSize(geometry.ClusterSize);
        }

        var count = Math.Min(allocated / recordSize, before + MaxGrowth + (geometry.ClusterSize / recordSize));
        GrowBitmap(node, count);
        data.DataSize = count * recordSize;
        data.InitializedSize = data.DataSize;
        records.Resize(data.Runs, data.DataSize, data.InitializedSize);
        for (var number = before; number < count; number++)
        {
            records.AddBlank(number);
        }

        writer.Store(node);
    }

    /// <summary>Writes the bitmap.</summary>
    public void Flush()
    {
        if (!bitmap.IsChanged)
        {
            return;
        }

        var attribute = bitmap.Attribute;
        if (attribute.IsResident)
        {
            attribute.Value = bitmap.Bits;
            writer.Store(nodes.Get(FileReference.MftRecord));
        }
        else
        {
            content.Write(attribute.Runs, 0, bitmap.Bits, FileReference.MftRecord);
        }

        bitmap.IsChanged = false;
    }

    /// <summary>
    /// Plans a new extent of $MFT's runs in one of the records 16 to 23. The last extent ends where it ended; the only one, in the base
    /// record, ends where it leaves room for the attribute list, and after the records 16 to 23 themselves.
    /// </summary>
    private bool TryContinueInNewRecord(FileNode node, NodeAttribute data, long end)
    {
        if (!reserved.HasFree)
        {
            return false;
        }

        data.Places.Add(new AttributePlace(AttributePlace.NewRecord, 0, end));
        while (!space.FitsInPlace(node))
        {
            var run = data.Runs.IndexOf(data.Places[^1].LowestVcn - 1);
            if (node.HasList || run < 0
                || data.Runs.Runs[run].Vcn << records.Geometry.ClusterShift < FileReference.FirstUserRecord * records.Geometry.RecordSize)
            {
                data.Places.RemoveAt(data.Places.Count - 1);
                return false;
            }

            data.Places[^1] = data.Places[^1] with { LowestVcn = data.Runs.Runs[run].Vcn };
        }

        return true;
    }

    private void GrowBitmap(FileNode node, long count)
    {
        var bytes = (int)(((count + 63) / 64) * 8);
        if (bytes <= bitmap.Bits.Length)
        {
            return;
        }

        var attribute = bitmap.Attribute;
        if (attribute.IsResident)
        {
            attribute.SetResident(new byte[bytes]);
            if (!space.FitsInPlace(node))
            {
                throw NtfsError.MftFull("its own record has no room for a longer bitmap");
            }
        }
        else
        {
            var geometry = records.Geometry;
            var missing = geometry.ClustersFor(bytes) - attribute.Runs.ClusterCount;
            if (missing > 0)
            {
                clusters.Allocate(attribute.Runs, missing, attribute.Runs.EndLcn);
                if (!space.FitsInPlace(node))
                {
                    throw NtfsError.MftFull("its own record has no room for the runs of a longer bitmap");
                }
            }

            attribute.DataSize = bytes;
            attribute.InitializedSize = bytes;
        }

        bitmap.Grow(bytes);
    }

    private static RunList Copy(RunList runs)
    {
        var copy = new RunList();
        foreach (var run in runs.Runs)
        {
            copy.Append(run.Lcn, run.Count);
        }

        return copy;
    }
}
