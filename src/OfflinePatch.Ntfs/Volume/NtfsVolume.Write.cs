namespace OfflinePatch.Ntfs;

/// <content>Writing.</content>
public sealed partial class NtfsVolume
{
    /// <inheritdoc/>
    public void CreateDirectory(string path) => throw new NotSupportedException();

    /// <inheritdoc/>
    public void WriteFile(string path, ReadOnlySpan<byte> content) => throw new NotSupportedException();

    /// <inheritdoc/>
    public void WriteFile(string path, Stream content, long length) => throw new NotSupportedException();

    /// <inheritdoc/>
    public void Delete(string path) => throw new NotSupportedException();

    /// <inheritdoc/>
    public void Move(string path, string newPath) => throw new NotSupportedException();

    /// <inheritdoc/>
    public void Flush() => _core.Flush();
}
