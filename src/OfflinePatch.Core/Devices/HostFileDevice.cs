using OfflinePatch.Core.Hosting;

namespace OfflinePatch.Core;

/// <summary>A host file as a device that is only read. A transaction lays an overlay on it.</summary>
internal sealed class HostFileDevice(IHostHandle handle) : BlockDevice
{
    public override long Length => handle.Length;

    public override bool CanWrite => false;

    public override void Read(long offset, Span<byte> buffer)
    {
        CheckRange(offset, buffer.Length);
        handle.Read(offset, buffer);
    }

    public override void Write(long offset, ReadOnlySpan<byte> buffer) => throw CoreError.NotWritable();

    public override DeviceExtent GetExtent(long offset)
    {
        CheckRange(offset, 1);
        return handle.GetExtent(offset);
    }
}
