using OfflinePatch.Core;
using OfflinePatch.Ntfs.Engine;
using OfflinePatch.Ntfs.Engine.Indexes;
using OfflinePatch.Ntfs.Layout;

namespace OfflinePatch.Ntfs.Check;

/// <summary>What the passes of one check share.</summary>
internal sealed class CheckContext(BlockDevice device, VolumeGeometry geometry, FindingList findings, NtfsCheckOptions options)
{
    public BlockDevice Device { get; } = device;

    public VolumeGeometry Geometry { get; } = geometry;

    public FindingList Findings { get; } = findings;

    public NtfsCheckOptions Options { get; } = options;

    public RecordTable Table { get; } = new();

    /// <summary>Clusters that some run owns.</summary>
    public PagedBitmap Owned { get; } = new();

    /// <summary>Extension records by the record number of their base.</summary>
    public Dictionary<long, List<long>> Extensions { get; } = [];

    /// <summary>Reparse points: file reference and tag.</summary>
    public HashSet<(ulong Reference, uint Tag)> ReparsePoints { get; } = [];

    /// <summary>Files with an object id.</summary>
    public HashSet<ulong> ObjectIds { get; } = [];

    /// <summary>Keys of $Secure:$SII; null where it could not be read.</summary>
    public HashSet<uint>? SecurityIds { get; set; }

    public UpcaseTable Upcase { get; set; } = new(default);

    /// <summary>$MFT; set before the first pass.</summary>
    public CheckedStream Mft { get; set; } = null!;

    /// <summary>Records in $MFT.</summary>
    public long RecordCount => Mft.Length / Geometry.RecordSize;

    /// <summary>Only these records are judged; null: all.</summary>
    public HashSet<long>? Touched { get; init; }

    /// <summary>NTFS 3.0 and later: $Secure is in use.</summary>
    public bool HasSecure { get; set; } = true;

    public CheckedStream Stream(IEnumerable<CheckedAttribute> extents) => new(Device, Geometry.ClusterSize, extents);

    public void ThrowIfCancelled() => Options.Cancellation.ThrowIfCancellationRequested();

    /// <summary>A decoded record in a buffer of its own, or null when it is none or torn.</summary>
    public byte[]? LoadRecord(long number)
    {
        var bytes = new byte[Geometry.RecordSize];
        return number >= 0 && number < RecordCount && Mft.TryRead(number * Geometry.RecordSize, bytes)
            && bytes.AsSpan(0, 4).SequenceEqual("FILE"u8) && UpdateSequence.TryDecode(bytes)
            ? bytes
            : null;
    }
}
