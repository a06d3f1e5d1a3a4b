namespace OfflinePatch.Core.FileSystem;

/// <summary>A stream of a file's content that knows, without reading, where only zeros are.</summary>
public interface ISparseContent
{
    /// <summary>
    /// Bytes from <paramref name="offset"/> on that are zeros because nothing is stored for them; 0 where something is, or may be.
    /// </summary>
    /// <param name="offset">Byte offset inside the content.</param>
    long ZeroRun(long offset);
}
