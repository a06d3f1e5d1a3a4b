using System.Buffers.Binary;

namespace OfflinePatch.Ntfs.Layout;

/// <summary>
/// Update sequence arrays ("fixups") of FILE, INDX, RSTR and RCRD: the last two bytes of every 512 are replaced by a number,
/// the real ones kept in the array. The stride is 512 also on 4Kn volumes. Source: Linux-NTFS documentation, Fixup.
/// </summary>
internal static class UpdateSequence
{
    /// <summary>Bytes that one entry of the array protects.</summary>
    public const int Stride = 512;

    private const int OffsetField = 0x04;
    private const int CountField = 0x06;

    /// <summary>
    /// Puts the real bytes back. False, and nothing changed, when the array does not lie in the first 510 bytes, does not cover
    /// <paramref name="record"/> exactly, or a stride's tail differs (a torn write).
    /// </summary>
    public static bool TryDecode(Span<byte> record)
    {
        if (!TryLocate(record, out var offset))
        {
            return false;
        }

        var number = BinaryPrimitives.ReadUInt16LittleEndian(record[offset..]);
        for (var end = Stride; end <= record.Length; end += Stride)
        {
            if (BinaryPrimitives.ReadUInt16LittleEndian(record[(end - 2)..]) != number)
            {
                return false;
            }
        }

        for (int end = Stride, at = offset + 2; end <= record.Length; end += Stride, at += 2)
        {
            record[end - 2] = record[at];
            record[end - 1] = record[at + 1];
        }

        return true;
    }

    /// <summary>Raises the number (never 0 or FFFF) and protects <paramref name="record"/>. False when it has no valid array.</summary>
    public static bool TryEncode(Span<byte> record)
    {
        if (!TryLocate(record, out var offset))
        {
            return false;
        }

        var number = BinaryPrimitives.ReadUInt16LittleEndian(record[offset..]);
        number = number >= 0xFFFE ? (ushort)1 : (ushort)(number + 1);
        BinaryPrimitives.WriteUInt16LittleEndian(record[offset..], number);
        for (int end = Stride, at = offset + 2; end <= record.Length; end += Stride, at += 2)
        {
            record[at] = record[end - 2];
            record[at + 1] = record[end - 1];
            BinaryPrimitives.WriteUInt16LittleEndian(record[(end - 2)..], number);
        }

        return true;
    }

    /// <summary>The number of a structure with a header, protected or not; 0 when its array lies outside.</summary>
    public static ushort NumberOf(ReadOnlySpan<byte> structure)
    {
        int offset = BinaryPrimitives.ReadUInt16LittleEndian(structure[OffsetField..]);
        return offset + 2 <= structure.Length ? BinaryPrimitives.ReadUInt16LittleEndian(structure[offset..]) : (ushort)0;
    }

    /// <summary>Sets the number that <see cref="TryEncode"/> raises. Nothing is set when the array lies outside.</summary>
    public static void SetNumber(Span<byte> structure, ushort number)
    {
        int offset = BinaryPrimitives.ReadUInt16LittleEndian(structure[OffsetField..]);
        if (offset + 2 <= structure.Length)
        {
            BinaryPrimitives.WriteUInt16LittleEndian(structure[offset..], number);
        }
    }

    /// <summary>Copies the number of a protected structure to another copy of it whose array stands at the same offset.</summary>
    public static void CopyNumber(ReadOnlySpan<byte> from, Span<byte> to)
    {
        int offset = BinaryPrimitives.ReadUInt16LittleEndian(from[OffsetField..]);
        from.Slice(offset, 2).CopyTo(to[offset..]);
    }

    private static bool TryLocate(ReadOnlySpan<byte> record, out int offset)
    {
        offset = 0;
        if (record.Length < Stride || record.Length % Stride != 0)
        {
            return false;
        }

        offset = BinaryPrimitives.ReadUInt16LittleEndian(record[OffsetField..]);
        int count = BinaryPrimitives.ReadUInt16LittleEndian(record[CountField..]);
        return count == (record.Length / Stride) + 1 && offset >= 8 && offset % 2 == 0 && offset + (2 * count) <= Stride - 2;
    }
}
