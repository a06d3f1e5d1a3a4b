using System.Buffers.Binary;

namespace OfflinePatch.Registry.Layout;

/// <summary>A security descriptor that keys share, in a ring of all of them. Source: msuhanov/regf, "Key security".</summary>
internal readonly ref struct KeySecurity
{
    /// <summary>Bytes before the descriptor.</summary>
    public const int HeaderSize = 0x14;

    public static class Layout
    {
        public const int Signature = 0x00; // u16, "sk"
        public const int Next = 0x04; // u32, CellOffset ("flink")
        public const int Previous = 0x08; // u32, CellOffset ("blink")
        public const int ReferenceCount = 0x0C; // u32, keys that point here
        public const int DescriptorLength = 0x10; // u32, bytes
        public const int Descriptor = 0x14; // self-relative SECURITY_DESCRIPTOR
    }

    public const ushort SignatureValue = 0x6B73;

    private readonly ReadOnlySpan<byte> _cell;

    private KeySecurity(ReadOnlySpan<byte> cell) => _cell = cell;

    /// <summary>A view over the payload of a cell; false when it is too small, has no signature, or its descriptor does not fit.</summary>
    public static bool TryRead(ReadOnlySpan<byte> cell, out KeySecurity security)
    {
        return TryReadUnsigned(cell, out security) && security.HasSignature;
    }

    /// <summary>The same without checking the signature, which Windows does not check either.</summary>
    public static bool TryReadUnsigned(ReadOnlySpan<byte> cell, out KeySecurity security)
    {
        security = default;
        if (cell.Length < HeaderSize)
        {
            return false;
        }

        security = new KeySecurity(cell);
        return security.DescriptorLength <= (uint)(cell.Length - HeaderSize);
    }

    public bool HasSignature => BinaryPrimitives.ReadUInt16LittleEndian(_cell) == SignatureValue;

    public CellOffset Next => new(U32(Layout.Next));

    public CellOffset Previous => new(U32(Layout.Previous));

    public uint ReferenceCount => U32(Layout.ReferenceCount);

    public uint DescriptorLength => U32(Layout.DescriptorLength);

    public ReadOnlySpan<byte> Descriptor => _cell.Slice(Layout.Descriptor, (int)DescriptorLength);

    private uint U32(int offset) => BinaryPrimitives.ReadUInt32LittleEndian(_cell[offset..]);
}
