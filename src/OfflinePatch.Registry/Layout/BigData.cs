using System.Buffers.Binary;

namespace OfflinePatch.Registry.Layout;

/// <summary>The head of data that is cut in segments (minor version 4 and later). Source: msuhanov/regf, "Big data".</summary>
internal readonly ref struct BigData
{
    /// <summary>Bytes of the cell's payload; Windows leaves four more after them.</summary>
    public const int HeaderSize = 8;

    /// <summary>Data bytes in each segment but the last; longer data is cut, shorter never.</summary>
    public const int SegmentLength = 16344;

    /// <summary>The minor version from which on data is cut.</summary>
    public const uint FirstMinorVersion = 4;

    public static class Layout
    {
        public const int Signature = 0x00; // u16, "db"
        public const int SegmentCount = 0x02; // u16, 2 or more
        public const int SegmentList = 0x04; // u32, CellOffset of [u32 CellOffset]
    }

    public const ushort SignatureValue = 0x6264;

    private readonly ReadOnlySpan<byte> _cell;

    private BigData(ReadOnlySpan<byte> cell) => _cell = cell;

    /// <summary>A view over the payload of a cell; false when it is too small or has no signature.</summary>
    public static bool TryRead(ReadOnlySpan<byte> cell, out BigData value)
    {
        value = default;
        if (cell.Length < HeaderSize || BinaryPrimitives.ReadUInt16LittleEndian(cell) != SignatureValue)
        {
            return false;
        }

        value = new BigData(cell);
        return true;
    }

    public int SegmentCount => BinaryPrimitives.ReadUInt16LittleEndian(_cell[Layout.SegmentCount..]);

    public CellOffset SegmentList => new(BinaryPrimitives.ReadUInt32LittleEndian(_cell[Layout.SegmentList..]));

    public static void Write(Span<byte> cell, int segmentCount, CellOffset list)
    {
        BinaryPrimitives.WriteUInt16LittleEndian(cell, SignatureValue);
        BinaryPrimitives.WriteUInt16LittleEndian(cell[Layout.SegmentCount..], (ushort)segmentCount);
        BinaryPrimitives.WriteUInt32LittleEndian(cell[Layout.SegmentList..], list.Value);
    }

    /// <summary>The segments that data of a length is cut into.</summary>
    public static int SegmentsFor(uint length) => (int)((length + (SegmentLength - 1UL)) / SegmentLength);
}
