using OfflinePatch.Core;
using OfflinePatch.Ntfs.Engine;
using OfflinePatch.Ntfs.Layout;

namespace OfflinePatch.Ntfs.Volume;

/// <summary>
/// The boot sector of a volume and its copy in the sector after the last of the volume, written together. Every byte that is not named
/// here, boot code too, stays. Source: Linux-NTFS documentation, $Boot.
/// </summary>
public sealed class NtfsBootSectors
{
    private readonly BlockDevice _device;
    private readonly VolumeGeometry _geometry;
    private readonly byte[] _sector;

    /// <summary>Reads the boot sector.</summary>
    /// <param name="partition">The partition of the volume.</param>
    /// <exception cref="CorruptImageException"><c>NTFS-0101</c> to <c>NTFS-0103</c>: it is not that of an NTFS volume.</exception>
    public NtfsBootSectors(BlockDevice partition)
    {
        _device = partition;
        _geometry = VolumeGeometry.Read(partition);
        _sector = new byte[_geometry.BytesPerSector];
        partition.Read(0, _sector);
    }

    /// <summary>
    /// Says where the partition begins, for a volume that was moved with its partition. Only the BIOS boot code reads it; a value that was
    /// not that of the old place is left.
    /// </summary>
    /// <param name="before">The sector of the disk where the partition began.</param>
    /// <param name="now">The sector where it begins; up to 2³² - 1, beyond that 0 is written.</param>
    public void MoveTo(long before, long now)
    {
        if (_geometry.HiddenSectors != before)
        {
            return;
        }

        var last = _geometry.TotalSectors;
        var hasCopy = IsCopyAt(last);
        LittleEndian.PutU32(_sector, BootSector.Layout.HiddenSectors, now <= uint.MaxValue ? (uint)now : 0);
        _device.Write(0, _sector);
        if (hasCopy)
        {
            _device.Write(last * _geometry.BytesPerSector, _sector);
        }
    }

    /// <summary>Sets another length of the volume, clears the copy at its old end, and writes one at the new.</summary>
    internal void SetTotalSectors(long sectors)
    {
        var old = _geometry.TotalSectors;
        if (IsCopyAt(old))
        {
            // It now lies in free space. A later program must not find it there.
            _device.Write(old * _geometry.BytesPerSector, new byte[_sector.Length]);
        }

        LittleEndian.PutU64(_sector, BootSector.Layout.TotalSectors, (ulong)sectors);
        _device.Write(sectors * _geometry.BytesPerSector, _sector);
        _device.Write(0, _sector);
    }

    private bool IsCopyAt(long sector)
    {
        if (sector >= _device.Length / _geometry.BytesPerSector)
        {
            return false;
        }

        var bytes = new byte[_sector.Length];
        _device.Read(sector * _geometry.BytesPerSector, bytes);
        return BootSector.TryCreate(bytes, out var copy) && copy.SerialNumber == _geometry.SerialNumber;
    }
}
