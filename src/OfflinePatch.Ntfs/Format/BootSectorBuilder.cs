using System.Buffers.Binary;
using System.Numerics;
using OfflinePatch.Ntfs.Layout;

namespace OfflinePatch.Ntfs.Format;

/// <summary>The first sector of a new volume. Source: Linux-NTFS documentation, $Boot.</summary>
internal static class BootSectorBuilder
{
    private const int CodeOffset = 0x54;

    /// <summary>Prints the message after it and stops: a new volume has nothing to boot.</summary>
    private static ReadOnlySpan<byte> Code =>
    [
        0x31, 0xC0,                         // xor ax, ax
        0x8E, 0xD8,                         // mov ds, ax
        0xBE, CodeOffset + 24, 0x7C,        // mov si, message
        0xAC,                               // next: lodsb
        0x84, 0xC0,                         // test al, al
        0x74, 0x09,                         // jz stop
        0xB4, 0x0E,                         // mov ah, 0Eh
        0xBB, 0x07, 0x00,                   // mov bx, 7
        0xCD, 0x10,                         // int 10h
        0xEB, 0xF2,                         // jmp next
        0xF4,                               // stop: hlt
        0xEB, 0xFD,                         // jmp stop
    ];

    private static ReadOnlySpan<byte> Message => "This volume holds no system to start.\r\n\0"u8;

    public static byte[] Build(FormatGeometry geometry, NtfsFormatOptions options)
    {
        var sector = new byte[geometry.SectorSize];
        var sectorsPerCluster = geometry.ClusterSize / geometry.SectorSize;
        sector[0] = 0xEB;
        sector[1] = CodeOffset - 2;
        sector[2] = 0x90;
        BootSector.NtfsId.CopyTo(sector.AsSpan(BootSector.Layout.OemId));
        BinaryPrimitives.WriteUInt16LittleEndian(sector.AsSpan(BootSector.Layout.BytesPerSector), (ushort)geometry.SectorSize);
        sector[BootSector.Layout.SectorsPerCluster] =
            (byte)(sectorsPerCluster <= 128 ? sectorsPerCluster : 256 - BitOperations.Log2((uint)sectorsPerCluster));
        sector[BootSector.Layout.Media] = 0xF8;
        BinaryPrimitives.WriteUInt16LittleEndian(sector.AsSpan(BootSector.Layout.SectorsPerTrack), 63);
        BinaryPrimitives.WriteUInt16LittleEndian(sector.AsSpan(BootSector.Layout.Heads), 255);
        BinaryPrimitives.WriteUInt32LittleEndian(sector.AsSpan(BootSector.Layout.HiddenSectors), options.HiddenSectors);
        BinaryPrimitives.WriteUInt32LittleEndian(sector.AsSpan(BootSector.Layout.Unused24), 0x00800080);
        BinaryPrimitives.WriteInt64LittleEndian(sector.AsSpan(BootSector.Layout.TotalSectors), geometry.TotalSectors);
        BinaryPrimitives.WriteInt64LittleEndian(sector.AsSpan(BootSector.Layout.MftLcn), geometry.Mft.Start);
        BinaryPrimitives.WriteInt64LittleEndian(sector.AsSpan(BootSector.Layout.MirrorLcn), geometry.Mirror.Start);
        sector[BootSector.Layout.ClustersPerRecord] = SizeCode(geometry.RecordSize, geometry.ClusterSize);
        sector[BootSector.Layout.ClustersPerIndexBlock] = SizeCode(FormatGeometry.IndexBlockSize, geometry.ClusterSize);
        BinaryPrimitives.WriteUInt64LittleEndian(sector.AsSpan(BootSector.Layout.SerialNumber), options.SerialNumber);
        Code.CopyTo(sector.AsSpan(CodeOffset));
        Message.CopyTo(sector.AsSpan(CodeOffset + Code.Length));
        BinaryPrimitives.WriteUInt16LittleEndian(sector.AsSpan(BootSector.Layout.Signature), 0xAA55);
        return sector;
    }

    /// <summary>Clusters, or the two's complement of log2 of the bytes where that is less than a cluster.</summary>
    private static byte SizeCode(int size, int clusterSize) =>
        (byte)(size >= clusterSize ? size / clusterSize : 256 - BitOperations.Log2((uint)size));
}
