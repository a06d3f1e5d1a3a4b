using OfflinePatch.Core;
using OfflinePatch.Ntfs.Layout;

namespace OfflinePatch.Ntfs.Attributes;

/// <summary>Changes the size and content of streams. The caller stores the file afterwards.</summary>
internal static class StreamEditor
{
    /// <summary>Moves a resident value into clusters.</summary>
    public static void MakeNonResident(VolumeCore core, FileNode node, NodeAttribute attribute)
    {
        var value = attribute.Value;
        var runs = new RunList();
        core.Bitmap.Allocate(runs, core.Geometry.ClustersFor(value.Length));
        attribute.Value = [];
        attribute.IsResident = false;
        attribute.Header = null;
        attribute.Runs = runs;
        attribute.DataSize = attribute.InitializedSize = value.Length;
        attribute.CompressionUnit = 0;
        core.WriteRuns(runs, 0, value, node.Number);
    }
}
