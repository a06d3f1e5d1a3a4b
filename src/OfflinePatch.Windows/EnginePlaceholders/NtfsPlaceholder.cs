#pragma warning disable CS1591, CA1822, CA1801, IDE0060, CA1065
using OfflinePatch.Core;

namespace OfflinePatch.Ntfs;

public sealed class NtfsOpenOptions;

public sealed class NtfsVolumeState;

public sealed record NtfsFinding;

public sealed class NtfsVolume : IWritableFileSystem
{
    public static bool Probe(BlockDevice partition) => false;

    public static NtfsVolume Open(BlockDevice partition, NtfsOpenOptions? options = null) => throw new NotSupportedException();

    public NtfsVolumeState State => throw new NotSupportedException();

    public int ClusterSize => 0;

    public long FreeBytes => 0;

    public string Format => "NTFS";

    public string Source => "";

    public IReadOnlyList<NtfsFinding> CheckTouched() => throw new NotSupportedException();

    public FileEntry? Find(string path) => throw new NotSupportedException();

    public IEnumerable<FileEntry> Enumerate(string directory) => throw new NotSupportedException();

    public int Read(string path, long offset, Span<byte> buffer) => throw new NotSupportedException();

    public Stream OpenRead(string path) => throw new NotSupportedException();

    public void CreateDirectory(string path) => throw new NotSupportedException();

    public void WriteFile(string path, ReadOnlySpan<byte> content) => throw new NotSupportedException();

    public void WriteFile(string path, Stream content, long length) => throw new NotSupportedException();

    public void Delete(string path) => throw new NotSupportedException();

    public void Move(string path, string newPath) => throw new NotSupportedException();

    public void Flush() => throw new NotSupportedException();

    public void Dispose()
    {
    }
}
