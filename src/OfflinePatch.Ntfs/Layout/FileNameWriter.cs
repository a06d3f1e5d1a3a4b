using System.Buffers.Binary;

namespace OfflinePatch.Ntfs.Layout;

/// <summary>Sets named fields of a $FILE_NAME value; every other byte stays.</summary>
internal readonly ref struct FileNameWriter(Span<byte> value)
{
    private readonly Span<byte> _value = value;

    /// <summary>Bytes of a value with this name.</summary>
    public static int Measure(string name) => FileNameAttribute.Layout.Name + (2 * name.Length);

    /// <summary>FILETIME each.</summary>
    public void SetTimes(long created, long modified, long recordChanged, long accessed)
    {
        Set(FileNameAttribute.Layout.Created, created);
        Set(FileNameAttribute.Layout.Modified, modified);
        Set(FileNameAttribute.Layout.RecordChanged, recordChanged);
        Set(FileNameAttribute.Layout.Accessed, accessed);
    }

    /// <summary>Of the unnamed stream, bytes.</summary>
    public void SetSizes(long allocated, long data)
    {
        Set(FileNameAttribute.Layout.AllocatedSize, allocated);
        Set(FileNameAttribute.Layout.DataSize, data);
    }

    public void SetAttributes(uint value) => Set(FileNameAttribute.Layout.Attributes, value);

    public void SetReparseTag(uint value) => Set(FileNameAttribute.Layout.ReparseTag, value);

    /// <summary>Fills an all-zero value with the directory and the name.</summary>
    public void Initialise(FileReference parent, string name, FileNameSpace nameSpace)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(_value, parent.Value);
        _value[FileNameAttribute.Layout.NameLength] = (byte)name.Length;
        _value[FileNameAttribute.Layout.NameSpace] = (byte)nameSpace;
        Utf16.Write(name, _value[FileNameAttribute.Layout.Name..]);
    }

    private void Set(int offset, uint value) => BinaryPrimitives.WriteUInt32LittleEndian(_value[offset..], value);

    private void Set(int offset, long value) => BinaryPrimitives.WriteInt64LittleEndian(_value[offset..], value);
}
