using BenchmarkDotNet.Attributes;
using OfflinePatch.Core;

namespace OfflinePatch.Benchmarks;

/// <summary>Every byte that is read or written in an image passes through the overlay.</summary>
[MemoryDiagnoser]
public class OverlayBenchmark : IDisposable
{
    private const int Length = 64 * 1024 * 1024;
    private readonly OverlayStorage _storage = new();
    private readonly OverlayDevice _overlay;
    private readonly byte[] _buffer = new byte[1024 * 1024];

    public OverlayBenchmark()
    {
        _overlay = new OverlayDevice(new MemoryDevice(Length), _storage);
        for (var offset = 0; offset < Length; offset += 64 * 1024)
        {
            _overlay.Write(offset, _buffer.AsSpan(0, 4096));
        }
    }

    [Benchmark]
    public void ReadSequentially()
    {
        for (long offset = 0; offset < Length; offset += _buffer.Length)
        {
            _overlay.Read(offset, _buffer);
        }
    }

    public void Dispose()
    {
        _overlay.Dispose();
        _storage.Dispose();
        GC.SuppressFinalize(this);
    }
}
