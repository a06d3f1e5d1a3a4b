using OfflinePatch.Core;

namespace OfflinePatch.Disks.Ova;

/// <summary>
/// The first disk of a package. It is never patched in place: the package's manifest holds its checksum. How many disks there are stands in
/// <see cref="DiskImage.Properties"/> under <see cref="DiskCountProperty"/>.
/// </summary>
internal sealed class OvaImage : DiskImage
{
    /// <summary>Property: disks that the package describes.</summary>
    public const string DiskCountProperty = "ovf.diskCount";

    private readonly DiskImage _disk;

    public OvaImage(DiskImage disk, string diskName, int diskCount, bool isOva)
    {
        _disk = disk;
        WhyNotInPlace = isOva
            ? "The disk lies inside an OVA, whose manifest holds its checksum."
            : "The disk belongs to an OVF package, whose manifest holds its checksum.";
        Properties = new Dictionary<string, string>(disk.Properties)
        {
            [DiskCountProperty] = diskCount.ToString(System.Globalization.CultureInfo.InvariantCulture),
            ["ovf.disk"] = diskName,
        };
    }

    /// <inheritdoc/>
    public override ImageFormat Format => _disk.Format;

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
    public override void Write(long offset, ReadOnlySpan<byte> buffer) => throw OvaError.NotInPlace(WhyNotInPlace!);

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
        }

        base.Dispose(disposing);
    }
}
