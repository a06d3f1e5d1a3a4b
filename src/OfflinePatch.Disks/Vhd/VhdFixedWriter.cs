using OfflinePatch.Core;

namespace OfflinePatch.Disks.Vhd;

/// <summary>Writes a fixed VHD; what is left out stays a hole.</summary>
internal sealed class VhdFixedWriter : DiskWriter
{
    private readonly ResizableDevice _output;
    private readonly long _size;
    private readonly ImageIdentity? _identity;

    /// <exception cref="UnsupportedImageException"><c>VHD-0011</c>.</exception>
    public VhdFixedWriter(ResizableDevice output, long size, ImageIdentity? identity)
    {
        if (size % VhdLayout.SectorSize != 0 || size > VhdLayout.MaxSize)
        {
            throw VhdError.WriteSize(size);
        }

        _output = output;
        _identity = identity;
        _size = size;
        output.SetLength(size + VhdLayout.FooterLength);
    }

    /// <inheritdoc/>
    public override int UnitSize => 64 * 1024;

    /// <inheritdoc/>
    public override void Append(long guestOffset, ReadOnlyMemory<byte> encoded) => _output.Write(guestOffset, encoded.Span);

    /// <inheritdoc/>
    public override void AppendRun(long guestOffset, ReadOnlyMemory<byte> units) => Append(guestOffset, units);

    /// <inheritdoc/>
    public override void Complete()
    {
        _output.Write(_size, VhdFooter.Create(_size, VhdLayout.TypeFixed, ReproducibleClock.Current, _identity));
        _output.Flush();
    }
}
