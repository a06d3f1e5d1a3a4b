using System.Buffers.Binary;
using OfflinePatch.Ntfs.Runs;

namespace OfflinePatch.Ntfs.Layout;

/// <summary>One attribute of a FILE record: its header and all its bytes. Source: Linux-NTFS documentation, Attribute Header.</summary>
internal readonly ref struct AttributeHeader
{
    private readonly ReadOnlySpan<byte> _bytes;

    private AttributeHeader(ReadOnlySpan<byte> bytes) => _bytes = bytes;

    /// <summary>Offsets; one line per field: type, name.</summary>
    public static class Layout
    {
        /// <summary>u32, <see cref="AttributeType"/>.</summary>
        public const int Type = 0x00;

        /// <summary>u32, bytes of the attribute, a multiple of 8.</summary>
        public const int Length = 0x04;

        /// <summary>u8, 0 resident, 1 not.</summary>
        public const int NonResident = 0x08;

        /// <summary>u8, UTF-16 units of the name.</summary>
        public const int NameLength = 0x09;

        /// <summary>u16, offset of the name.</summary>
        public const int NameOffset = 0x0A;

        /// <summary>u16, <see cref="AttributeFlags"/>.</summary>
        public const int Flags = 0x0C;

        /// <summary>u16, id, unique in the record.</summary>
        public const int Id = 0x0E;

        /// <summary>u32, resident: bytes of the value.</summary>
        public const int ValueLength = 0x10;

        /// <summary>u16, resident: offset of the value, a multiple of 8.</summary>
        public const int ValueOffset = 0x14;

        /// <summary>u8, resident: 1 when the value is a key of an index ($FILE_NAME).</summary>
        public const int IndexedFlag = 0x16;

        /// <summary>Bytes of a resident header.</summary>
        public const int ResidentSize = 0x18;

        /// <summary>u64, not resident: first VCN of this extent.</summary>
        public const int LowestVcn = 0x10;

        /// <summary>u64, not resident: last VCN of this extent; -1 for none.</summary>
        public const int HighestVcn = 0x18;

        /// <summary>u16, not resident: offset of the mapping pairs.</summary>
        public const int MappingPairsOffset = 0x20;

        /// <summary>u8, not resident: log2 of clusters per compression unit; 0 for none.</summary>
        public const int CompressionUnit = 0x22;

        /// <summary>u64, not resident, first extent: bytes allocated (of the VCN range, holes too).</summary>
        public const int AllocatedSize = 0x28;

        /// <summary>u64, not resident, first extent: bytes of the stream.</summary>
        public const int DataSize = 0x30;

        /// <summary>u64, not resident, first extent: bytes that were written; zeros beyond.</summary>
        public const int InitializedSize = 0x38;

        /// <summary>u64, not resident, first extent of a compressed or sparse stream: bytes that clusters really hold.</summary>
        public const int CompressedSize = 0x40;

        /// <summary>Bytes of a non-resident header.</summary>
        public const int NonResidentSize = 0x40;

        /// <summary>Bytes of a non-resident header with <see cref="CompressedSize"/>.</summary>
        public const int NonResidentCompressedSize = 0x48;
    }

    /// <summary>Whether the list of attributes ends here. Needs 4 bytes.</summary>
    public static bool IsEndMarker(ReadOnlySpan<byte> bytes) => BinaryPrimitives.ReadUInt32LittleEndian(bytes) == (uint)AttributeType.End;

    /// <summary>
    /// A view of the attribute that starts at <paramref name="bytes"/>; <paramref name="problem"/> says what is wrong when there is none.
    /// The length, the name, the resident value and the mapping pairs lie inside the attribute afterwards.
    /// </summary>
    public static bool TryCreate(ReadOnlySpan<byte> bytes, out AttributeHeader attribute, out string problem)
    {
        attribute = default;
        problem = "";
        if (bytes.Length < Layout.ResidentSize)
        {
            problem = "an attribute header is cut off";
            return false;
        }

        var length = BinaryPrimitives.ReadUInt32LittleEndian(bytes[Layout.Length..]);
        if (length < Layout.ResidentSize || length % 8 != 0 || length > bytes.Length)
        {
            problem = $"attribute length 0x{length:X}";
            return false;
        }

        attribute = new AttributeHeader(bytes[..(int)length]);
        var end = (int)length;
        if (attribute._bytes[Layout.NonResident] > 1)
        {
            problem = $"residence flag {attribute._bytes[Layout.NonResident]}";
            return false;
        }

        if (attribute.NameLength > 0 && attribute.NameOffset + (2 * attribute.NameLength) > end)
        {
            problem = "the attribute's name lies outside it";
            return false;
        }

        if (attribute.IsResident)
        {
            var value = BinaryPrimitives.ReadUInt32LittleEndian(bytes[Layout.ValueLength..]);
            if (attribute.ValueOffset > end || value > end - attribute.ValueOffset)
            {
                problem = "the attribute's value lies outside it";
                return false;
            }
        }
        else if (end < Layout.NonResidentSize || attribute.MappingPairsOffset < Layout.NonResidentSize
            || attribute.MappingPairsOffset > end)
        {
            problem = "the attribute's mapping pairs lie outside it";
            return false;
        }

        return true;
    }

    /// <summary>All bytes of the attribute.</summary>
    public ReadOnlySpan<byte> Bytes => _bytes;

    /// <summary>Type.</summary>
    public AttributeType Type => (AttributeType)BinaryPrimitives.ReadUInt32LittleEndian(_bytes);

    /// <summary>Bytes of the attribute.</summary>
    public int Length => _bytes.Length;

    /// <summary>Whether the value is in the record.</summary>
    public bool IsResident => _bytes[Layout.NonResident] == 0;

    /// <summary>UTF-16 units of the name.</summary>
    public int NameLength => _bytes[Layout.NameLength];

    /// <summary>Offset of the name.</summary>
    public int NameOffset => BinaryPrimitives.ReadUInt16LittleEndian(_bytes[Layout.NameOffset..]);

    /// <summary>The name, UTF-16LE bytes; empty when unnamed.</summary>
    public ReadOnlySpan<byte> NameBytes => NameLength == 0 ? default : _bytes.Slice(NameOffset, 2 * NameLength);

    /// <summary>Flags.</summary>
    public AttributeFlags Flags => (AttributeFlags)BinaryPrimitives.ReadUInt16LittleEndian(_bytes[Layout.Flags..]);

    /// <summary>Id.</summary>
    public ushort Id => BinaryPrimitives.ReadUInt16LittleEndian(_bytes[Layout.Id..]);

    /// <summary>Resident: offset of the value.</summary>
    public int ValueOffset => BinaryPrimitives.ReadUInt16LittleEndian(_bytes[Layout.ValueOffset..]);

    /// <summary>Resident: the value.</summary>
    public ReadOnlySpan<byte> Value =>
        _bytes.Slice(ValueOffset, (int)BinaryPrimitives.ReadUInt32LittleEndian(_bytes[Layout.ValueLength..]));

    /// <summary>Not resident: first VCN; negative when the field is beyond 2^63.</summary>
    public long LowestVcn => BinaryPrimitives.ReadInt64LittleEndian(_bytes[Layout.LowestVcn..]);

    /// <summary>Not resident: last VCN.</summary>
    public long HighestVcn => BinaryPrimitives.ReadInt64LittleEndian(_bytes[Layout.HighestVcn..]);

    /// <summary>Not resident: offset of the mapping pairs.</summary>
    public int MappingPairsOffset => BinaryPrimitives.ReadUInt16LittleEndian(_bytes[Layout.MappingPairsOffset..]);

    /// <summary>Not resident: the mapping pairs, with what follows them.</summary>
    public ReadOnlySpan<byte> MappingPairs => _bytes[MappingPairsOffset..];

    /// <summary>Not resident: log2 of clusters per compression unit.</summary>
    public int CompressionUnit => _bytes[Layout.CompressionUnit];

    /// <summary>Not resident: bytes allocated.</summary>
    public long AllocatedSize => BinaryPrimitives.ReadInt64LittleEndian(_bytes[Layout.AllocatedSize..]);

    /// <summary>Bytes of the stream, resident or not.</summary>
    public long DataSize => IsResident
        ? BinaryPrimitives.ReadUInt32LittleEndian(_bytes[Layout.ValueLength..])
        : BinaryPrimitives.ReadInt64LittleEndian(_bytes[Layout.DataSize..]);

    /// <summary>Not resident: bytes that were written.</summary>
    public long InitializedSize => BinaryPrimitives.ReadInt64LittleEndian(_bytes[Layout.InitializedSize..]);

    /// <summary>Whether <paramref name="name"/> is the attribute's name, compared exactly.</summary>
    public bool HasName(ReadOnlySpan<char> name)
    {
        if (name.Length != NameLength)
        {
            return false;
        }

        var bytes = NameBytes;
        for (var i = 0; i < name.Length; i++)
        {
            if (BinaryPrimitives.ReadUInt16LittleEndian(bytes[(2 * i)..]) != name[i])
            {
                return false;
            }
        }

        return true;
    }
}
