using System.Buffers.Binary;

namespace OfflinePatch.Core.Binary;

/// <summary>Little-endian fields of on-disk structures, by offset.</summary>
public static class LittleEndian
{
    /// <summary>The 16-bit field at <paramref name="offset"/>.</summary>
    public static ushort U16(ReadOnlySpan<byte> bytes, int offset) => BinaryPrimitives.ReadUInt16LittleEndian(bytes[offset..]);

    /// <summary>The 32-bit field at <paramref name="offset"/>.</summary>
    public static uint U32(ReadOnlySpan<byte> bytes, int offset) => BinaryPrimitives.ReadUInt32LittleEndian(bytes[offset..]);

    /// <summary>The 64-bit field at <paramref name="offset"/>.</summary>
    public static ulong U64(ReadOnlySpan<byte> bytes, int offset) => BinaryPrimitives.ReadUInt64LittleEndian(bytes[offset..]);

    /// <summary>Sets a 16-bit field.</summary>
    public static void PutU16(Span<byte> bytes, int offset, ushort value) =>
        BinaryPrimitives.WriteUInt16LittleEndian(bytes[offset..], value);

    /// <summary>Sets a 32-bit field.</summary>
    public static void PutU32(Span<byte> bytes, int offset, uint value) => BinaryPrimitives.WriteUInt32LittleEndian(bytes[offset..], value);

    /// <summary>Sets a 64-bit field.</summary>
    public static void PutU64(Span<byte> bytes, int offset, ulong value) =>
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[offset..], value);
}
