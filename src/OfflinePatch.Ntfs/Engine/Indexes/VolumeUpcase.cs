using OfflinePatch.Ntfs.Engine.Attributes;
using OfflinePatch.Ntfs.Layout;

namespace OfflinePatch.Ntfs.Engine.Indexes;

/// <summary>The file $UpCase of a volume.</summary>
internal sealed class VolumeUpcase(NodeCache nodes, RunDevice device)
{
    private UpcaseTable? _table;

    /// <summary>How the volume compares names, read when first needed.</summary>
    /// <exception cref="CorruptImageException"><c>NTFS-0140</c>: it is missing, or of another size.</exception>
    public UpcaseTable Table => _table ??= Read();

    private UpcaseTable Read()
    {
        var node = nodes.Get(FileReference.UpCaseRecord);
        var data = node.Find(AttributeType.Data, "") ?? throw NtfsError.BadMetafile("$UpCase", "no $DATA");
        return data.DataSize == UpcaseTable.Size ? new UpcaseTable(data.ReadAll(device, node.Number, UpcaseTable.Size, "$UpCase"))
            : throw NtfsError.BadMetafile("$UpCase", $"{data.DataSize} bytes instead of {UpcaseTable.Size}");
    }
}
