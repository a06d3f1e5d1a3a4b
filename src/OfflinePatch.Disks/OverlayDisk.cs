using OfflinePatch.Core;

namespace OfflinePatch.Disks;

/// <summary>
/// A disk whose container is only read: what is written stays in an overlay of guest blocks. A fixed copy is made from it in one pass,
/// whatever the container is.
/// </summary>
public sealed class OverlayDisk : DiskImage
{
    private readonly DiskImage _source;
    private readonly OverlayDevice _overlay;

    /// <param name="source">The disk; owned.</param>
    /// <param name="storage">Where changed blocks live; not owned.</param>
    public OverlayDisk(DiskImage source, OverlayStorage storage)
    {
        _source = source;
        _overlay = new OverlayDevice(source, storage);
    }

    /// <summary>Whether anything was written.</summary>
    public bool IsTouched => _overlay.IsTouched;

    /// <summary>
    /// Writes an image that holds the units of the disk in which something was written, and no other. In a format with backing images it
    /// shows this disk when it is opened with the source as its backing image; it does not name the source.
    /// </summary>
    /// <param name="writer">The writer of a new image of <see cref="Length"/> bytes.</param>
    /// <exception cref="HostIOException">The host failed.</exception>
    public void WriteChanges(DiskWriter writer)
    {
        var unit = new byte[writer.UnitSize];
        foreach (var offset in _overlay.ChangedUnits(unit.Length))
        {
            var part = unit.AsMemory(0, (int)Math.Min(unit.Length, Length - offset));
            Read(offset, part.Span);

            // Zeros too: left out they would show what is below them.
            if (writer.Encodes)
            {
                writer.Append(offset, writer.Encode(offset, part));
            }
            else
            {
                writer.AppendRun(offset, part);
            }
        }

        writer.Complete();
    }

    /// <inheritdoc/>
    public override ImageFormat Format => _source.Format;

    /// <inheritdoc/>
    public override bool IsPackaged => _source.IsPackaged;

    /// <inheritdoc/>
    public override string Subformat => _source.Subformat;

    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, string> Properties => _source.Properties;

    /// <inheritdoc/>
    public override long Length => _overlay.Length;

    /// <inheritdoc/>
    public override int SectorSize => _source.SectorSize;

    /// <inheritdoc/>
    public override string? WhyNotGrow => null;

    /// <inheritdoc/>
    protected override long GrowTo(long length)
    {
        var old = Length;
        _overlay.SetLength(length);
        return old; // an overlay that grows reads as zeros there
    }

    /// <inheritdoc/>
    public override void Read(long offset, Span<byte> buffer) => _overlay.Read(offset, buffer);

    /// <inheritdoc/>
    public override void Write(long offset, ReadOnlySpan<byte> buffer) => _overlay.Write(offset, buffer);

    /// <inheritdoc/>
    public override void Prefetch(long offset, long length) => _overlay.Prefetch(offset, length);

    /// <inheritdoc/>
    public override DeviceExtent GetExtent(long offset) => _overlay.GetExtent(offset);

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _source.Dispose();
        }

        base.Dispose(disposing);
    }
}
