using System.Buffers.Binary;
using System.Numerics;

namespace OfflinePatch.Disks.Vhdx;

/// <summary>CRC-32C (Castagnoli), with the processor's own instruction where there is one.</summary>
internal static class Crc32C
{
    /// <summary>The value to start with.</summary>
    public const uint Start = uint.MaxValue;

    /// <summary>Takes in more bytes.</summary>
    public static uint Add(uint crc, ReadOnlySpan<byte> bytes)
    {
        for (; bytes.Length >= 8; bytes = bytes[8..])
        {
            crc = BitOperations.Crc32C(crc, BinaryPrimitives.ReadUInt64LittleEndian(bytes));
        }

        foreach (var b in bytes)
        {
            crc = BitOperations.Crc32C(crc, b);
        }

        return crc;
    }

    /// <summary>The checksum of a structure whose own checksum field (at 4) counts as zero.</summary>
    public static uint Of(ReadOnlySpan<byte> structure)
    {
        var crc = Add(Start, structure[..VhdxLayout.Header.Checksum]);
        crc = BitOperations.Crc32C(crc, 0u);
        return ~Add(crc, structure[(VhdxLayout.Header.Checksum + 4)..]);
    }

    /// <summary>Whether a structure carries its right checksum.</summary>
    public static bool IsRight(ReadOnlySpan<byte> structure) =>
        Of(structure) == BinaryPrimitives.ReadUInt32LittleEndian(structure[VhdxLayout.Header.Checksum..]);

    /// <summary>Stores the checksum in a structure.</summary>
    public static void Sign(Span<byte> structure) =>
        BinaryPrimitives.WriteUInt32LittleEndian(structure[VhdxLayout.Header.Checksum..], Of(structure));
}
