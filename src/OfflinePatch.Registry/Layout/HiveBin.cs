using System.Buffers.Binary;

namespace OfflinePatch.Registry.Layout;

/// <summary>The 32 bytes in front of a run of cells. Source: msuhanov/regf, "Hive bin".</summary>
internal readonly ref struct HiveBin
{
    /// <summary>Bytes before the first cell.</summary>
    public const int HeaderSize = 0x20;

    /// <summary>Bins start and end on multiples of this.</summary>
    public const int Alignment = 0x1000;

    public static class Layout
    {
        public const int Signature = 0x00; // 4, "hbin"
        public const int Offset = 0x04; // u32, of this bin, from the first bin
        public const int Size = 0x08; // u32, bytes with this header
        public const int Reserved = 0x0C; // 8, zero
        public const int Timestamp = 0x14; // FILETIME, meaningful in the first bin only
        public const int Spare = 0x1C; // u32, memory bookkeeping of Windows
    }

    public static ReadOnlySpan<byte> SignatureBytes => "hbin"u8;

    private readonly ReadOnlySpan<byte> _bytes;

    private HiveBin(ReadOnlySpan<byte> bytes) => _bytes = bytes;

    /// <summary>A view over the header at the start of <paramref name="bytes"/>.</summary>
    public static bool TryRead(ReadOnlySpan<byte> bytes, out HiveBin bin)
    {
        bin = default;
        if (bytes.Length < HeaderSize)
        {
            return false;
        }

        bin = new HiveBin(bytes[..HeaderSize]);
        return true;
    }

    public bool HasSignature => _bytes[..4].SequenceEqual(SignatureBytes);

    public uint Offset => BinaryPrimitives.ReadUInt32LittleEndian(_bytes[Layout.Offset..]);

    public uint Size => BinaryPrimitives.ReadUInt32LittleEndian(_bytes[Layout.Size..]);

    public ulong Timestamp => BinaryPrimitives.ReadUInt64LittleEndian(_bytes[Layout.Timestamp..]);

    /// <summary>Writes the header of a new bin over zeros.</summary>
    public static void Write(Span<byte> bytes, uint offset, uint size, ulong timestamp)
    {
        SignatureBytes.CopyTo(bytes);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[Layout.Offset..], offset);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[Layout.Size..], size);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[Layout.Timestamp..], timestamp);
    }
}
