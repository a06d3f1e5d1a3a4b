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
    public const int Size = 16 * EntrySize;

    private const int EntrySize = 0xA0;
    private const int TypeField = 0x80; // u32; u32 display rule and u32 collation follow, both 0
    private const int FlagsField = 0x8C; // u32: 02 indexable, 40 resident only, 80 may be non-resident
    private const int MinimumField = 0x90; // s64
    private const int MaximumField = 0x98; // s64, -1 unlimited

    private static readonly (string Name, AttributeType Type, uint Flags, long Minimum, long Maximum)[] Entries =
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
            var entry = file.AsSpan(i * EntrySize, EntrySize);
            Utf16.Write(Entries[i].Name, entry);
            BinaryPrimitives.WriteUInt32LittleEndian(entry[TypeField..], (uint)Entries[i].Type);
            BinaryPrimitives.WriteUInt32LittleEndian(entry[FlagsField..], Entries[i].Flags);
            BinaryPrimitives.WriteInt64LittleEndian(entry[MinimumField..], Entries[i].Minimum);
            BinaryPrimitives.WriteInt64LittleEndian(entry[MaximumField..], Entries[i].Maximum);
        }

        return file;
    }
}
