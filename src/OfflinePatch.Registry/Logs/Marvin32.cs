using System.Buffers.Binary;
using System.Numerics;

namespace OfflinePatch.Registry.Logs;

/// <summary>
/// The hash that guards log entries: Marvin32 with the registry's fixed seed. Source: msuhanov/regf, "Log entries"; verified there on real
/// entries.
/// </summary>
internal static class Marvin32
{
    private const uint SeedLow = 0x7A4E55C5;
    private const uint SeedHigh = 0x82EF4D88;

    public static ulong Hash(ReadOnlySpan<byte> bytes)
    {
        uint low = SeedLow, high = SeedHigh;
        while (bytes.Length >= 4)
        {
            Mix(ref low, ref high, BinaryPrimitives.ReadUInt32LittleEndian(bytes));
            bytes = bytes[4..];
        }

        var tail = 0x80u;
        for (var i = bytes.Length - 1; i >= 0; i--)
        {
            tail = (tail << 8) | bytes[i];
        }

        Mix(ref low, ref high, tail);
        Mix(ref low, ref high, 0);
        return ((ulong)high << 32) | low;
    }

    private static void Mix(ref uint low, ref uint high, uint value)
    {
        unchecked
        {
            low += value;
            high ^= low;
            low = BitOperations.RotateLeft(low, 20) + high;
            high = BitOperations.RotateLeft(high, 9) ^ low;
            low = BitOperations.RotateLeft(low, 27) + high;
            high = BitOperations.RotateLeft(high, 19);
        }
    }
}
