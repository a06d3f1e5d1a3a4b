namespace OfflinePatch.Registry.Layout;

/// <summary>Flags of a key node. Source: msuhanov/regf, "Windows registry file format specification".</summary>
[Flags]
internal enum KeyNodeFlags : ushort
{
    None = 0,
    Volatile = 0x0001,
    HiveExit = 0x0002,
    HiveEntry = 0x0004,
    NoDelete = 0x0008,
    SymbolicLink = 0x0010,

    /// <summary>The name is Latin-1, one byte a character.</summary>
    CompressedName = 0x0020,

    /// <summary>The value count is a predefined handle (Perflib), not a count: the key has no values of its own.</summary>
    PredefinedHandle = 0x0040,
    VirtualSource = 0x0080,
    VirtualTarget = 0x0100,
    VirtualStore = 0x0200,

    /// <summary>What the root of a hive has.</summary>
    Root = CompressedName | NoDelete | HiveEntry,
}
