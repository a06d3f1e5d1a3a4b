using OfflinePatch.Registry.Bcd;
using OfflinePatch.Windows.Guest;

namespace OfflinePatch.Windows.BootStore;

/// <summary>
/// Types of objects, and elements, that only a new boot configuration is about (the others: <see cref="BcdStore"/>,
/// <see cref="BootEntries"/>). Source: learn.microsoft.com, "BCD reference" (BcdLibraryElementTypes, BcdBootMgrElementTypes,
/// BcdOSLoaderElementTypes); ReactOS <c>boot/environ/include/bcd.h</c>.
/// </summary>
internal static class BcdElements
{
    public const uint BootManagerType = 0x10100002;
    public const uint LoaderType = 0x10200003;
    public const uint ResumeType = 0x10200004;
    public const uint MemoryTesterType = 0x10200005;
    public const uint LegacyLoaderType = 0x10300006; // ntldr

    public const uint RecoverySequence = 0x14000008;
    public const uint RecoveryEnabled = 0x16000009;
    public const uint ResumeObject = 0x23000006;
    public const uint ToolsDisplayOrder = 0x24000010;
    public const uint ResumeDebugOption = 0x26000006;

    /// <summary>Elements of the template only, which say how to make the real ones.</summary>
    public static class Template
    {
        public const uint Class = 0x40000000; // the top nibble
        public const uint DeviceKind = 0x45000001; // 1 the system partition, 2 that of Windows
        public const uint RelativePath = 0x42000002; // below the Windows directory
        public const uint LocalisedText = 0x47000005; // pairs of u64: an element, and the number of its text
    }
}
