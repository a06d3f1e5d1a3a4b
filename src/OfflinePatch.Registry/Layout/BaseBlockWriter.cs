using System.Buffers.Binary;

namespace OfflinePatch.Registry.Layout;

/// <summary>Sets named fields of a base block; every other byte stays.</summary>
internal readonly ref struct BaseBlockWriter(Span<byte> block)
{
    private readonly Span<byte> _bytes = block[..BaseBlock.SectorSize];

    public void SetSequences(uint value)
    {
        Set(BaseBlock.Layout.PrimarySequence, value);
        Set(BaseBlock.Layout.SecondarySequence, value);
    }

    public void SetFileType(HiveFileType value) => Set(BaseBlock.Layout.FileType, (uint)value);

    public void SetRootCell(CellOffset value) => Set(BaseBlock.Layout.RootCell, value.Value);

    public void SetBinsSize(uint value) => Set(BaseBlock.Layout.BinsSize, value);

    public void SetFlags(uint value) => Set(BaseBlock.Layout.Flags, value);

    /// <summary>The last call: updates the checksum.</summary>
    public void Sign() => Set(BaseBlock.Layout.Checksum, BaseBlock.ComputeChecksum(_bytes));

    /// <summary>Fills an all-zero block with the constant fields of a primary file.</summary>
    public void Initialise(uint minorVersion, CellOffset root, uint binsSize, ulong lastWritten)
    {
        BaseBlock.SignatureBytes.CopyTo(_bytes);
        SetSequences(1);
        BinaryPrimitives.WriteUInt64LittleEndian(_bytes[BaseBlock.Layout.LastWritten..], lastWritten);
        Set(BaseBlock.Layout.MajorVersion, 1);
        Set(BaseBlock.Layout.MinorVersion, minorVersion);
        SetFileType(HiveFileType.Primary);
        Set(BaseBlock.Layout.FileFormat, 1);
        SetRootCell(root);
        SetBinsSize(binsSize);
        Set(BaseBlock.Layout.ClusteringFactor, 1);
    }

    private void Set(int offset, uint value) => BinaryPrimitives.WriteUInt32LittleEndian(_bytes[offset..], value);
}
