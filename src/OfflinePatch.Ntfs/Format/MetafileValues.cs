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

    /// <summary>Owner id of the default limits in $Quota.</summary>
    public const uint DefaultOwner = 1;

    /// <summary>The first owner id that is given out in $Quota: Administrators on a new volume.</summary>
    public const uint FirstOwner = 0x100;

    /// <summary>Offsets of the data of an entry in $Quota:$Q; one line per field: type, name. Source: [MS-FSCC] 2.4.41.</summary>
    private static class QuotaLayout
    {
        /// <summary>u32, 2.</summary>
        public const int Version = 0x00;

        /// <summary>u32, 1 default limits.</summary>
        public const int Flags = 0x04;

        /// <summary>u64, FILETIME of the last change.</summary>
        public const int Changed = 0x10;

        /// <summary>i64, bytes from which on the use is logged, -1 for none.</summary>
        public const int Threshold = 0x18;

        /// <summary>i64, bytes, -1 for none.</summary>
        public const int Limit = 0x20;

        /// <summary>The owner's SID.</summary>
        public const int Sid = 0x30;
    }

    private const uint QuotaVersion = 2;
    private const uint QuotaDefaultLimits = 1;
    private const long Unlimited = -1;

    /// <summary>$STANDARD_INFORMATION; the short form where the record carries its own descriptor.</summary>
    public static byte[] StandardInformationOf(long time, uint attributes, uint? securityId)
    {
        var value = new byte[securityId is null ? StandardInformation.Layout.ShortSize : StandardInformation.Layout.Size];
        var writer = new StandardInformationWriter(value);
        writer.SetTimes(time);
        writer.SetAttributes(attributes);
        if (securityId is { } id)
        {
            writer.SetSecurityId(id);
        }

        return value;
    }

    /// <summary>$FILE_NAME, which is also the key in the directory.</summary>
    public static byte[] FileNameOf(FileReference parent, string name, long time, long allocated, long size, uint attributes)
    {
        var value = new byte[FileNameWriter.Measure(name)];
        var writer = new FileNameWriter(value);
        writer.Initialise(parent, name, FileNameSpace.Win32AndDos);
        writer.SetTimes(time, time, time, time);
        writer.SetSizes(allocated, size);
        writer.SetAttributes(attributes);
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
        BinaryPrimitives.WriteUInt32LittleEndian(id, FirstOwner);
        return IndexEntries.View(SecurityDescriptor.Administrators, id);
    }

    /// <summary>$Quota:$Q: the default limits (owner 1) or those of Administrators (owner 0x100), both unlimited.</summary>
    public static byte[] QuotaLimits(uint owner, long time)
    {
        var sid = owner == DefaultOwner ? default : SecurityDescriptor.Administrators;
        var data = new byte[QuotaLayout.Sid + sid.Length];
        BinaryPrimitives.WriteUInt32LittleEndian(data.AsSpan(QuotaLayout.Version), QuotaVersion);
        BinaryPrimitives.WriteUInt32LittleEndian(data.AsSpan(QuotaLayout.Flags), QuotaDefaultLimits);
        BinaryPrimitives.WriteInt64LittleEndian(data.AsSpan(QuotaLayout.Changed), time);
        BinaryPrimitives.WriteInt64LittleEndian(data.AsSpan(QuotaLayout.Threshold), Unlimited);
        BinaryPrimitives.WriteInt64LittleEndian(data.AsSpan(QuotaLayout.Limit), Unlimited);
        sid.CopyTo(data.AsSpan(QuotaLayout.Sid));
        Span<byte> key = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(key, owner);
        return IndexEntries.View(key, data);
    }
}
