using System.Buffers.Binary;

namespace OfflinePatch.Disks.Partitions;

/// <summary>
/// The first sector of a partition as a BIOS starts it: the fields and the places that NTFS and FAT have in common. Source: Microsoft FAT
/// specification 1.03, BIOS parameter block; Linux-NTFS documentation, $Boot.
/// </summary>
public sealed class PartitionBootSector
{
    private readonly byte[] _bytes = new byte[MasterBootRecord.Layout.Size];
    private readonly BlockDevice _disk;
    private readonly long _offset;
    private readonly long _end;

    /// <summary>Reads it.</summary>
    /// <param name="disk">The disk.</param>
    /// <param name="partition">A partition of it.</param>
    public PartitionBootSector(BlockDevice disk, Partition partition)
    {
        _disk = disk;
        _offset = partition.Offset;
        _end = partition.Offset + partition.Length;
        disk.Read(_offset, _bytes);
    }

    /// <summary>Sectors of the disk before the partition, as the boot code adds them to the sectors of its volume.</summary>
    public uint HiddenSectors => BinaryPrimitives.ReadUInt32LittleEndian(_bytes.AsSpan(Layout.HiddenSectors));

    /// <summary>Whether it ends with 55 AA, without which a BIOS does not start it.</summary>
    public bool HasSignature =>
        BinaryPrimitives.ReadUInt16LittleEndian(_bytes.AsSpan(Layout.Signature)) == MasterBootRecord.Layout.BootSignatureValue;

    /// <summary>Whether there is anything where NTFS and FAT32 have boot code.</summary>
    public bool HasBootCode => _bytes.AsSpan(Layout.BootCode..Layout.Signature).ContainsAnyExcept((byte)0);

    /// <summary>Whether a text is in it: the name of the file that the boot code loads.</summary>
    public bool Contains(ReadOnlySpan<byte> text) => _bytes.AsSpan().IndexOf(text) >= 0;

    /// <summary>
    /// Writes <see cref="HiddenSectors"/>, and no other byte; on NTFS also into the copy of the boot sector, if the last sector of the
    /// partition has one.
    /// </summary>
    public void SetHiddenSectors(uint sectors)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(_bytes.AsSpan(Layout.HiddenSectors), sectors);
        WriteHiddenSectors(_offset);
        if (IsNtfs(OemId))
        {
            var last = _end - _disk.SectorSize;
            var id = new byte[OemId.Length];
            _disk.Read(last + MasterBootRecord.Layout.OemId, id);
            if (IsNtfs(id))
            {
                WriteHiddenSectors(last);
            }
        }
    }

    private ReadOnlySpan<byte> OemId => _bytes.AsSpan(MasterBootRecord.Layout.OemId, 8);

    private static bool IsNtfs(ReadOnlySpan<byte> id) => id.SequenceEqual("NTFS    "u8);

    private void WriteHiddenSectors(long sector) =>
        _disk.Write(sector + Layout.HiddenSectors, _bytes.AsSpan(Layout.HiddenSectors, sizeof(uint)));

    private static class Layout
    {
        /// <summary>+0x01C u32.</summary>
        public const int HiddenSectors = 0x1C;

        /// <summary>+0x054: after the BIOS parameter block of NTFS, which ends there; that of FAT32 ends at 0x5A.</summary>
        public const int BootCode = 0x54;

        /// <summary>+0x1FE u16: 55 AA.</summary>
        public const int Signature = MasterBootRecord.Layout.BootSignature;
    }
}
