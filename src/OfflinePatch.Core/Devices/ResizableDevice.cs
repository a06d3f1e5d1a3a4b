namespace OfflinePatch.Core.Devices;

/// <summary>A device whose length can change: a host file, seen through a transaction or in memory.</summary>
public abstract class ResizableDevice : BlockDevice
{
    /// <summary>Sets the length in bytes. New bytes read as zeros.</summary>
    /// <exception cref="IOException">The host refused.</exception>
    public abstract void SetLength(long length);

    /// <summary>Grows the device when <paramref name="length"/> is beyond its end; never shrinks it.</summary>
    public void EnsureLength(long length)
    {
        if (length > Length)
        {
            SetLength(length);
        }
    }
}
