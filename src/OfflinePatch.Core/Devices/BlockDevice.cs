namespace OfflinePatch.Core.Devices;

/// <summary>
/// A run of bytes addressed by offset: a host file, the guest-visible disk inside a container, or a partition of it.
/// There is no current position, so that one device can be read from several places at once.
/// </summary>
/// <remarks>Devices over immutable content may be read by several threads; while one thread writes, no other may use the device.</remarks>
public abstract class BlockDevice : IDisposable
{
    /// <summary>Length in bytes.</summary>
    public abstract long Length { get; }

    /// <summary>Whether <see cref="Write"/> is allowed.</summary>
    public abstract bool CanWrite { get; }

    /// <summary>Bytes per logical sector as the device reports it: 512 or 4096. 512 where a format does not say.</summary>
    public virtual int SectorSize => 512;

    /// <summary>Fills <paramref name="buffer"/> from <paramref name="offset"/>.</summary>
    /// <exception cref="CorruptImageException">The range is not inside the device (<c>CORE-0001</c>), or its mapping is
    /// damaged.</exception>
    /// <exception cref="IOException">The host failed to read.</exception>
    public abstract void Read(long offset, Span<byte> buffer);

    /// <summary>Writes <paramref name="buffer"/> at <paramref name="offset"/>. The range must be inside the device.</summary>
    /// <exception cref="CorruptImageException">The range is not inside the device (<c>CORE-0001</c>), or its mapping is
    /// damaged.</exception>
    /// <exception cref="UnsupportedImageException">The device cannot be written in place.</exception>
    /// <exception cref="IOException">The host failed to write.</exception>
    public abstract void Write(long offset, ReadOnlySpan<byte> buffer);

    /// <summary>Flushes buffered writes to the device below.</summary>
    public virtual void Flush()
    {
    }

    /// <summary>
    /// What lies at <paramref name="offset"/>, without reading it: a run that certainly reads as zeros, or one that may hold data.
    /// The run is at least one byte long and does not pass the end of the device. A caller may treat data as unknown.
    /// </summary>
    public virtual DeviceExtent GetExtent(long offset)
    {
        CheckRange(offset, 1);
        return new DeviceExtent(offset, Length - offset, IsZero: false);
    }

    /// <summary>
    /// Hints that a range will be read soon, so that the host can prefetch it. Does nothing where the host cannot; never fails.
    /// </summary>
    public virtual void Prefetch(long offset, long length)
    {
    }

    /// <summary>Refuses a range that is not inside the device.</summary>
    protected void CheckRange(long offset, long length)
    {
        if (offset < 0 || length < 0 || offset > Length || length > Length - offset)
        {
            throw CoreError.OutsideDevice(GetType().Name, offset, length, Length);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Releases what the device owns.</summary>
    protected virtual void Dispose(bool disposing)
    {
    }
}

/// <summary>A run of a device that reads as zeros, or that may hold data.</summary>
/// <param name="Offset">First byte.</param>
/// <param name="Length">Bytes, at least 1.</param>
/// <param name="IsZero">True: every byte of the run is zero. False: unknown.</param>
public readonly record struct DeviceExtent(long Offset, long Length, bool IsZero);
