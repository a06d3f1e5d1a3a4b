using OfflinePatch.Ntfs.Layout;

namespace OfflinePatch.Ntfs.Check;

/// <summary>One attribute, or one extent of it, of the record that is being checked. The value points into the record's buffer.</summary>
internal sealed class CheckedAttribute
{
    private static readonly List<StreamRun> NoRuns = [];

    public required AttributeType Type { get; init; }

    public required string Name { get; init; }

    public required ushort Id { get; init; }

    public required long Record { get; init; }

    /// <summary>Offset in the record.</summary>
    public required int Offset { get; init; }

    public required bool IsResident { get; init; }

    public ReadOnlyMemory<byte> Value { get; init; }

    public AttributeFlags Flags { get; init; }

    public int CompressionUnit { get; init; }

    public long LowestVcn { get; init; }

    public long HighestVcn { get; init; }

    public long AllocatedSize { get; init; }

    /// <summary>Bytes of the stream, resident or not (first extent).</summary>
    public long DataSize { get; init; }

    public long InitializedSize { get; init; }

    /// <summary>Only where <see cref="HasCompressedSize"/>.</summary>
    public long CompressedSize { get; init; }

    public bool HasCompressedSize { get; init; }

    public List<StreamRun> Runs { get; init; } = NoRuns;

    /// <summary>Compressed or sparse: holes are legal.</summary>
    public bool MayHaveHoles => (Flags & (AttributeFlags.Compressed | AttributeFlags.Sparse)) != 0;

    /// <summary>For messages.</summary>
    public string Label => Name.Length == 0 ? $"FILE record {Record}, {TypeName(Type)}" : $"FILE record {Record}, {TypeName(Type)}:{Name}";

    public static string TypeName(AttributeType type) => type switch
    {
        AttributeType.StandardInformation => "$STANDARD_INFORMATION",
        AttributeType.AttributeList => "$ATTRIBUTE_LIST",
        AttributeType.FileName => "$FILE_NAME",
        AttributeType.ObjectId => "$OBJECT_ID",
        AttributeType.SecurityDescriptor => "$SECURITY_DESCRIPTOR",
        AttributeType.VolumeName => "$VOLUME_NAME",
        AttributeType.VolumeInformation => "$VOLUME_INFORMATION",
        AttributeType.Data => "$DATA",
        AttributeType.IndexRoot => "$INDEX_ROOT",
        AttributeType.IndexAllocation => "$INDEX_ALLOCATION",
        AttributeType.Bitmap => "$BITMAP",
        AttributeType.ReparsePoint => "$REPARSE_POINT",
        AttributeType.ExtendedAttributeInformation => "$EA_INFORMATION",
        AttributeType.ExtendedAttribute => "$EA",
        AttributeType.LoggedUtilityStream => "$LOGGED_UTILITY_STREAM",
        _ => $"attribute 0x{(uint)type:X}",
    };
}
