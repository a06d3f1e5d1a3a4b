using System.Buffers.Binary;
using OfflinePatch.Ntfs.Layout;

namespace OfflinePatch.Ntfs.Format;

/// <summary>
/// The content of $AttrDef as NTFS 3.1 has it: 16 entries of 160 bytes, the last one empty. Source: [MS-FSCC]-style facts, proven against
/// Windows volumes.
/// </summary>
internal static class AttributeDefinitions
{
    /// <summary>Bytes of the file.</summary>
    public const int Size = 16 * Layout.Size;

    /// <summary>Offsets of an entry; one line per field: type, name.</summary>
    public static class Layout
    {
        /// <summary>64 UTF-16 units, the name, filled up with zeros.</summary>
        public const int Name = 0x00;

        /// <summary>u32, <see cref="AttributeType"/>; u32 display rule and u32 collation follow, both 0.</summary>
        public const int Type = 0x80;

        /// <summary>u32, 2 indexable, 40 resident only, 80 may be non-resident.</summary>
        public const int Flags = 0x8C;

        /// <summary>i64, bytes.</summary>
        public const int MinSize = 0x90;

        /// <summary>i64, bytes, -1 for no limit.</summary>
        public const int MaxSize = 0x98;

        /// <summary>Bytes.</summary>
        public const int Size = 0xA0;
    }

    private static readonly (string Name, AttributeType Type, uint Flags, long MinSize, long MaxSize)[] Entries =
    [
        ("$STANDARD_INFORMATION", AttributeType.StandardInformation, 0x40, 0x30, 0x48),
        ("$ATTRIBUTE_LIST", AttributeType.AttributeList, 0x80, 0, -1),
        ("$FILE_NAME", AttributeType.FileName, 0x42, 0x44, 0x242),
        ("$OBJECT_ID", AttributeType.ObjectId, 0x40, 0, 0x100),
        ("$SECURITY_DESCRIPTOR", AttributeType.SecurityDescriptor, 0x80, 0, -1),
        ("$VOLUME_NAME", AttributeType.VolumeName, 0x40, 2, 0x100),
        ("$VOLUME_INFORMATION", AttributeType.VolumeInformation, 0x40, 0x0C, 0x0C),
        ("$DATA", AttributeType.Data, 0, 0, -1),
        ("$INDEX_ROOT", AttributeType.IndexRoot, 0x40, 0, -1),
        ("$INDEX_ALLOCATION", AttributeType.IndexAllocation, 0x80, 0, -1),
        ("$BITMAP", AttributeType.Bitmap, 0x80, 0, -1),
        ("$REPARSE_POINT", AttributeType.ReparsePoint, 0x80, 0, 0x4000),
        ("$EA_INFORMATION", AttributeType.ExtendedAttributeInformation, 0x40, 8, 8),
        ("$EA", AttributeType.ExtendedAttribute, 0, 0, 0x10000),
        ("$LOGGED_UTILITY_STREAM", AttributeType.LoggedUtilityStream, 0x80, 0, 0x10000),
    ];

    public static byte[] Build()
    {
        var file = new byte[Size];
        for (var i = 0; i < Entries.Length; i++)
        {
            var entry = file.AsSpan(i * Layout.Size, Layout.Size);
            Utf16.Write(Entries[i].Name, entry[Layout.Name..]);
            BinaryPrimitives.WriteUInt32LittleEndian(entry[Layout.Type..], (uint)Entries[i].Type);
            BinaryPrimitives.WriteUInt32LittleEndian(entry[Layout.Flags..], Entries[i].Flags);
            BinaryPrimitives.WriteInt64LittleEndian(entry[Layout.MinSize..], Entries[i].MinSize);
            BinaryPrimitives.WriteInt64LittleEndian(entry[Layout.MaxSize..], Entries[i].MaxSize);
        }

        return file;
    }
}
