using System.Buffers.Binary;
using OfflinePatch.Ntfs.Layout;

namespace OfflinePatch.Ntfs.Format;

/// <summary>
/// Values of the small attributes of metafiles. Source: Linux-NTFS documentation, $STANDARD_INFORMATION, $FILE_NAME, $Volume; [MS-FSCC] for
/// quotas.
/// </summary>
internal static class MetafileValues
{
    /// <summary>Hidden and system.</summary>
    public const uint Attributes = 0x06;

    /// <summary>An index that is no directory.</summary>
    public const uint ViewIndexBit = 0x20000000;

    /// <summary>$STANDARD_INFORMATION; the short form where the record carries its own descriptor.</summary>
    public static byte[] StandardInformationOf(long time, uint attributes, uint? securityId)
    {
        var value = new byte[securityId is null ? StandardInformation.Layout.ShortSize : StandardInformation.Layout.Size];
        WriteTimes(value.AsSpan(StandardInformation.Layout.Created), time);
        BinaryPrimitives.WriteUInt32LittleEndian(value.AsSpan(StandardInformation.Layout.Attributes), attributes);
        if (securityId is { } id)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(value.AsSpan(StandardInformation.Layout.SecurityId), id);
        }

        return value;
    }

    /// <summary>$FILE_NAME, which is also the key in the directory.</summary>
    public static byte[] FileNameOf(FileReference parent, string name, long time, long allocated, long size, uint attributes)
    {
        var value = new byte[FileNameAttribute.Layout.Name + (2 * name.Length)];
        BinaryPrimitives.WriteUInt64LittleEndian(value, parent.Value);
        WriteTimes(value.AsSpan(FileNameAttribute.Layout.Created), time);
        BinaryPrimitives.WriteInt64LittleEndian(value.AsSpan(FileNameAttribute.Layout.AllocatedSize), allocated);
        BinaryPrimitives.WriteInt64LittleEndian(value.AsSpan(FileNameAttribute.Layout.DataSize), size);
        BinaryPrimitives.WriteUInt32LittleEndian(value.AsSpan(FileNameAttribute.Layout.Attributes), attributes);
        value[FileNameAttribute.Layout.NameLength] = (byte)name.Length;
        value[FileNameAttribute.Layout.NameSpace] = (byte)FileNameSpace.Win32AndDos;
        Utf16.Write(name, value.AsSpan(FileNameAttribute.Layout.Name));
        return value;
    }

    /// <summary>$VOLUME_INFORMATION: version 3.1, the flag that Windows' own format leaves.</summary>
    public static byte[] VolumeInformationValue()
    {
        var value = new byte[VolumeInformation.Layout.Size];
        value[VolumeInformation.Layout.Major] = 3;
        value[VolumeInformation.Layout.Minor] = 1;
        BinaryPrimitives.WriteUInt16LittleEndian(value.AsSpan(VolumeInformation.Layout.Flags), 0x80);
        return value;
    }

    /// <summary>$Quota:$O: the owner id of Administrators.</summary>
    public static byte[] QuotaOwner()
    {
        Span<byte> id = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(id, 0x100);
        return IndexNodes.ViewEntry(SystemDescriptors.AdministratorsSid, id,
            IndexEntry.Layout.Key + SystemDescriptors.AdministratorsSid.Length);
    }

    /// <summary>$Quota:$Q: the default limits (owner 1) or those of Administrators (owner 0x100), both unlimited.</summary>
    public static byte[] QuotaLimits(uint owner, long time)
    {
        var sid = owner == 1 ? default : SystemDescriptors.AdministratorsSid;
        Span<byte> data = stackalloc byte[0x30 + 16];
        data = data[..(0x30 + sid.Length)];
        data.Clear();
        BinaryPrimitives.WriteUInt32LittleEndian(data, 2); // version
        BinaryPrimitives.WriteUInt32LittleEndian(data[4..], 1); // flags: default limits
        BinaryPrimitives.WriteInt64LittleEndian(data[0x10..], time);
        BinaryPrimitives.WriteInt64LittleEndian(data[0x18..], -1); // threshold
        BinaryPrimitives.WriteInt64LittleEndian(data[0x20..], -1); // limit
        sid.CopyTo(data[0x30..]);
        Span<byte> key = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(key, owner);
        return IndexNodes.ViewEntry(key, data, 0x14);
    }

    private static void WriteTimes(Span<byte> target, long time)
    {
        for (var i = 0; i < 4; i++)
        {
            BinaryPrimitives.WriteInt64LittleEndian(target[(8 * i)..], time);
        }
    }
}
