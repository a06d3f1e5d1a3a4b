using System.Buffers.Binary;

namespace OfflinePatch.Registry.Layout;

/// <summary>Sets named fields of a security cell; every other byte stays.</summary>
internal readonly ref struct KeySecurityWriter(Span<byte> cell)
{
    private readonly Span<byte> _cell = cell;

    public void SetNext(CellOffset value) => Set(KeySecurity.Layout.Next, value.Value);

    public void SetPrevious(CellOffset value) => Set(KeySecurity.Layout.Previous, value.Value);

    public void SetReferenceCount(uint value) => Set(KeySecurity.Layout.ReferenceCount, value);

    /// <summary>Fills an all-zero cell.</summary>
    public void Initialise(ReadOnlySpan<byte> descriptor)
    {
        BinaryPrimitives.WriteUInt16LittleEndian(_cell, KeySecurity.SignatureValue);
        Set(KeySecurity.Layout.DescriptorLength, (uint)descriptor.Length);
        descriptor.CopyTo(_cell[KeySecurity.Layout.Descriptor..]);
    }

    private void Set(int offset, uint value) => BinaryPrimitives.WriteUInt32LittleEndian(_cell[offset..], value);
}
