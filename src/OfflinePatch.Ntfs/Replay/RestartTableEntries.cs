using System.Buffers.Binary;
using System.Numerics;
using OfflinePatch.Ntfs.Layout;

namespace OfflinePatch.Ntfs.Replay;

/// <summary>What replay needs of an open attribute.</summary>
/// <param name="Type">Attribute type.</param>
/// <param name="IndexBlockSize">Bytes of an index block; 0 where it is no $INDEX_ALLOCATION.</param>
/// <param name="File">The file that the attribute belongs to.</param>
internal readonly record struct OpenAttribute(AttributeType Type, int IndexBlockSize, FileReference File)
{
    /// <summary>Offsets in tables of version 0 (a client restart area of Windows up to 7); one line per field: type, name.</summary>
    private static class OldLayout
    {
        /// <summary>u64, the file.</summary>
        public const int File = 0x08;

        /// <summary>u32, type of the attribute.</summary>
        public const int Type = 0x1C;

        /// <summary>u32, bytes of an index block.</summary>
        public const int IndexBlockSize = 0x28;

        /// <summary>Bytes.</summary>
        public const int Size = 0x2C;
    }

    /// <summary>Offsets in tables of version 1; one line per field: type, name.</summary>
    private static class Layout
    {
        /// <summary>u32, bytes of an index block.</summary>
        public const int IndexBlockSize = 0x04;

        /// <summary>u32, type of the attribute.</summary>
        public const int Type = 0x08;

        /// <summary>u64, the file.</summary>
        public const int File = 0x10;

        /// <summary>Bytes.</summary>
        public const int Size = 0x28;
    }

    /// <summary>An entry of the table, or the redo bytes of OpenNonresidentAttribute.</summary>
    public static OpenAttribute? Parse(ReadOnlySpan<byte> entry, uint version)
    {
        var isOld = version == 0;
        if (entry.Length < (isOld ? OldLayout.Size : Layout.Size))
        {
            return null;
        }

        var type = (AttributeType)BinaryPrimitives.ReadUInt32LittleEndian(entry[(isOld ? OldLayout.Type : Layout.Type)..]);
        var size = BinaryPrimitives.ReadUInt32LittleEndian(entry[(isOld ? OldLayout.IndexBlockSize : Layout.IndexBlockSize)..]);
        var file = new FileReference(BinaryPrimitives.ReadUInt64LittleEndian(entry[(isOld ? OldLayout.File : Layout.File)..]));
        if (type != AttributeType.IndexAllocation)
        {
            return new OpenAttribute(type, 0, file);
        }

        return size is >= 512 and <= 65536 && BitOperations.IsPow2(size) ? new OpenAttribute(type, (int)size, file) : null;
    }
}

/// <summary>A page that was dirty when the machine stopped.</summary>
internal sealed class DirtyPage(int attribute, long vcn, ulong oldestLsn, long[] lcns)
{
    /// <summary>Offsets of an entry; one line per field: type, name.</summary>
    private static class Layout
    {
        /// <summary>u32, offset of the attribute in the table of open attributes.</summary>
        public const int Attribute = 0x04;

        /// <summary>u32, number of clusters.</summary>
        public const int Count = 0x0C;

        /// <summary>Where <see cref="Place"/> starts in tables of version 0.</summary>
        public const int OldPlace = 0x14;

        /// <summary>Where it starts in tables of version 1: VCN, oldest LSN, LCNs.</summary>
        public const int Place = 0x10;
    }

    /// <summary>Offsets of the second part of an entry; one line per field: type, name.</summary>
    private static class PlaceLayout
    {
        /// <summary>i64, first VCN.</summary>
        public const int Vcn = 0x00;

        /// <summary>u64, LSN of the first change that is not on disk.</summary>
        public const int OldestLsn = 0x08;

        /// <summary>i64 each.</summary>
        public const int Lcns = 0x10;
    }

    public int Attribute { get; } = attribute;

    public long Vcn { get; } = vcn;

    /// <summary>Changes before it are on disk.</summary>
    public ulong OldestLsn { get; set; } = oldestLsn;

    /// <summary>LCN of each of its clusters; 0 where it was freed.</summary>
    public long[] Lcns { get; } = lcns;

    /// <summary>
    /// An entry of the table, of <see cref="RestartTable"/>'s size at least; false when its <paramref name="count"/> clusters do not
    /// fit into it.
    /// </summary>
    public static bool TryParse(ReadOnlySpan<byte> entry, uint version, out DirtyPage page, out uint count)
    {
        var place = entry[(version == 0 ? Layout.OldPlace : Layout.Place)..];
        count = BinaryPrimitives.ReadUInt32LittleEndian(entry[Layout.Count..]);
        page = null!;
        if (place.Length < PlaceLayout.Lcns || count > (place.Length - PlaceLayout.Lcns) / sizeof(long))
        {
            return false;
        }

        var lcns = new long[count];
        for (var i = 0; i < lcns.Length; i++)
        {
            lcns[i] = BinaryPrimitives.ReadInt64LittleEndian(place[(PlaceLayout.Lcns + (sizeof(long) * i))..]);
        }

        var attribute = (int)Math.Min(int.MaxValue, BinaryPrimitives.ReadUInt32LittleEndian(entry[Layout.Attribute..]));
        page = new DirtyPage(attribute, BinaryPrimitives.ReadInt64LittleEndian(place[PlaceLayout.Vcn..]),
            BinaryPrimitives.ReadUInt64LittleEndian(place[PlaceLayout.OldestLsn..]), lcns);
        return true;
    }
}

/// <summary>A transaction that was under way.</summary>
internal sealed class OpenTransaction(ulong firstLsn)
{
    /// <summary>Offsets of an entry; one line per field: type, name.</summary>
    private static class Layout
    {
        /// <summary>u8, 1 active, 2 prepared, 3 committed.</summary>
        public const int State = 0x04;

        /// <summary>u64, its first record.</summary>
        public const int FirstLsn = 0x08;

        /// <summary>u64, the record that undo starts at.</summary>
        public const int UndoNextLsn = 0x18;
    }

    private const byte Active = 1;

    public ulong FirstLsn { get; } = firstLsn;

    public ulong UndoNextLsn { get; set; }

    /// <summary>Active transactions are undone; prepared and committed ones are not.</summary>
    public bool IsActive { get; set; } = true;

    /// <summary>An entry of the table, of <see cref="RestartTable"/>'s size at least.</summary>
    public static OpenTransaction Parse(ReadOnlySpan<byte> entry) =>
        new(BinaryPrimitives.ReadUInt64LittleEndian(entry[Layout.FirstLsn..]))
        {
            IsActive = entry[Layout.State] == Active,
            UndoNextLsn = BinaryPrimitives.ReadUInt64LittleEndian(entry[Layout.UndoNextLsn..]),
        };
}
