using System.Buffers.Binary;

namespace OfflinePatch.Registry.Layout;

/// <summary>Self-relative security descriptors. Source: MS-DTYP 2.4.6 (SECURITY_DESCRIPTOR), 2.4.5 (ACL), 2.4.2 (SID).</summary>
internal static class SecurityDescriptors
{
    /// <summary>Full control, inherited, for administrators and SYSTEM; owned by administrators, group SYSTEM.</summary>
    public static ReadOnlySpan<byte> SystemAndAdministrators =>
    [
        1, 0, 0x04, 0x80, // revision; SE_DACL_PRESENT | SE_SELF_RELATIVE
        0x48, 0, 0, 0, 0x58, 0, 0, 0, 0, 0, 0, 0, 0x14, 0, 0, 0, // owner, group, no SACL, DACL
        2, 0, 0x34, 0, 2, 0, 0, 0, // ACL of 2 entries
        0, 3, 0x18, 0, 0x3F, 0, 0x0F, 0, 1, 2, 0, 0, 0, 0, 0, 5, 0x20, 0, 0, 0, 0x20, 2, 0, 0, // allow KEY_ALL_ACCESS to S-1-5-32-544
        0, 3, 0x14, 0, 0x3F, 0, 0x0F, 0, 1, 1, 0, 0, 0, 0, 0, 5, 0x12, 0, 0, 0, // and to S-1-5-18
        1, 2, 0, 0, 0, 0, 0, 5, 0x20, 0, 0, 0, 0x20, 2, 0, 0,
        1, 1, 0, 0, 0, 0, 0, 5, 0x12, 0, 0, 0,
    ];

    private const int HeaderSize = 20;
    private const ushort SelfRelative = 0x8000;
    private const ushort DaclPresent = 0x0004;
    private const ushort SaclPresent = 0x0010;

    /// <summary>Whether every part of a descriptor is present and inside it (the checks of RtlValidRelativeSecurityDescriptor).</summary>
    public static bool IsSound(ReadOnlySpan<byte> descriptor)
    {
        if (descriptor.Length < HeaderSize || descriptor[0] != 1)
        {
            return false;
        }

        var control = BinaryPrimitives.ReadUInt16LittleEndian(descriptor[2..]);
        return (control & SelfRelative) != 0
            && IsSidOrNone(descriptor, 4) && IsSidOrNone(descriptor, 8)
            && ((control & SaclPresent) == 0 || IsAclOrNone(descriptor, 12))
            && ((control & DaclPresent) == 0 || IsAclOrNone(descriptor, 16));
    }

    private static bool IsSidOrNone(ReadOnlySpan<byte> descriptor, int field)
    {
        var offset = BinaryPrimitives.ReadUInt32LittleEndian(descriptor[field..]);
        return offset == 0 || (offset < (uint)descriptor.Length && offset % 4 == 0 && IsSid(descriptor[(int)offset..]));
    }

    private static bool IsSid(ReadOnlySpan<byte> sid) => sid.Length >= 8 && sid[0] == 1 && sid[1] <= 15 && sid.Length >= 8 + (4 * sid[1]);

    private static bool IsAclOrNone(ReadOnlySpan<byte> descriptor, int field)
    {
        var offset = BinaryPrimitives.ReadUInt32LittleEndian(descriptor[field..]);
        if (offset == 0)
        {
            return true;
        }

        if (offset > (uint)descriptor.Length - 8 || offset % 4 != 0)
        {
            return false;
        }

        var acl = descriptor[(int)offset..];
        var size = BinaryPrimitives.ReadUInt16LittleEndian(acl[2..]);
        if (acl[0] is < 2 or > 4 || size < 8 || size > acl.Length)
        {
            return false;
        }

        var next = 8;
        for (var left = BinaryPrimitives.ReadUInt16LittleEndian(acl[4..]); left > 0; left--)
        {
            if (next + 4 > size)
            {
                return false;
            }

            next += Math.Max((ushort)4, BinaryPrimitives.ReadUInt16LittleEndian(acl[(next + 2)..]));
        }

        return next <= size;
    }
}
