using OfflinePatch.Ntfs.Layout;
using static OfflinePatch.Ntfs.Layout.SecurityDescriptor;

namespace OfflinePatch.Ntfs.Format;

/// <summary>
/// The security descriptors of a new volume, as Windows' format writes them: metafiles readable by SYSTEM and Administrators, the root open
/// to users.
/// </summary>
internal static class SystemDescriptors
{
    private const AceFlags Inherit = AceFlags.ObjectInherit | AceFlags.ContainerInherit | AceFlags.InheritOnly;
    private const uint Modify = 0x001301BF;
    private const uint ReadAndExecute = 0x001200A9;
    private const uint MetafileRead = 0x00120089;
    private const uint MetafileReadWrite = 0x0012019F;
    private const uint GenericAll = 0x10000000;
    private const uint GenericReadWriteExecuteDelete = 0xE0010000;
    private const uint GenericReadExecute = 0xA0000000;

    /// <summary>BUILTIN\Users, S-1-5-32-545.</summary>
    private static ReadOnlySpan<byte> Users => [1, 2, 0, 0, 0, 0, 0, 5, 32, 0, 0, 0, 0x21, 2, 0, 0];

    /// <summary>NT AUTHORITY\Authenticated Users, S-1-5-11.</summary>
    private static ReadOnlySpan<byte> AuthenticatedUsers => [1, 1, 0, 0, 0, 0, 0, 5, 11, 0, 0, 0];

    /// <summary>SecurityId 0x100: the metafiles.</summary>
    public static byte[] Metafile => ForMetafile(MetafileRead);

    /// <summary>SecurityId 0x101: $Volume, $Secure, $Extend and what is in it; also records 12 to 15.</summary>
    public static byte[] WritableMetafile => ForMetafile(MetafileReadWrite);

    /// <summary>The root directory.</summary>
    public static byte[] Root => Build(
        LocalSystem,
        LocalSystem,
        Allow(AceFlags.None, FullControl, Administrators),
        Allow(Inherit, GenericAll, Administrators),
        Allow(AceFlags.None, FullControl, LocalSystem),
        Allow(Inherit, GenericAll, LocalSystem),
        Allow(AceFlags.None, Modify, AuthenticatedUsers),
        Allow(Inherit, GenericReadWriteExecuteDelete, AuthenticatedUsers),
        Allow(AceFlags.None, ReadAndExecute, Users),
        Allow(Inherit, GenericReadExecute, Users));

    private static byte[] ForMetafile(uint mask) =>
        Build(LocalSystem, Administrators, Allow(AceFlags.None, mask, LocalSystem), Allow(AceFlags.None, mask, Administrators));

    private static byte[] Build(ReadOnlySpan<byte> owner, ReadOnlySpan<byte> group, params byte[][] entries) =>
        SecurityDescriptor.Build(DescriptorControl.SelfRelative | DescriptorControl.DaclPresent, owner, group, entries);
}
