using OfflinePatch.Ntfs.Layout;

namespace OfflinePatch.Ntfs.Engine.Attributes;

/// <summary>One attribute, or one extent of it, that is to be placed in a record.</summary>
internal sealed class AttributePiece(NodeAttribute attribute, long lowestVcn, byte[] bytes)
{
    public NodeAttribute Attribute { get; } = attribute;

    public long LowestVcn { get; } = lowestVcn;

    public byte[] Bytes { get; } = bytes;

    public long Record { get; set; } = -1;

    /// <summary>Whether a new record is meant for it.</summary>
    public bool IsPlanned { get; init; }

    public int Id { get; set; } = -1;

    /// <summary>Bytes of its entry in the attribute list.</summary>
    public int EntrySize => AttributeEncoder.Round8(AttributeListEntry.Layout.Name + (2 * Attribute.Name.Length));
}
