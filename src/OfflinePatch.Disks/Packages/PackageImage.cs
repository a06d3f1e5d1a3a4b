using OfflinePatch.Core;

namespace OfflinePatch.Disks.Packages;

/// <summary>
/// The disk inside a package. It is never patched in place; what the package says of it is added to <see cref="DiskImage.Properties"/>.
/// </summary>
internal sealed class PackageImage : DiskImage
{
    private readonly DiskImage _disk;
    private readonly IDisposable? _owned;

    /// <param name="disk">The disk; owned.</param>
    /// <param name="whyNotInPlace">Why it is not patched in place, in a full sentence.</param>
    /// <param name="facts">Properties that the package adds.</param>
    /// <param name="owned">What the disk's bytes are read from, released with it; or null.</param>
    public PackageImage(DiskImage disk, string whyNotInPlace, IEnumerable<KeyValuePair<string, string>> facts, IDisposable? owned = null)
    {
        _disk = disk;
        _owned = owned;
        WhyNotInPlace = whyNotInPlace;
        var properties = new Dictionary<string, string>(disk.Properties);
        foreach (var (key, value) in facts)
        {
            properties.TryAdd(key, value); // of packages in packages the inner one names the disk
        }

        Properties = properties;
    }

    /// <inheritdoc/>
    public override ImageFormat Format => _disk.Format;

    /// <inheritdoc/>
    public override bool IsPackaged => true;

    /// <inheritdoc/>
    public override string Subformat => _disk.Subformat;

    /// <inheritdoc/>
    public override string? WhyNotInPlace { get; }

    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, string> Properties { get; }

    /// <inheritdoc/>
    public override long Length => _disk.Length;

    /// <inheritdoc/>
    public override int SectorSize => _disk.SectorSize;

    /// <inheritdoc/>
    public override void Read(long offset, Span<byte> buffer) => _disk.Read(offset, buffer);

    /// <inheritdoc/>
    public override void Write(long offset, ReadOnlySpan<byte> buffer) => throw PackageError.NotInPlace(WhyNotInPlace!);

    /// <inheritdoc/>
    public override void Prefetch(long offset, long length) => _disk.Prefetch(offset, length);

    /// <inheritdoc/>
    public override DeviceExtent GetExtent(long offset) => _disk.GetExtent(offset);

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _disk.Dispose();
            _owned?.Dispose();
        }

        base.Dispose(disposing);
    }
}
