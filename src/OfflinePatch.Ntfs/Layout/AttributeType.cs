namespace OfflinePatch.Ntfs.Layout;

/// <summary>
/// Attribute type codes, as $AttrDef lists them. Source: Linux-NTFS documentation, Attribute Header; ntfs-3g layout.h ATTR_TYPES (facts).
/// </summary>
internal enum AttributeType : uint
{
    /// <summary>No attribute.</summary>
    None = 0,

    /// <summary>Times, DOS attributes, SecurityId. Always resident, always in the base record.</summary>
    StandardInformation = 0x10,

    /// <summary>Where the attributes of a file with several records are.</summary>
    AttributeList = 0x20,

    /// <summary>One name (one hard link) of the file. Always resident.</summary>
    FileName = 0x30,

    /// <summary>$OBJECT_ID.</summary>
    ObjectId = 0x40,

    /// <summary>A security descriptor of its own (NTFS 1.2 style; system records).</summary>
    SecurityDescriptor = 0x50,

    /// <summary>$VOLUME_NAME: the label.</summary>
    VolumeName = 0x60,

    /// <summary>$VOLUME_INFORMATION: version and dirty flag.</summary>
    VolumeInformation = 0x70,

    /// <summary>$DATA: a stream.</summary>
    Data = 0x80,

    /// <summary>$INDEX_ROOT: the root node of a B-tree. Always resident.</summary>
    IndexRoot = 0x90,

    /// <summary>$INDEX_ALLOCATION: the other nodes of a B-tree.</summary>
    IndexAllocation = 0xA0,

    /// <summary>$BITMAP: which index blocks, or which FILE records, are in use.</summary>
    Bitmap = 0xB0,

    /// <summary>$REPARSE_POINT.</summary>
    ReparsePoint = 0xC0,

    /// <summary>$EA_INFORMATION.</summary>
    ExtendedAttributeInformation = 0xD0,

    /// <summary>$EA.</summary>
    ExtendedAttribute = 0xE0,

    /// <summary>$LOGGED_UTILITY_STREAM: $EFS, $TXF_DATA.</summary>
    LoggedUtilityStream = 0x100,

    /// <summary>The four bytes that end the list of attributes.</summary>
    End = 0xFFFFFFFF,
}

/// <summary>Flags of an attribute header at 0x0C.</summary>
[Flags]
internal enum AttributeFlags : ushort
{
    /// <summary>Plain.</summary>
    None = 0,

    /// <summary>LZNT1 compressed.</summary>
    Compressed = 0x0001,

    /// <summary>EFS encrypted.</summary>
    Encrypted = 0x4000,

    /// <summary>Sparse.</summary>
    Sparse = 0x8000,
}
