using System.Buffers.Binary;

namespace OfflinePatch.Ntfs.Layout;

/// <summary>The value of $FILE_NAME, which is also the key of a directory's index. Source: Linux-NTFS documentation, $FILE_NAME.</summary>
internal readonly ref struct FileNameAttribute
{
    private readonly ReadOnlySpan<byte> _bytes;

    private FileNameAttribute(ReadOnlySpan<byte> bytes) => _bytes = bytes;

    /// <summary>Offsets; one line per field: type, name.</summary>
    public static class Layout
    {
        /// <summary>u64, file reference of the directory.</summary>
        public const int Parent = 0x00;

        /// <summary>u64, FILETIME, created.</summary>
        public const int Created = 0x08;

        /// <summary>u64, FILETIME, content changed.</summary>
        public const int Modified = 0x10;

        /// <summary>u64, FILETIME, record changed.</summary>
        public const int RecordChanged = 0x18;

        /// <summary>u64, FILETIME, accessed.</summary>
        public const int Accessed = 0x20;

        /// <summary>u64, allocated bytes of the unnamed stream.</summary>
        public const int AllocatedSize = 0x28;

        /// <summary>u64, bytes of the unnamed stream.</summary>
        public const int DataSize = 0x30;

        /// <summary>u32, DOS attributes; 10000000 directory, 20000000 view index.</summary>
        public const int Attributes = 0x38;

        /// <summary>u32, reparse tag, or size of extended attributes.</summary>
        public const int ReparseTag = 0x3C;

        /// <summary>u8, UTF-16 units of the name.</summary>
        public const int NameLength = 0x40;

        /// <summary>u8, <see cref="FileNameSpace"/>.</summary>
        public const int NameSpace = 0x41;

        /// <summary>The name, UTF-16LE.</summary>
        public const int Name = 0x42;
    }

    /// <summary>Attribute bit of a directory in $FILE_NAME.</summary>
    public const uint DirectoryBit = 0x10000000;

    /// <summary>A view; false when <paramref name="value"/> does not hold the whole name.</summary>
    public static bool TryCreate(ReadOnlySpan<byte> value, out FileNameAttribute view)
    {
        view = new FileNameAttribute(value);
        return value.Length >= Layout.Name && value.Length >= Layout.Name + (2 * value[Layout.NameLength]);
    }

    /// <summary>The directory.</summary>
    public FileReference Parent => new(BinaryPrimitives.ReadUInt64LittleEndian(_bytes));

    /// <summary>FILETIME of creation.</summary>
    public long Created => BinaryPrimitives.ReadInt64LittleEndian(_bytes[Layout.Created..]);

    /// <summary>FILETIME of the last change of content.</summary>
    public long Modified => BinaryPrimitives.ReadInt64LittleEndian(_bytes[Layout.Modified..]);

    /// <summary>FILETIME of the last change of the record.</summary>
    public long RecordChanged => BinaryPrimitives.ReadInt64LittleEndian(_bytes[Layout.RecordChanged..]);

    /// <summary>FILETIME of the last access.</summary>
    public long Accessed => BinaryPrimitives.ReadInt64LittleEndian(_bytes[Layout.Accessed..]);

    /// <summary>Allocated bytes of the unnamed stream, as last copied here.</summary>
    public long AllocatedSize => BinaryPrimitives.ReadInt64LittleEndian(_bytes[Layout.AllocatedSize..]);

    /// <summary>Bytes of the unnamed stream, as last copied here.</summary>
    public long DataSize => BinaryPrimitives.ReadInt64LittleEndian(_bytes[Layout.DataSize..]);

    /// <summary>Attributes.</summary>
    public uint Attributes => BinaryPrimitives.ReadUInt32LittleEndian(_bytes[Layout.Attributes..]);

    /// <summary>Reparse tag or EA size.</summary>
    public uint ReparseTag => BinaryPrimitives.ReadUInt32LittleEndian(_bytes[Layout.ReparseTag..]);

    /// <summary>UTF-16 units of the name.</summary>
    public int NameLength => _bytes[Layout.NameLength];

    /// <summary>Namespace.</summary>
    public FileNameSpace NameSpace => (FileNameSpace)_bytes[Layout.NameSpace];

    /// <summary>The name, UTF-16LE bytes.</summary>
    public ReadOnlySpan<byte> NameBytes => _bytes.Slice(Layout.Name, 2 * NameLength);

    /// <summary>The name as a string (unpaired surrogates survive).</summary>
    public string Name => Utf16.ToText(NameBytes);

    /// <summary>All bytes of the value, without what may follow the name.</summary>
    public ReadOnlySpan<byte> Bytes => _bytes[..(Layout.Name + (2 * NameLength))];
}
