using OfflinePatch.Core;
using OfflinePatch.Ntfs.Layout;

namespace OfflinePatch.Ntfs.Engine.Records;

/// <summary>A FILE record whose update sequence is undone: its header and its attributes, in place.</summary>
internal readonly ref struct FileRecord
{
    private readonly ReadOnlySpan<byte> _bytes;

    private FileRecord(ReadOnlySpan<byte> bytes, long number, FileRecordHeader header)
    {
        _bytes = bytes;
        Number = number;
        Header = header;
    }

    /// <summary>Number of the record in $MFT.</summary>
    public long Number { get; }

    /// <summary>The header.</summary>
    public FileRecordHeader Header { get; }

    /// <summary>All bytes.</summary>
    public ReadOnlySpan<byte> Bytes => _bytes;

    /// <summary>Reference of this record.</summary>
    public FileReference Reference => new(Number, Header.SequenceNumber);

    /// <summary>Whether it is in use.</summary>
    public bool IsInUse => (Header.Flags & FileRecordFlags.InUse) != 0;

    /// <summary>Whether it is a directory.</summary>
    public bool IsDirectory => (Header.Flags & FileRecordFlags.Directory) != 0;

    /// <summary>Whether it is the first record of a file.</summary>
    public bool IsBase => Header.BaseReference.Value == 0;

    /// <summary>
    /// A view of a decoded record, or false with the <paramref name="problem"/>: wrong magic, sizes that contradict each other.
    /// </summary>
    public static bool TryCreate(ReadOnlySpan<byte> bytes, long number, out FileRecord record, out string problem)
    {
        record = default;
        problem = "";
        if (!FileRecordHeader.TryCreate(bytes, out var header))
        {
            problem = "no FILE signature";
            return false;
        }

        if (header.BytesUsed > bytes.Length || header.BytesUsed < FileRecordHeader.Layout.Size || header.FirstAttribute >= header.BytesUsed
            || header.FirstAttribute < 0x28 || header.FirstAttribute % 8 != 0)
        {
            problem = $"{header.BytesUsed} bytes in use, attributes from 0x{header.FirstAttribute:X}";
            return false;
        }

        record = new FileRecord(bytes, number, header);
        return true;
    }

    /// <summary>Like <see cref="TryCreate"/>.</summary>
    /// <exception cref="CorruptImageException"><c>NTFS-0110</c>.</exception>
    public static FileRecord Create(ReadOnlySpan<byte> bytes, long number) =>
        TryCreate(bytes, number, out var record, out var problem) ? record : throw NtfsError.BadRecord(number, problem);

    /// <summary>The attributes, in order. Stops at the end marker; throws <c>NTFS-0111</c> at an attribute that does not fit.</summary>
    public AttributeEnumerator GetEnumerator() => new(_bytes[..(int)Header.BytesUsed], Header.FirstAttribute, Number);

    /// <summary>The first attribute of a type and name in this record (extension records are not looked at).</summary>
    public bool TryFind(AttributeType type, ReadOnlySpan<char> name, out AttributeHeader attribute)
    {
        foreach (var candidate in this)
        {
            if (candidate.Type == type && candidate.HasName(name))
            {
                attribute = candidate;
                return true;
            }
        }

        attribute = default;
        return false;
    }

    /// <summary>Walks the attributes of one record.</summary>
    public ref struct AttributeEnumerator
    {
        private readonly ReadOnlySpan<byte> _bytes;
        private readonly long _number;
        private int _next;
        private AttributeHeader _current;

        internal AttributeEnumerator(ReadOnlySpan<byte> bytes, int first, long number)
        {
            _bytes = bytes;
            _next = first;
            _number = number;
            _current = default;
        }

        /// <summary>The attribute.</summary>
        public readonly AttributeHeader Current => _current;

        /// <summary>Where <see cref="Current"/> starts in the record.</summary>
        public readonly int Offset => _next - _current.Length;

        /// <summary>The next attribute, or false at the end marker.</summary>
        /// <exception cref="CorruptImageException"><c>NTFS-0111</c>.</exception>
        public bool MoveNext()
        {
            if (_next + 4 > _bytes.Length)
            {
                throw NtfsError.BadAttribute(_number, _next, "the attributes have no end marker");
            }

            if (System.Buffers.Binary.BinaryPrimitives.ReadUInt32LittleEndian(_bytes[_next..]) == (uint)AttributeType.End)
            {
                return false;
            }

            if (!AttributeHeader.TryCreate(_bytes[_next..], out _current, out var problem))
            {
                throw NtfsError.BadAttribute(_number, _next, problem);
            }

            _next += _current.Length;
            return true;
        }
    }
}
