using OfflinePatch.Ntfs.Check;

namespace OfflinePatch.Ntfs;

/// <content>Checking: what the device holds, after everything was written to it.</content>
public sealed partial class NtfsVolume
{
    /// <summary>Checks the whole volume. Flushes first where something waits.</summary>
    /// <exception cref="IOException">The host failed.</exception>
    public IReadOnlyList<NtfsFinding> Check(NtfsCheckOptions? options = null)
    {
        FlushForCheck();
        return NtfsChecker.Check(_core.Device, options);
    }

    /// <summary>Checks what was changed since the volume was opened. Flushes first where something waits.</summary>
    /// <exception cref="IOException">The host failed.</exception>
    public IReadOnlyList<NtfsFinding> CheckTouched(NtfsCheckOptions? options = null)
    {
        FlushForCheck();
        return _core.Records.Touched.Count == 0 ? [] : NtfsChecker.CheckTouched(_core.Device, _core.Records.Touched, options);
    }

    private void FlushForCheck()
    {
        if (HasUnflushedChanges)
        {
            Flush();
        }
    }
}
