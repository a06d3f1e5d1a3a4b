using System.Buffers.Binary;
using OfflinePatch.Ntfs.Layout;
using static OfflinePatch.Ntfs.Layout.SecurityDescriptor;

namespace OfflinePatch.Ntfs.Engine.Security;

/// <summary>
/// The security descriptor that a new file takes from its directory. Source: Linux-NTFS documentation, $Secure; [MS-DTYP] 2.4.4, 2.4.6,
/// 2.5.3.4.
/// </summary>
internal static class SecurityInheritance
{
    private const int AllowedType = 0;
    private const int DeniedType = 1;

    /// <summary>Bytes of an entry whose SID has no sub-authority.</summary>
    private const int MinEntrySize = AceLayout.Sid + 8;

    private const uint GenericRead = 0x8000_0000;
    private const uint GenericWrite = 0x4000_0000;
    private const uint GenericExecute = 0x2000_0000;
    private const uint GenericAll = 0x1000_0000;
    private const uint GenericBits = GenericRead | GenericWrite | GenericExecute | GenericAll;
    private const uint FileRead = 0x0012_0089;
    private const uint FileWrite = 0x0012_0116;
    private const uint FileExecute = 0x0012_00A0;

    /// <summary>CREATOR OWNER, S-1-3-0.</summary>
    private static ReadOnlySpan<byte> CreatorOwner => [1, 1, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0];

    /// <summary>CREATOR GROUP, S-1-3-1.</summary>
    private static ReadOnlySpan<byte> CreatorGroup => [1, 1, 0, 0, 0, 0, 0, 3, 1, 0, 0, 0];

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
            aces.Add(Allow(AceFlags.None, FullControl, Administrators));
            aces.Add(Allow(AceFlags.None, FullControl, LocalSystem));
        }

        return Build(DescriptorControl.SelfRelative | DescriptorControl.DaclPresent | DescriptorControl.DaclAutoInherited, Administrators,
            LocalSystem, aces);
    }

    private static void Inherit(byte[] ace, bool isDirectory, List<byte[]> aces)
    {
        // access allowed and denied entries only: others are not understood here, and not needed to open a file
        if (ace[AceLayout.Type] is not (AllowedType or DeniedType) || ace.Length < MinEntrySize)
        {
            return;
        }

        var flags = (AceFlags)ace[AceLayout.Flags];
        var passesOn = isDirectory && (flags & AceFlags.NoPropagate) == 0;
        if ((flags & (isDirectory ? AceFlags.ContainerInherit : AceFlags.ObjectInherit)) != 0)
        {
            var own = WithOwner(ace);
            var mask = BinaryPrimitives.ReadUInt32LittleEndian(ace.AsSpan(AceLayout.Mask));
            BinaryPrimitives.WriteUInt32LittleEndian(own.AsSpan(AceLayout.Mask), MapGeneric(mask));
            var changed = !own.AsSpan().SequenceEqual(ace);
            var kept = passesOn && !changed ? flags & (AceFlags.ObjectInherit | AceFlags.ContainerInherit) : AceFlags.None;
            own[AceLayout.Flags] = (byte)(kept | AceFlags.Inherited);
            aces.Add(own);
            if (passesOn && changed)
            {
                AddInheritOnly(ace, aces);
            }
        }
        else if (passesOn && (flags & AceFlags.ObjectInherit) != 0)
        {
            AddInheritOnly(ace, aces);
        }
    }

    /// <summary>A copy that names the owner or the group of the new file where it named the creator.</summary>
    private static byte[] WithOwner(byte[] ace)
    {
        var sid = ace.AsSpan(AceLayout.Sid);
        byte[] own = sid.SequenceEqual(CreatorOwner) ? [.. ace.AsSpan(0, AceLayout.Sid), .. Administrators]
            : sid.SequenceEqual(CreatorGroup) ? [.. ace.AsSpan(0, AceLayout.Sid), .. LocalSystem]
            : [.. ace];
        BinaryPrimitives.WriteUInt16LittleEndian(own.AsSpan(AceLayout.Length), (ushort)own.Length);
        return own;
    }

    private static void AddInheritOnly(byte[] ace, List<byte[]> aces)
    {
        byte[] copy = [.. ace];
        var kept = (AceFlags)copy[AceLayout.Flags] & (AceFlags.ObjectInherit | AceFlags.ContainerInherit);
        copy[AceLayout.Flags] = (byte)(kept | AceFlags.InheritOnly | AceFlags.Inherited);
        aces.Add(copy);
    }

    private static uint MapGeneric(uint mask)
    {
        var mapped = mask & ~GenericBits;
        mapped |= (mask & GenericAll) != 0 ? FullControl : 0;
        mapped |= (mask & GenericRead) != 0 ? FileRead : 0;
        mapped |= (mask & GenericWrite) != 0 ? FileWrite : 0;
        mapped |= (mask & GenericExecute) != 0 ? FileExecute : 0;
        return mapped;
    }
}
