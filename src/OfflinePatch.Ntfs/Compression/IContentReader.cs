using OfflinePatch.Core;

namespace OfflinePatch.Ntfs.Compression;

/// <summary>Plain bytes of some stored content, by offset.</summary>
internal interface IContentReader
{
    /// <summary>Length of the plain content in bytes.</summary>
    long Length { get; }

    /// <summary>Reads up to the buffer's length; returns the bytes read, 0 at or past the end.</summary>
    /// <exception cref="CorruptImageException">The stored content is damaged.</exception>
    int Read(long offset, Span<byte> buffer);

    /// <summary>Bytes from an offset inside the content that are zeros because no cluster holds them; 0 where one does, or may.</summary>
    long ZeroRun(long offset) => 0;
}
