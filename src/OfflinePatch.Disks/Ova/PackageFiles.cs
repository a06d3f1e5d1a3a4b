using OfflinePatch.Core;

namespace OfflinePatch.Disks.Ova;

/// <summary>The disk inside a package, as the files of an image: members of the tar, or files beside the .ovf. None of them can be written.</summary>
internal sealed class PackageFiles(string imagePath, ResizableDevice image, Func<string, ResizableDevice> open) : IImageFiles
{
    /// <inheritdoc/>
    public string ImagePath => imagePath;

    /// <inheritdoc/>
    public ResizableDevice Image => image;

    /// <inheritdoc/>
    public ImageFile OpenCompanion(string relativeTo, string name, CompanionKind kind) => new(name, open(name));
}

/// <summary>A part of a file that is only read, where a container wants a file.</summary>
internal sealed class PackageMember(BlockDevice package, long start, long length) : ResizableDevice
{
    private readonly SubDevice _bytes = new(package, start, length);

    /// <inheritdoc/>
    public override long Length => _bytes.Length;

    /// <inheritdoc/>
    public override bool CanWrite => false;

    /// <inheritdoc/>
    public override void Read(long offset, Span<byte> buffer) => _bytes.Read(offset, buffer);

    /// <inheritdoc/>
    public override void Write(long offset, ReadOnlySpan<byte> buffer) => throw OvaError.NotInPlace("A member of an OVA cannot be changed in place.");

    /// <inheritdoc/>
    public override void SetLength(long length) => throw OvaError.NotInPlace("A member of an OVA cannot change its length.");

    /// <inheritdoc/>
    public override DeviceExtent GetExtent(long offset) => _bytes.GetExtent(offset);
}
