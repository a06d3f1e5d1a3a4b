using OfflinePatch.Core;
using OfflinePatch.Ntfs.Engine;
using OfflinePatch.Testing;

namespace OfflinePatch.Ntfs.Tests.Volume;

/// <summary>The volumes of the corpus, all made by Windows.</summary>
internal static class CorpusVolume
{
    /// <summary>Name in the corpus, and byte offset of the volume in it.</summary>
    public static TheoryData<string, long> All => new()
    {
        { "ntfs/charlie.dd", 0 },
        { "ntfs/large-directory.bin", 0 },
        { "ntfs/ntfs-2m.raw", 65536 },
        { "ntfs/ntfs-lastaccess.raw", 65536 },
        { "ntfs/ntfs-si-vs-fn.raw", 65536 },
    };

    /// <summary>The volume, as long as its boot sector says with the backup boot sector, in memory and writable.</summary>
    public static SubDevice Load(string name, long start)
    {
        var disk = Corpus.ReadSparse(name);
        var geometry = VolumeGeometry.Read(new SubDevice(disk, start, disk.Length - start));
        return new SubDevice(disk, start, Math.Min(disk.Length - start, (geometry.TotalSectors + 1) * geometry.BytesPerSector));
    }
}
