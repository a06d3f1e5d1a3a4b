using OfflinePatch.Testing;

namespace OfflinePatch.Fuzz.Engine;

/// <summary>The bytes of one case, lent for its duration: a parser may read them.</summary>
internal readonly struct FuzzInput(byte[] buffer, int length)
{
    public ReadOnlyMemory<byte> Memory => buffer.AsMemory(0, length);

    public ReadOnlySpan<byte> Span => buffer.AsSpan(0, length);

    public int Length => length;

    public CopyOnWriteDevice Device(int sectorSize = 512) => new(buffer, length, sectorSize);
}
