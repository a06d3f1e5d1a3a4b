namespace OfflinePatch.Ntfs.Layout;

/// <summary>What a reparse point says about the content of its file.</summary>
public enum ReparseKind
{
    /// <summary>No reparse point.</summary>
    None,

    /// <summary>A link, a device or a socket: the file has no content of its own.</summary>
    Link,

    /// <summary>The content is on the volume, packed by the Windows Overlay Filter.</summary>
    Packed,

    /// <summary>
    /// A file that a sync client or a storage manager may have moved away. The attributes say whether the content is on the volume.
    /// </summary>
    Placeholder,

    /// <summary>The content is in another file, or in a store that only a filter driver reads.</summary>
    Elsewhere,

    /// <summary>A tag that is not known: a filter driver may put any content in place of what is stored.</summary>
    Unknown,
}

/// <summary>Names and meanings of reparse tags. Source: [MS-FSCC] 2.1.2.1; ntifs.h of the Windows SDK.</summary>
internal static class ReparseTagTable
{
    /// <summary>Tags of cloud files differ in bits 12 to 15: IO_REPARSE_TAG_CLOUD, IO_REPARSE_TAG_CLOUD_1 to _F.</summary>
    private const uint CloudMask = 0x0000_F000;

    private const uint Cloud = 0x9000_001A;

    /// <summary>IsReparseTagNameSurrogate: the file stands for another one.</summary>
    private const uint NameSurrogate = 0x2000_0000;

    /// <summary>The kind of a tag; 0 is <see cref="ReparseKind.None"/>.</summary>
    public static ReparseKind KindOf(uint tag) => Describe(tag).Kind;

    /// <summary>What a tag is called in messages: <c>a cloud file (OneDrive and others)</c>.</summary>
    public static string NameOf(uint tag) => Describe(tag).Name;

    private static (ReparseKind Kind, string Name) Describe(uint tag) => tag switch
    {
        0 => (ReparseKind.None, ""),
        ReparsePoint.MountPoint => (ReparseKind.Link, "a mount point or junction"),
        ReparsePoint.SymbolicLink => (ReparseKind.Link, "a symbolic link"),
        0x8000001B => (ReparseKind.Link, "a link to a Store application (AppExecLink)"),
        0xA000001D => (ReparseKind.Link, "a symbolic link of WSL"),
        0x80000014 => (ReparseKind.Link, "a special file of the NFS server"),
        0x80000023 => (ReparseKind.Link, "a Unix socket"),
        0x80000024 => (ReparseKind.Link, "a FIFO of WSL"),
        0x80000025 => (ReparseKind.Link, "a character device of WSL"),
        0x80000026 => (ReparseKind.Link, "a block device of WSL"),
        ReparsePoint.Wof => (ReparseKind.Packed, "a file packed by the Windows Overlay Filter"),
        0x80000021 => (ReparseKind.Placeholder, "a OneDrive file"),
        0x80000015 => (ReparseKind.Placeholder, "a placeholder of Windows 8.1's OneDrive"),
        0x8000001E => (ReparseKind.Placeholder, "a file of Azure File Sync"),
        0x9000001C => (ReparseKind.Placeholder, "a projected file (ProjFS)"),
        0xC0000004 or 0x80000006 => (ReparseKind.Placeholder, "a file of a hierarchical storage manager (HSM)"),
        0x80000007 => (ReparseKind.Elsewhere, "a file of the single instance store (SIS)"),
        ReparsePoint.Dedup => (ReparseKind.Elsewhere, "a deduplicated file"),
        0x80000018 or 0x90001018 => (ReparseKind.Elsewhere, "a file of a container layer"),
        _ when (tag & ~CloudMask) == Cloud => (ReparseKind.Placeholder, "a cloud file (OneDrive and others)"),
        _ when (tag & NameSurrogate) != 0 => (ReparseKind.Link, $"a link with the reparse tag 0x{tag:X8}"),
        _ => (ReparseKind.Unknown, $"a file with the unknown reparse tag 0x{tag:X8}"),
    };
}
