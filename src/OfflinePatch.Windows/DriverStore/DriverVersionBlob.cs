using System.Buffers.Binary;
using OfflinePatch.Drivers;

namespace OfflinePatch.Windows.DriverStore;

/// <summary>
/// The value <c>Version</c> of <c>DriverPackages\name</c>: 48 bytes, little-endian. The kernel accepts no package without it.
/// Source: drivers.md §3.6; confirmed on the packages of the corpus' Windows 8.1 and 10 hives.
/// </summary>
internal readonly record struct DriverVersionBlob(ProcessorArchitecture Architecture, Guid ClassGuid, DateTime Date, DriverVersion Version)
{
    public const int Length = 48;

    private static class Layout
    {
        /// <summary>0xFF00 for packages of others, 0xFFFF for those of Windows itself, u16.</summary>
        public const int Mark = 0x00;

        /// <summary>PROCESSOR_ARCHITECTURE_*, u16.</summary>
        public const int Architecture = 0x02;

        /// <summary>Class GUID, 16 bytes.</summary>
        public const int ClassGuid = 0x08;

        /// <summary>DriverVer's date, FILETIME at 00:00 UTC, u64.</summary>
        public const int Date = 0x18;

        /// <summary>DriverVer's version, u64: the first part in the upper 16 bits.</summary>
        public const int Version = 0x20;
    }

    public byte[] ToArray()
    {
        var blob = new byte[Length];
        BinaryPrimitives.WriteUInt16LittleEndian(blob.AsSpan(Layout.Mark), 0xFF00);
        BinaryPrimitives.WriteUInt16LittleEndian(blob.AsSpan(Layout.Architecture), (ushort)Architecture);
        ClassGuid.TryWriteBytes(blob.AsSpan(Layout.ClassGuid));
        BinaryPrimitives.WriteInt64LittleEndian(blob.AsSpan(Layout.Date), Date.Year > 1601 ? Date.ToFileTimeUtc() : 0);
        BinaryPrimitives.WriteUInt64LittleEndian(blob.AsSpan(Layout.Version), Version.Value);
        return blob;
    }

    /// <summary>Parses a blob; null when it is too short.</summary>
    public static DriverVersionBlob? TryParse(ReadOnlySpan<byte> blob)
    {
        if (blob.Length < Layout.Version + 8)
        {
            return null;
        }

        return new DriverVersionBlob(
            (ProcessorArchitecture)BinaryPrimitives.ReadUInt16LittleEndian(blob[Layout.Architecture..]),
            new Guid(blob.Slice(Layout.ClassGuid, 16)),
            FileTime.ToDateTime(BinaryPrimitives.ReadInt64LittleEndian(blob[Layout.Date..])),
            new DriverVersion(BinaryPrimitives.ReadUInt64LittleEndian(blob[Layout.Version..])));
    }
}
