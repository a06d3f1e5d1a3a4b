using System.Buffers.Binary;
using OfflinePatch.Ntfs.Engine.Indexes;
using OfflinePatch.Ntfs.Layout;

namespace OfflinePatch.Ntfs.Check;

/// <summary>The collations of NTFS indexes. Source: Linux-NTFS documentation, Index Record, $Secure.</summary>
internal static class KeyOrders
{
    /// <summary>Collation 1: upper-cased units, then the units themselves.</summary>
    public static KeyOrder FileName(UpcaseTable upcase) => (left, right) =>
        FileNameAttribute.TryCreate(left, out var a)
            && FileNameAttribute.TryCreate(right, out var b) ? upcase.Compare(a.NameBytes, b.NameBytes) : -1;

    /// <summary>Collations 0x10, 0x12, 0x13: 32-bit words, one after the other.</summary>
    public static int Words(ReadOnlySpan<byte> left, ReadOnlySpan<byte> right)
    {
        var common = Math.Min(left.Length, right.Length);
        for (var i = 0; i + 4 <= common; i += 4)
        {
            var order = BinaryPrimitives.ReadUInt32LittleEndian(left[i..]).CompareTo(BinaryPrimitives.ReadUInt32LittleEndian(right[i..]));
            if (order != 0)
            {
                return order;
            }
        }

        return left.Length.CompareTo(right.Length);
    }

    /// <summary>By the collation that the root names; null: not known, the order is not judged.</summary>
    public static KeyOrder? Of(CollationRule rule) => rule switch
    {
        CollationRule.UnsignedLong or CollationRule.SecurityHash or CollationRule.UnsignedLongs => Words,
        _ => null,
    };
}
