namespace OfflinePatch.Core.Devices;

/// <summary>Positions of streams.</summary>
public static class StreamPosition
{
    /// <summary>Where a <see cref="Stream.Seek"/> leads to.</summary>
    /// <param name="offset">Bytes from the origin.</param>
    /// <param name="origin">What they are counted from.</param>
    /// <param name="position">The position now.</param>
    /// <param name="length">Bytes of the stream.</param>
    /// <returns>The new position, which may be past the end.</returns>
    /// <exception cref="IOException">It is before the first byte: what readers of archives expect of a file that is too short.</exception>
    public static long Seek(long offset, SeekOrigin origin, long position, long length)
    {
        var target = offset + origin switch { SeekOrigin.Begin => 0, SeekOrigin.Current => position, _ => length };
        return target >= 0 ? target : throw new IOException("The position is before the first byte.");
    }
}
