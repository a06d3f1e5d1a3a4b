namespace OfflinePatch.Ntfs.Compression;

/// <summary>Plain bytes of some stored content, by offset.</summary>
public interface IContentReader
{
    /// <summary>Length of the plain content in bytes.</summary>
    long Length { get; }

    /// <summary>Reads up to the buffer's length; returns the bytes read, 0 at or past the end.</summary>
    /// <exception cref="Core.CorruptImageException">The stored content is damaged.</exception>
    int Read(long offset, Span<byte> buffer);

    /// <summary>Bytes from <paramref name="offset"/> on that are zeros because nothing is stored for them; 0 where something is, or may be.</summary>
    long ZeroRun(long offset) => 0;
}
