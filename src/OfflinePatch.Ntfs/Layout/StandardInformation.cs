using System.Buffers.Binary;

namespace OfflinePatch.Ntfs.Layout;

/// <summary>
/// The value of $STANDARD_INFORMATION: 72 bytes since NTFS 3.0, 48 before and in system records. Source: Linux-NTFS documentation,
/// $STANDARD_INFORMATION.
/// </summary>
internal readonly ref struct StandardInformation
{
    private readonly ReadOnlySpan<byte> _bytes;

    private StandardInformation(ReadOnlySpan<byte> bytes) => _bytes = bytes;

    /// <summary>Offsets; one line per field: type, name. Times are FILETIME (100 ns since 1601, UTC).</summary>
    public static class Layout
    {
        /// <summary>u64, created.</summary>
        public const int Created = 0x00;

        /// <summary>u64, content changed.</summary>
        public const int Modified = 0x08;

        /// <summary>u64, FILE record changed.</summary>
        public const int RecordChanged = 0x10;

        /// <summary>u64, content read.</summary>
        public const int Accessed = 0x18;

        /// <summary>u32, DOS attributes; never the directory bit.</summary>
        public const int Attributes = 0x20;

        /// <summary>u32, 0, or "versions are disabled"; on directories also the case-sensitive flag.</summary>
        public const int MaximumVersions = 0x24;

        /// <summary>u32, version number.</summary>
        public const int Version = 0x28;

        /// <summary>u32, class id.</summary>
        public const int ClassId = 0x2C;

        /// <summary>u32, owner id (quota).</summary>
        public const int OwnerId = 0x30;

        /// <summary>u32, key of $Secure:$SII.</summary>
        public const int SecurityId = 0x34;

        /// <summary>u64, quota charged.</summary>
        public const int Quota = 0x38;

        /// <summary>u64, position in $UsnJrnl.</summary>
        public const int UpdateSequence = 0x40;

        /// <summary>Bytes before NTFS 3.0.</summary>
        public const int ShortSize = 0x30;

        /// <summary>Bytes since NTFS 3.0.</summary>
        public const int Size = 0x48;
    }

    /// <summary>A view; false when <paramref name="value"/> is shorter than 48 bytes.</summary>
    public static bool TryCreate(ReadOnlySpan<byte> value, out StandardInformation view)
    {
        view = new StandardInformation(value);
        return value.Length >= Layout.ShortSize;
    }

    /// <summary>FILETIME of creation.</summary>
    public long Created => BinaryPrimitives.ReadInt64LittleEndian(_bytes[Layout.Created..]);

    /// <summary>FILETIME of the last change of content.</summary>
    public long Modified => BinaryPrimitives.ReadInt64LittleEndian(_bytes[Layout.Modified..]);

    /// <summary>FILETIME of the last change of the record.</summary>
    public long RecordChanged => BinaryPrimitives.ReadInt64LittleEndian(_bytes[Layout.RecordChanged..]);

    /// <summary>FILETIME of the last access.</summary>
    public long Accessed => BinaryPrimitives.ReadInt64LittleEndian(_bytes[Layout.Accessed..]);

    /// <summary>DOS attributes.</summary>
    public uint Attributes => BinaryPrimitives.ReadUInt32LittleEndian(_bytes[Layout.Attributes..]);

    /// <summary>Version fields: anything but zero on a directory may mean that it is case-sensitive.</summary>
    public ulong VersionFields => BinaryPrimitives.ReadUInt64LittleEndian(_bytes[Layout.MaximumVersions..]);

    /// <summary>Key of $Secure, 0 when the record has none (48-byte form).</summary>
    public uint SecurityId => _bytes.Length >= Layout.Size ? BinaryPrimitives.ReadUInt32LittleEndian(_bytes[Layout.SecurityId..]) : 0;
}
