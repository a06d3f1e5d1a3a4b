using System.Buffers.Binary;

namespace OfflinePatch.Ntfs.Engine.Security;

/// <summary>
/// The security descriptor that a new file takes from its directory. Source: Linux-NTFS documentation, $Secure; [MS-DTYP] 2.4.4, 2.4.6,
/// 2.5.3.4.
/// </summary>
internal static class SecurityInheritance
{
    private const ushort SelfRelative = 0x8000;
    private const ushort DaclPresent = 0x0004;
    private const ushort DaclAutoInherited = 0x0400;

    private const byte ObjectInherit = 1;
    private const byte ContainerInherit = 2;
    private const byte NoPropagate = 4;
    private const byte InheritOnly = 8;
    private const byte Inherited = 0x10;

    /// <summary>BUILTIN\Administrators, S-1-5-32-544.</summary>
    private static readonly byte[] Administrators = [1, 2, 0, 0, 0, 0, 0, 5, 32, 0, 0, 0, 0x20, 2, 0, 0];

    /// <summary>NT AUTHORITY\SYSTEM, S-1-5-18.</summary>
    private static readonly byte[] LocalSystem = [1, 1, 0, 0, 0, 0, 0, 5, 18, 0, 0, 0];

    /// <summary>CREATOR OWNER, S-1-3-0.</summary>
    private static readonly byte[] CreatorOwner = [1, 1, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0];

    /// <summary>CREATOR GROUP, S-1-3-1.</summary>
    private static readonly byte[] CreatorGroup = [1, 1, 0, 0, 0, 0, 0, 3, 1, 0, 0, 0];

    /// <summary>Builds the descriptor of a child. Owner is BUILTIN\Administrators, group SYSTEM.</summary>
    /// <param name="parent">The directory's descriptor, or null.</param>
    /// <param name="isDirectory">Whether the child is a directory.</param>
    public static byte[] Create(ReadOnlySpan<byte> parent, bool isDirectory)
    {
        var aces = new List<byte[]>();
        foreach (var ace in ReadDacl(parent))
        {
            Inherit(ace, isDirectory, aces);
        }

        if (aces.Count == 0)
        {
            aces.Add(Ace(0x1F01FF, Administrators));
            aces.Add(Ace(0x1F01FF, LocalSystem));
        }

        var aclSize = 8 + aces.Sum(a => a.Length);
        var bytes = new byte[20 + aclSize + Administrators.Length + LocalSystem.Length];
        bytes[0] = 1;
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(2), SelfRelative | DaclPresent | DaclAutoInherited);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(4), (uint)(20 + aclSize));
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(8), (uint)(20 + aclSize + Administrators.Length));
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(16), 20);
        bytes[20] = 2;
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(22), (ushort)aclSize);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(24), (ushort)aces.Count);
        var at = 28;
        foreach (var ace in aces)
        {
            ace.CopyTo(bytes, at);
            at += ace.Length;
        }

        Administrators.CopyTo(bytes, at);
        LocalSystem.CopyTo(bytes, at + Administrators.Length);
        return bytes;
    }

    private static List<byte[]> ReadDacl(ReadOnlySpan<byte> descriptor)
    {
        var aces = new List<byte[]>();
        if (descriptor.Length < 20)
        {
            return aces;
        }

        var offset = BinaryPrimitives.ReadUInt32LittleEndian(descriptor[16..]);
        if (offset < 20 || offset > descriptor.Length - 8)
        {
            return aces;
        }

        var acl = descriptor[(int)offset..];
        int size = BinaryPrimitives.ReadUInt16LittleEndian(acl[2..]);
        acl = acl[..Math.Min(size, acl.Length)];
        var at = 8;
        while (at + 8 <= acl.Length)
        {
            int length = BinaryPrimitives.ReadUInt16LittleEndian(acl[(at + 2)..]);
            if (length < 8 || at + length > acl.Length)
            {
                break;
            }

            aces.Add(acl.Slice(at, length).ToArray());
            at += length;
        }

        return aces;
    }

    private static void Inherit(byte[] ace, bool isDirectory, List<byte[]> aces)
    {
        // access allowed and denied entries only: others carry what we do not understand, and are not needed to open a file
        if (ace[0] > 1 || ace.Length < 16)
        {
            return;
        }

        var flags = ace[1];
        var effective = isDirectory ? (flags & ContainerInherit) != 0 : (flags & ObjectInherit) != 0;
        if (effective)
        {
            var own = (byte[])ace.Clone();
            var sid = own.AsSpan(8);
            var isCreator = sid.SequenceEqual(CreatorOwner) || sid.SequenceEqual(CreatorGroup);
            BinaryPrimitives.WriteUInt32LittleEndian(own.AsSpan(4), MapGeneric(BinaryPrimitives.ReadUInt32LittleEndian(own.AsSpan(4))));
            if (isCreator)
            {
                byte[] owner = sid.SequenceEqual(CreatorOwner) ? Administrators : LocalSystem;
                own = [.. own.AsSpan(0, 8), .. owner];
                BinaryPrimitives.WriteUInt16LittleEndian(own.AsSpan(2), (ushort)own.Length);
            }

            var changed = isCreator || !own.AsSpan(4, 4).SequenceEqual(ace.AsSpan(4, 4));
            var keep = isDirectory && (flags & NoPropagate) == 0 && !changed ? flags & (ObjectInherit | ContainerInherit) : 0;
            own[1] = (byte)(keep | Inherited);
            aces.Add(own);
            if (isDirectory && (flags & NoPropagate) == 0 && changed)
            {
                AddInheritOnly(ace, aces);
            }
        }
        else if (isDirectory && (flags & ObjectInherit) != 0 && (flags & NoPropagate) == 0)
        {
            AddInheritOnly(ace, aces);
        }
    }

    private static void AddInheritOnly(byte[] ace, List<byte[]> aces)
    {
        var copy = (byte[])ace.Clone();
        copy[1] = (byte)((copy[1] & (ObjectInherit | ContainerInherit)) | InheritOnly | Inherited);
        aces.Add(copy);
    }

    private static uint MapGeneric(uint mask)
    {
        var mapped = mask & 0x0FFF_FFFF;
        mapped |= (mask & 0x1000_0000) != 0 ? 0x1F01FFu : 0;
        mapped |= (mask & 0x8000_0000) != 0 ? 0x120089u : 0;
        mapped |= (mask & 0x4000_0000) != 0 ? 0x120116u : 0;
        mapped |= (mask & 0x2000_0000) != 0 ? 0x1200A0u : 0;
        return mapped;
    }

    private static byte[] Ace(uint mask, byte[] sid)
    {
        var bytes = new byte[8 + sid.Length];
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(2), (ushort)bytes.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(4), mask);
        sid.CopyTo(bytes, 8);
        return bytes;
    }
}
