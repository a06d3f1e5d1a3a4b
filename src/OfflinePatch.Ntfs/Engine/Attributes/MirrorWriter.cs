using OfflinePatch.Ntfs.Engine.Records;
using OfflinePatch.Ntfs.Layout;

namespace OfflinePatch.Ntfs.Engine.Attributes;

/// <summary>$MFTMirr: a copy of the first records of $MFT, as many as a cluster has and at least four.</summary>
internal sealed class MirrorWriter(RecordStore records, NodeCache nodes, RunDevice device)
{
    /// <summary>Copies records that were written to $MFT, byte for byte.</summary>
    /// <param name="numbers">Their numbers, in order.</param>
    /// <exception cref="CorruptImageException"><c>NTFS-0140</c>: $MFTMirr has no clusters.</exception>
    public void Update(long[] numbers)
    {
        var geometry = device.Geometry;
        var mirrored = Math.Max(4, geometry.ClusterSize / geometry.RecordSize);
        if (numbers.Length == 0 || numbers[0] >= mirrored)
        {
            return;
        }

        var node = nodes.Get(FileReference.MirrorRecord);
        var data = node.Find(AttributeType.Data, "") ?? throw NtfsError.BadMetafile("$MFTMirr", "no $DATA");
        if (data.IsResident)
        {
            throw NtfsError.BadMetafile("$MFTMirr", "resident $DATA");
        }

        // big clusters: the mirror has room for more than four records. Windows keeps only the first four current, ntfs-3g compares all
        var size = Math.Min(data.DataSize, Math.Min(data.InitializedSize, data.Runs.ClusterCount << geometry.ClusterShift));
        var bytes = new byte[geometry.RecordSize];
        foreach (var number in numbers.Where(n => n < Math.Min(mirrored, size / geometry.RecordSize)))
        {
            device.Read(records.Runs, long.MaxValue, number * geometry.RecordSize, bytes, FileReference.MftRecord);
            device.WriteThrough(data.Runs, number * geometry.RecordSize, bytes, node.Number);
        }
    }
}
