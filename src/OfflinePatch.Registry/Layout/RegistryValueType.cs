namespace OfflinePatch.Registry.Layout;

/// <summary>
/// The type of a value. Any other number is legal and kept: device properties use 0xFFFF0000 and up, SAM names use the RID.
/// </summary>
public enum RegistryValueType : uint
{
    /// <summary>REG_NONE.</summary>
    None = 0,

    /// <summary>REG_SZ: UTF-16 text, with a terminator.</summary>
    String = 1,

    /// <summary>REG_EXPAND_SZ: text with environment variables.</summary>
    ExpandString = 2,

    /// <summary>REG_BINARY.</summary>
    Binary = 3,

    /// <summary>REG_DWORD: 32 bits, little-endian.</summary>
    Dword = 4,

    /// <summary>REG_DWORD_BIG_ENDIAN.</summary>
    DwordBigEndian = 5,

    /// <summary>REG_LINK: the target of a symbolic link, UTF-16 without a terminator.</summary>
    Link = 6,

    /// <summary>REG_MULTI_SZ: texts, each with a terminator, and an empty one at the end.</summary>
    MultiString = 7,

    /// <summary>REG_RESOURCE_LIST.</summary>
    ResourceList = 8,

    /// <summary>REG_FULL_RESOURCE_DESCRIPTOR.</summary>
    FullResourceDescriptor = 9,

    /// <summary>REG_RESOURCE_REQUIREMENTS_LIST.</summary>
    ResourceRequirementsList = 10,

    /// <summary>REG_QWORD: 64 bits, little-endian.</summary>
    Qword = 11,
}
