using System.Buffers.Binary;
using OfflinePatch.Registry.Layout;

namespace OfflinePatch.Registry.Logs;

/// <summary>One entry of a new-format log: runs of changed bytes. Source: msuhanov/regf, "Log entries".</summary>
internal readonly ref struct LogEntry
{
    /// <summary>Bytes before the references.</summary>
    public const int HeaderSize = 0x28;

    /// <summary>Entries start and end on multiples of this.</summary>
    public const int Alignment = 0x200;

    public static class Layout
    {
        public const int Signature = 0x00; // 4, "HvLE"
        public const int Size = 0x04; // u32, bytes, a multiple of 512
        public const int Flags = 0x08; // u32, bit 0 goes to the base block's flags
        public const int Sequence = 0x0C; // u32
        public const int BinsSize = 0x10; // u32, of the hive after this entry
        public const int PageCount = 0x14; // u32, at least 1
        public const int ContentHash = 0x18; // u64, Marvin32 of all after the header
        public const int HeaderHash = 0x20; // u64, Marvin32 of the 32 bytes before it
        public const int References = 0x28; // [u32 place from the first bin, u32 bytes], then the bytes, back to back
    }

    public static ReadOnlySpan<byte> SignatureBytes => "HvLE"u8;

    private readonly ReadOnlySpan<byte> _bytes;

    private LogEntry(ReadOnlySpan<byte> bytes) => _bytes = bytes;

    /// <summary>
    /// The entry at the start of <paramref name="log"/>, if it is whole: signature, size, both hashes, and every run inside it and inside
    /// the hive.
    /// </summary>
    public static bool TryRead(ReadOnlySpan<byte> log, out LogEntry entry)
    {
        entry = default;
        if (log.Length < HeaderSize || !log[..4].SequenceEqual(SignatureBytes))
        {
            return false;
        }

        var size = BinaryPrimitives.ReadUInt32LittleEndian(log[Layout.Size..]);
        if (size < Alignment || size % Alignment != 0 || size > (uint)log.Length)
        {
            return false;
        }

        entry = new LogEntry(log[..(int)size]);
        return entry.PageCount > 0 && entry.BinsSize % HiveBin.Alignment == 0 && entry.BinsSize is > 0 and <= BaseBlock.MaxBinsSize
            && Marvin32.Hash(entry._bytes[..Layout.HeaderHash]) == entry.U64(Layout.HeaderHash)
            && Marvin32.Hash(entry._bytes[Layout.References..]) == entry.U64(Layout.ContentHash)
            && entry.HoldsItsRuns();
    }

    public int Size => _bytes.Length;

    public uint Flags => U32(Layout.Flags);

    public uint Sequence => U32(Layout.Sequence);

    public uint BinsSize => U32(Layout.BinsSize);

    public uint PageCount => U32(Layout.PageCount);

    /// <summary>Writes the runs into the hive bins, which are at least as long as <see cref="BinsSize"/>.</summary>
    public void Apply(Span<byte> bins)
    {
        var content = Layout.References + ((int)PageCount * 8);
        for (var i = 0; i < PageCount; i++)
        {
            var (place, length) = Run(i);
            _bytes.Slice(content, (int)length).CopyTo(bins[(int)place..]);
            content += (int)length;
        }
    }

    private bool HoldsItsRuns()
    {
        if (PageCount > (uint)(_bytes.Length - HeaderSize) / 8)
        {
            return false;
        }

        long used = HeaderSize + (PageCount * 8L);
        for (var i = 0; i < PageCount; i++)
        {
            var (place, length) = Run(i);
            used += length;
            if (used > _bytes.Length || place + (ulong)length > BinsSize)
            {
                return false;
            }
        }

        return true;
    }

    private (uint Place, uint Length) Run(int index) => (U32(Layout.References + (index * 8)), U32(Layout.References + (index * 8) + 4));

    private uint U32(int offset) => BinaryPrimitives.ReadUInt32LittleEndian(_bytes[offset..]);

    private ulong U64(int offset) => BinaryPrimitives.ReadUInt64LittleEndian(_bytes[offset..]);
}
