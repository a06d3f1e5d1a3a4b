using OfflinePatch.Core;

namespace OfflinePatch.Cli.Commands.Fs;

/// <summary>
/// Standard input, read to its end: a file of an image needs its length first. Beyond what memory should hold it lies in a temporary file.
/// </summary>
internal sealed class SpooledInput : IDisposable
{
    private const int BlockSize = 1024 * 1024;
    private readonly OverlayStorage _storage = new(64 * BlockSize);
    private readonly OverlayDevice _device;

    private SpooledInput()
    {
        _device = new OverlayDevice(new MemoryDevice(0), _storage);
        Content = Stream.Null;
    }

    /// <summary>Bytes.</summary>
    public long Length { get; private set; }

    /// <summary>Them, from the start.</summary>
    public Stream Content { get; private set; }

    /// <summary>Reads a stream to its end.</summary>
    public static SpooledInput Read(Stream input, CancellationToken cancellation)
    {
        var spool = new SpooledInput();
        var buffer = new byte[BlockSize];
        int count;
        while ((count = input.Read(buffer)) > 0)
        {
            cancellation.ThrowIfCancellationRequested();
            spool._device.EnsureLength(spool.Length + count);
            spool._device.Write(spool.Length, buffer.AsSpan(0, count));
            spool.Length += count;
        }

        spool.Content = new DeviceStream(spool._device);
        return spool;
    }

    public void Dispose()
    {
        Content.Dispose();
        _device.Dispose();
        _storage.Dispose();
    }
}
