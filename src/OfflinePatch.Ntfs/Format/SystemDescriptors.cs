using System.Buffers.Binary;

namespace OfflinePatch.Ntfs.Format;

/// <summary>
/// The security descriptors of a new volume, as Windows' format writes them: metafiles readable by SYSTEM and Administrators, the root open
/// to users.
/// Layout: [MS-DTYP] 2.4.6 (self-relative descriptor), 2.4.5 (ACL), 2.4.4.2 (access-allowed ACE), 2.4.2 (SID).
/// </summary>
internal static class SystemDescriptors
{
    private const byte Inherit = 0x0B; // object inherit, container inherit, inherit only
    private const uint FullControl = 0x001F01FF;
    private const uint Modify = 0x001301BF;
    private const uint ReadAndExecute = 0x001200A9;
    private const uint MetafileRead = 0x00120089;
    private const uint MetafileReadWrite = 0x0012019F;
    private const uint GenericAll = 0x10000000;
    private const uint GenericReadWriteExecuteDelete = 0xE0010000;
    private const uint GenericReadExecute = 0xA0000000;

    private static readonly byte[] LocalSystem = Sid(18);
    private static readonly byte[] Administrators = Sid(32, 544);
    private static readonly byte[] Users = Sid(32, 545);
    private static readonly byte[] AuthenticatedUsers = Sid(11);

    /// <summary>SecurityId 0x100: the metafiles.</summary>
    public static byte[] Metafile => ForMetafile(MetafileRead);

    /// <summary>SecurityId 0x101: $Volume, $Secure, $Extend and what is in it; also records 12 to 15.</summary>
    public static byte[] WritableMetafile => ForMetafile(MetafileReadWrite);

    /// <summary>The root directory.</summary>
    public static byte[] Root => Build(
        LocalSystem,
        LocalSystem,
        Ace(0, FullControl, Administrators),
        Ace(Inherit, GenericAll, Administrators),
        Ace(0, FullControl, LocalSystem),
        Ace(Inherit, GenericAll, LocalSystem),
        Ace(0, Modify, AuthenticatedUsers),
        Ace(Inherit, GenericReadWriteExecuteDelete, AuthenticatedUsers),
        Ace(0, ReadAndExecute, Users),
        Ace(Inherit, GenericReadExecute, Users));

    /// <summary>The SID S-1-5-32-544 as the quota indexes hold it.</summary>
    public static ReadOnlySpan<byte> AdministratorsSid => Administrators;

    private static byte[] ForMetafile(uint mask) =>
        Build(LocalSystem, Administrators, Ace(0, mask, LocalSystem), Ace(0, mask, Administrators));

    /// <summary>Header (20 bytes), DACL, owner, group: the order in which Windows' format writes them.</summary>
    private static byte[] Build(byte[] owner, byte[] group, params byte[][] entries)
    {
        const int HeaderLength = 20;
        const int AclHeaderLength = 8;
        const ushort SelfRelativeWithDacl = 0x8004;
        var acl = AclHeaderLength + entries.Sum(e => e.Length);
        var descriptor = new byte[HeaderLength + acl + owner.Length + group.Length];
        descriptor[0] = 1;
        BinaryPrimitives.WriteUInt16LittleEndian(descriptor.AsSpan(2), SelfRelativeWithDacl);
        BinaryPrimitives.WriteInt32LittleEndian(descriptor.AsSpan(4), HeaderLength + acl);
        BinaryPrimitives.WriteInt32LittleEndian(descriptor.AsSpan(8), HeaderLength + acl + owner.Length);
        BinaryPrimitives.WriteInt32LittleEndian(descriptor.AsSpan(16), HeaderLength);
        descriptor[HeaderLength] = 2;
        BinaryPrimitives.WriteUInt16LittleEndian(descriptor.AsSpan(HeaderLength + 2), (ushort)acl);
        BinaryPrimitives.WriteUInt16LittleEndian(descriptor.AsSpan(HeaderLength + 4), (ushort)entries.Length);
        var at = HeaderLength + AclHeaderLength;
        foreach (var part in entries.Append(owner).Append(group))
        {
            part.CopyTo(descriptor, at);
            at += part.Length;
        }

        return descriptor;
    }

    private static byte[] Ace(byte flags, uint mask, byte[] sid)
    {
        var entry = new byte[8 + sid.Length];
        entry[1] = flags;
        BinaryPrimitives.WriteUInt16LittleEndian(entry.AsSpan(2), (ushort)entry.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(entry.AsSpan(4), mask);
        sid.CopyTo(entry, 8);
        return entry;
    }

    private static byte[] Sid(params uint[] subAuthorities)
    {
        var sid = new byte[8 + (4 * subAuthorities.Length)];
        sid[0] = 1;
        sid[1] = (byte)subAuthorities.Length;
        sid[7] = 5; // NT authority, big endian
        for (var i = 0; i < subAuthorities.Length; i++)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(sid.AsSpan(8 + (4 * i)), subAuthorities[i]);
        }

        return sid;
    }
}
