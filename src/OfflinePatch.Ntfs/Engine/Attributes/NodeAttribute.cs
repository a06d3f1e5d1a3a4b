using OfflinePatch.Core;
using OfflinePatch.Ntfs.Engine.Storage;
using OfflinePatch.Ntfs.Layout;
using OfflinePatch.Ntfs.Runs;

namespace OfflinePatch.Ntfs.Engine.Attributes;

/// <summary>Where one part of an attribute stands: the record, its id there, and the first VCN of the part.</summary>
internal readonly record struct AttributePlace(long Record, ushort Id, long LowestVcn)
{
    /// <summary>In place of <see cref="Record"/>: the part gets a record of its own when the file is stored.</summary>
    public const long NewRecord = -2;
}

/// <summary>
/// One attribute of a file with all its extents. The header bytes are kept as they were; <see cref="NodeWriter"/> sets only the fields
/// that this class names.
/// </summary>
internal sealed class NodeAttribute(AttributeType type, string name)
{
    /// <summary>Type.</summary>
    public AttributeType Type { get; } = type;

    /// <summary>Name, empty when unnamed.</summary>
    public string Name { get; } = name;

    /// <summary>Header of the first part as it was read (0x18 bytes resident, 0x40 or 0x48 otherwise), or null when it is new.</summary>
    public byte[]? Header { get; set; }

    /// <summary>Flags.</summary>
    public AttributeFlags Flags { get; set; }

    /// <summary>Whether the value is in the record.</summary>
    public bool IsResident { get; set; } = true;

    /// <summary>Resident: the value.</summary>
    public byte[] Value { get; set; } = [];

    /// <summary>Not resident: the runs.</summary>
    public RunList Runs { get; set; } = new();

    /// <summary>Bytes of the stream.</summary>
    public long DataSize { get; set; }

    /// <summary>Bytes that were written; zeros beyond.</summary>
    public long InitializedSize { get; set; }

    /// <summary>Not resident: log2 of clusters per compression unit.</summary>
    public int CompressionUnit { get; set; }

    /// <summary>Where the parts stand; empty for a new attribute.</summary>
    public List<AttributePlace> Places { get; } = [];

    /// <summary>Whether it is compressed or sparse: its header has a field more.</summary>
    public bool IsCompressedOrSparse => (Flags & (AttributeFlags.Compressed | AttributeFlags.Sparse)) != 0;

    /// <summary>Bytes of the VCN range.</summary>
    public long AllocatedSize(int clusterSize) => Runs.ClusterCount * clusterSize;

    /// <summary>
    /// Bytes that the unnamed stream's copy in $FILE_NAME calls allocated: real clusters, or the resident value rounded to 8.
    /// </summary>
    public long DuplicatedAllocation(int clusterSize) => IsResident
        ? (Value.Length + 7) & ~7
        : (IsCompressedOrSparse ? Runs.AllocatedClusters : Runs.ClusterCount) * clusterSize;

    /// <summary>Reads stored bytes (not decompressed). The range is inside the stream.</summary>
    public void Read(RunDevice device, long record, long offset, Span<byte> buffer)
    {
        if (IsResident)
        {
            Value.AsSpan((int)offset, buffer.Length).CopyTo(buffer);
        }
        else
        {
            device.Read(Runs, InitializedSize, offset, buffer, record);
        }
    }

    /// <summary>The whole stored content, of at most <paramref name="limit"/> bytes.</summary>
    /// <exception cref="UnsupportedImageException"><c>NTFS-0204</c>.</exception>
    public byte[] ReadAll(RunDevice device, long record, int limit, string what)
    {
        if (DataSize > limit)
        {
            throw NtfsError.TooLarge(what, DataSize, limit);
        }

        var bytes = new byte[DataSize];
        Read(device, record, 0, bytes);
        return bytes;
    }

    /// <summary>Makes it an empty resident attribute. The caller has freed the clusters.</summary>
    public void SetResident(byte[] value)
    {
        if (!IsResident)
        {
            Header = null;
            Runs = new RunList();
            CompressionUnit = 0;
        }

        IsResident = true;
        Value = value;
        DataSize = InitializedSize = value.Length;
    }
}
