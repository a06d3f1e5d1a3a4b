using System.Buffers.Binary;

namespace OfflinePatch.Ntfs.Layout;

/// <summary>Sets named fields of a $STANDARD_INFORMATION value; every other byte stays. Times are FILETIME.</summary>
internal readonly ref struct StandardInformationWriter(Span<byte> value)
{
    private readonly Span<byte> _value = value;

    /// <summary>All four times.</summary>
    public void SetTimes(long value)
    {
        Set(StandardInformation.Layout.Created, value);
        SetModified(value);
        SetRecordChanged(value);
        Set(StandardInformation.Layout.Accessed, value);
    }

    public void SetModified(long value) => Set(StandardInformation.Layout.Modified, value);

    public void SetRecordChanged(long value) => Set(StandardInformation.Layout.RecordChanged, value);

    public void SetAttributes(uint value) => Set(StandardInformation.Layout.Attributes, value);

    public void ClearAttributes(uint bits) =>
        SetAttributes(BinaryPrimitives.ReadUInt32LittleEndian(_value[StandardInformation.Layout.Attributes..]) & ~bits);

    /// <summary>Only in the 72-byte form.</summary>
    public void SetSecurityId(uint value) => Set(StandardInformation.Layout.SecurityId, value);

    private void Set(int offset, uint value) => BinaryPrimitives.WriteUInt32LittleEndian(_value[offset..], value);

    private void Set(int offset, long value) => BinaryPrimitives.WriteInt64LittleEndian(_value[offset..], value);
}
