using System.Runtime.InteropServices;

namespace OfflinePatch.Core.Hosting;

/// <summary>Buffers that a device can fetch from by itself: they start at a page of memory and do not move.</summary>
public static class AlignedBuffer
{
    /// <summary>Alignment for O_DIRECT: address, offset and length must be multiples of this. A page; no sector is larger.</summary>
    public const int Alignment = 4096;

    /// <summary>
    /// A buffer of <paramref name="length"/> bytes; its content is undefined. Kept for long and used again: it is never moved by the
    /// collector.
    /// </summary>
    public static Memory<byte> Allocate(int length)
    {
        var array = GC.AllocateUninitializedArray<byte>(length + Alignment, pinned: true);
        var past = (int)(Marshal.UnsafeAddrOfPinnedArrayElement(array, 0) % Alignment);
        return array.AsMemory(past == 0 ? 0 : Alignment - past, length);
    }
}
