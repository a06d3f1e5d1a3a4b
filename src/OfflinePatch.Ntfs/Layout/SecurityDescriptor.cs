using System.Buffers.Binary;

namespace OfflinePatch.Ntfs.Layout;

/// <summary>
/// Self-relative security descriptors. Source: [MS-DTYP] 2.4.6 (descriptor), 2.4.5 (ACL), 2.4.4 (ACE), 2.4.2 (SID).
/// </summary>
internal static class SecurityDescriptor
{
    /// <summary>Offsets of the descriptor; one line per field: type, name. The offsets in it count from its start, 0 for none.</summary>
    public static class Layout
    {
        /// <summary>u8, 1.</summary>
        public const int Revision = 0x00;

        /// <summary>u16, <see cref="DescriptorControl"/>.</summary>
        public const int Control = 0x02;

        /// <summary>u32, offset of the owner's SID.</summary>
        public const int Owner = 0x04;

        /// <summary>u32, offset of the group's SID.</summary>
        public const int Group = 0x08;

        /// <summary>u32, offset of the DACL.</summary>
        public const int Dacl = 0x10;

        /// <summary>Bytes.</summary>
        public const int Size = 0x14;
    }

    /// <summary>Offsets of an ACL; one line per field: type, name.</summary>
    public static class AclLayout
    {
        /// <summary>u8, 2.</summary>
        public const int Revision = 0x00;

        /// <summary>u16, bytes with the entries.</summary>
        public const int Length = 0x02;

        /// <summary>u16, number of entries.</summary>
        public const int Count = 0x04;

        /// <summary>Bytes without entries.</summary>
        public const int Size = 0x08;
    }

    /// <summary>Offsets of an entry that allows or denies access; one line per field: type, name.</summary>
    public static class AceLayout
    {
        /// <summary>u8, 0 allowed, 1 denied.</summary>
        public const int Type = 0x00;

        /// <summary>u8, <see cref="AceFlags"/>.</summary>
        public const int Flags = 0x01;

        /// <summary>u16, bytes of the entry.</summary>
        public const int Length = 0x02;

        /// <summary>u32, access mask.</summary>
        public const int Mask = 0x04;

        /// <summary>The SID.</summary>
        public const int Sid = 0x08;
    }

    /// <summary>Every right of a file, and to change its descriptor and owner.</summary>
    public const uint FullControl = 0x001F01FF;

    private const byte DescriptorRevision = 1;
    private const byte AclRevision = 2;

    /// <summary>NT AUTHORITY\SYSTEM, S-1-5-18.</summary>
    public static ReadOnlySpan<byte> LocalSystem => [1, 1, 0, 0, 0, 0, 0, 5, 18, 0, 0, 0];

    /// <summary>BUILTIN\Administrators, S-1-5-32-544.</summary>
    public static ReadOnlySpan<byte> Administrators => [1, 2, 0, 0, 0, 0, 0, 5, 32, 0, 0, 0, 0x20, 2, 0, 0];

    /// <summary>Header, DACL, owner, group: the order in which Windows' format writes them.</summary>
    public static byte[] Build(DescriptorControl control, ReadOnlySpan<byte> owner, ReadOnlySpan<byte> group,
        IReadOnlyCollection<byte[]> entries)
    {
        var aclLength = AclLayout.Size + entries.Sum(e => e.Length);
        var bytes = new byte[Layout.Size + aclLength + owner.Length + group.Length];
        var ownerOffset = Layout.Size + aclLength;
        bytes[Layout.Revision] = DescriptorRevision;
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(Layout.Control), (ushort)control);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(Layout.Owner), ownerOffset);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(Layout.Group), ownerOffset + owner.Length);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(Layout.Dacl), Layout.Size);
        var acl = bytes.AsSpan(Layout.Size, aclLength);
        acl[AclLayout.Revision] = AclRevision;
        BinaryPrimitives.WriteUInt16LittleEndian(acl[AclLayout.Length..], (ushort)aclLength);
        BinaryPrimitives.WriteUInt16LittleEndian(acl[AclLayout.Count..], (ushort)entries.Count);
        var at = AclLayout.Size;
        foreach (var entry in entries)
        {
            entry.CopyTo(acl[at..]);
            at += entry.Length;
        }

        owner.CopyTo(bytes.AsSpan(ownerOffset));
        group.CopyTo(bytes.AsSpan(ownerOffset + owner.Length));
        return bytes;
    }

    /// <summary>An entry that allows access.</summary>
    public static byte[] Allow(AceFlags flags, uint mask, ReadOnlySpan<byte> sid)
    {
        var entry = new byte[AceLayout.Sid + sid.Length];
        entry[AceLayout.Flags] = (byte)flags;
        BinaryPrimitives.WriteUInt16LittleEndian(entry.AsSpan(AceLayout.Length), (ushort)entry.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(entry.AsSpan(AceLayout.Mask), mask);
        sid.CopyTo(entry.AsSpan(AceLayout.Sid));
        return entry;
    }

    /// <summary>The entries of the DACL, each with its header, up to the first that does not fit. None where there is no DACL.</summary>
    public static List<byte[]> ReadDacl(ReadOnlySpan<byte> descriptor)
    {
        var entries = new List<byte[]>();
        if (descriptor.Length < Layout.Size)
        {
            return entries;
        }

        var offset = BinaryPrimitives.ReadUInt32LittleEndian(descriptor[Layout.Dacl..]);
        if (offset < Layout.Size || offset > descriptor.Length - AclLayout.Size)
        {
            return entries;
        }

        var acl = descriptor[(int)offset..];
        int size = BinaryPrimitives.ReadUInt16LittleEndian(acl[AclLayout.Length..]);
        acl = acl[..Math.Min(size, acl.Length)];
        var at = AclLayout.Size;
        while (at + AceLayout.Sid <= acl.Length)
        {
            int length = BinaryPrimitives.ReadUInt16LittleEndian(acl[(at + AceLayout.Length)..]);
            if (length < AceLayout.Sid || at + length > acl.Length)
            {
                break;
            }

            entries.Add(acl.Slice(at, length).ToArray());
            at += length;
        }

        return entries;
    }
}

/// <summary>Control bits of a security descriptor. Source: [MS-DTYP] 2.4.6.</summary>
[Flags]
internal enum DescriptorControl : ushort
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>There is a DACL.</summary>
    DaclPresent = 0x0004,

    /// <summary>The DACL was inherited.</summary>
    DaclAutoInherited = 0x0400,

    /// <summary>The parts follow the header.</summary>
    SelfRelative = 0x8000,
}

/// <summary>Inheritance of an ACE. Source: [MS-DTYP] 2.4.4.1.</summary>
[Flags]
internal enum AceFlags : byte
{
    /// <summary>For this object only.</summary>
    None = 0,

    /// <summary>Files take it from their directory.</summary>
    ObjectInherit = 1,

    /// <summary>Directories take it from theirs.</summary>
    ContainerInherit = 2,

    /// <summary>What takes it does not pass it on.</summary>
    NoPropagate = 4,

    /// <summary>It does not apply to the object itself.</summary>
    InheritOnly = 8,

    /// <summary>It was taken from the directory.</summary>
    Inherited = 0x10,
}
