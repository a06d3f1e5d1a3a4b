using OfflinePatch.Core;
using OfflinePatch.Ntfs.Check;
using OfflinePatch.Ntfs.Engine.Allocation;

namespace OfflinePatch.Ntfs.Volume;

/// <content>Checking: what the device holds, once everything was written to it.</content>
public sealed partial class NtfsVolume
{
    /// <inheritdoc/>
    /// <remarks>Flushes first where something waits.</remarks>
    public IReadOnlyList<VolumeFinding> Check(CancellationToken cancellation = default)
    {
        FlushForCheck();
        return NtfsChecker.Check(_core.Device, new NtfsCheckOptions { Cancellation = cancellation });
    }

    /// <inheritdoc/>
    /// <remarks>
    /// Flushes pending changes first. Checks the touched FILE records, the directories that name them, and the bitmaps.
    /// </remarks>
    public IReadOnlyList<VolumeFinding> CheckChanges(CancellationToken cancellation = default)
    {
        FlushForCheck();
        return _core.Records.Touched.Count == 0
            ? []
            : NtfsChecker.CheckTouched(_core.Device, _core.Records.Touched,
                new NtfsCheckOptions { CheckState = false, Cancellation = cancellation });
    }

    /// <inheritdoc/>
    /// <remarks>Reads all FILE records: <c>NTFS-0304</c> to <c>NTFS-0306</c>.</remarks>
    public IReadOnlyList<VolumeFinding> FindObstacles(CancellationToken cancellation = default)
    {
        try
        {
            return _core.Proof.Find(cancellation);
        }
        catch (CorruptImageException damage)
        {
            return [new VolumeFinding(damage.Code, FindingSeverity.Error, damage.Structure,
                $"expected {damage.Expected}, found {damage.Actual}", damage.Offset)];
        }
        catch (UnsupportedImageException unsupported)
        {
            return [new VolumeFinding(unsupported.Code, FindingSeverity.Error, "volume", unsupported.Message)];
        }
    }

    private void FlushForCheck()
    {
        if (HasUnflushedChanges)
        {
            Flush();
        }
    }
}
