using OfflinePatch.Ntfs.Engine.Attributes;

namespace OfflinePatch.Ntfs.Engine.Allocation;

/// <summary>Whether the records and $Bitmap agreed about what is free before the first change. Determined once, when first asked.</summary>
internal sealed class AllocationProof(OwnerReader owners, ClusterBitmap bitmap, RecordPath paths)
{
    private IReadOnlyList<VolumeFinding>? _findings;

    /// <summary>Refuses a volume on which the records and $Bitmap disagree. Reads all records the first time.</summary>
    /// <exception cref="RefusedException"><c>NTFS-0304</c> to <c>NTFS-0306</c>. Nothing was changed.</exception>
    public void Require()
    {
        if (Find(CancellationToken.None) is { Count: > 0 } findings)
        {
            throw NtfsError.UnsafeAllocation(findings);
        }
    }

    /// <summary>Where the records and $Bitmap disagree about what is free.</summary>
    /// <exception cref="CorruptImageException">$MFT or $Bitmap cannot be read.</exception>
    /// <exception cref="UnsupportedImageException"><c>NTFS-0204</c>: too many runs.</exception>
    public IReadOnlyList<VolumeFinding> Find(CancellationToken cancellation) =>
        _findings ??= new AllocationCheck(bitmap, paths).Compare(owners.Read(cancellation));
}
