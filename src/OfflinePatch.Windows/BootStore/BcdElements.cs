namespace OfflinePatch.Windows.BootStore;

/// <summary>
/// Elements and objects of a boot configuration that are written here. Source: learn.microsoft.com, "BCD reference" (BcdLibraryElementTypes,
/// BcdBootMgrElementTypes, BcdOSLoaderElementTypes); ReactOS <c>boot/environ/include/bcd.h</c>.
/// </summary>
internal static class BcdElements
{
    public const uint BootManagerType = 0x10100002;
    public const uint LoaderType = 0x10200003;
    public const uint ResumeType = 0x10200004;
    public const uint MemoryTesterType = 0x10200005;
    public const uint LegacyLoaderType = 0x10300006; // ntldr

    public const uint Device = 0x11000001;
    public const uint Path = 0x12000002;
    public const uint Description = 0x12000004;
    public const uint OsDevice = 0x21000001;
    public const uint SystemRoot = 0x22000002;
    public const uint SafeBoot = 0x25000080;
    public const uint WinPe = 0x26000022;

    /// <summary>Of the boot manager: the default loader. Of a loader: its resume application.</summary>
    public const uint DefaultObject = 0x23000003;

    public const uint ResumeObject = 0x23000006;
    public const uint DisplayOrder = 0x24000001;
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

    /// <summary>Objects of fixed identity.</summary>
    public static class Objects
    {
        public static readonly Guid BootManager = new("9dea862c-5cdd-4e70-acc1-f32b344d4795");
        public static readonly Guid MemoryTester = new("b2721d73-1db4-4c62-bf78-c548a880142d");
    }

    /// <summary>The name of the key of an element.</summary>
    public static string KeyName(uint element) => element.ToString("x8", System.Globalization.CultureInfo.InvariantCulture);
}
