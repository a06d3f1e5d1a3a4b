using OfflinePatch.Core;

namespace OfflinePatch.Disks.Raw;

/// <summary>Writes a RAW image; what is left out stays a hole.</summary>
internal sealed class RawWriter : DiskWriter
{
    private readonly ResizableDevice _output;

    public RawWriter(ResizableDevice output, long virtualSize)
    {
        _output = output;
        output.SetLength(virtualSize);
    }

    /// <inheritdoc/>
    public override int UnitSize => 64 * 1024;

    /// <inheritdoc/>
    public override void Append(long guestOffset, ReadOnlyMemory<byte> encoded) => _output.Write(guestOffset, encoded.Span);

    /// <inheritdoc/>
    public override void AppendRun(long guestOffset, ReadOnlyMemory<byte> units) => Append(guestOffset, units);

    /// <inheritdoc/>
    public override void Complete() => _output.Flush();
}
