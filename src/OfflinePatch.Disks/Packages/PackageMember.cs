using OfflinePatch.Core;

namespace OfflinePatch.Disks.Packages;

/// <summary>Bytes inside a package that are only read, where a container expects a file.</summary>
internal sealed class PackageMember : ResizableDevice
{
    private readonly BlockDevice _bytes;

    /// <param name="bytes">The content; not owned.</param>
    public PackageMember(BlockDevice bytes) => _bytes = bytes;

    /// <param name="package">The package; not owned.</param>
    /// <param name="start">First byte of the member.</param>
    /// <param name="length">Bytes.</param>
    public PackageMember(BlockDevice package, long start, long length)
        : this(new SubDevice(package, start, length))
    {
    }

    /// <inheritdoc/>
    public override long Length => _bytes.Length;

    /// <inheritdoc/>
    public override bool CanWrite => false;

    /// <inheritdoc/>
    public override void Read(long offset, Span<byte> buffer) => _bytes.Read(offset, buffer);

    /// <inheritdoc/>
    public override void Write(long offset, ReadOnlySpan<byte> buffer) =>
        throw PackageError.NotInPlace("A file inside a package cannot be changed in place.");

    /// <inheritdoc/>
    public override void SetLength(long length) => throw PackageError.NotInPlace("A file inside a package cannot change its length.");

    /// <inheritdoc/>
    public override void Prefetch(long offset, long length) => _bytes.Prefetch(offset, length);

    /// <inheritdoc/>
    public override DeviceExtent GetExtent(long offset) => _bytes.GetExtent(offset);
}
