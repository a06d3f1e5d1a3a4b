using OfflinePatch.Core;
using OfflinePatch.Disks.Ova;
using OfflinePatch.Disks.Qcow;
using OfflinePatch.Disks.Qcow2;
using OfflinePatch.Disks.Qed;
using OfflinePatch.Disks.Raw;
using OfflinePatch.Disks.Vdi;
using OfflinePatch.Disks.Vhd;
using OfflinePatch.Disks.Vhdx;
using OfflinePatch.Disks.Vmdk;
using OfflinePatch.Disks.Zvhd;

namespace OfflinePatch.Disks;

/// <summary>The formats that this program knows, and the choice among them by content.</summary>
public static class DiskFormats
{
    /// <summary>Every format, in the order in which they are probed. RAW has no magic and is the last: anything else would be taken for it.</summary>
    public static IReadOnlyList<DiskFormat> All { get; } =
    [
        new VmdkFormat(),
        new VdiFormat(),
        new ZvhdFormat(),
        new Zvhd2Format(),
        new Qcow2Format(),
        new VhdFormat(),
        new VhdxFormat(),
        new OvaFormat(),
        new QcowFormat(),
        new QedFormat(),
        new RawFormat(),
    ];

    // LUKS On-Disk Format Specification 1.2.3 and 2: the first 6 bytes.
    private static ReadOnlySpan<byte> LuksMagic => [(byte)'L', (byte)'U', (byte)'K', (byte)'S', 0xBA, 0xBE];

    /// <summary>Recognises and opens an image by its content; the file's name says nothing.</summary>
    /// <exception cref="CorruptImageException">The container contradicts its format.</exception>
    /// <exception cref="UnsupportedImageException">No format recognises the file (<c>DISK-0001</c>), or a feature is not handled.</exception>
    /// <exception cref="RefusedException">The image is encrypted (<c>DISK-0002</c> and codes of the formats).</exception>
    public static DiskImage Open(IImageFiles files)
    {
        Span<byte> start = stackalloc byte[LuksMagic.Length];
        if (files.Image.Length >= start.Length)
        {
            files.Image.Read(0, start);
            if (start.SequenceEqual(LuksMagic))
            {
                throw DiskError.Luks(files.ImagePath);
            }
        }

        foreach (var format in All)
        {
            if (format.Probe(files.Image))
            {
                var disk = format.Open(files);
                files.AllFilesNamed();
                return disk;
            }
        }

        throw DiskError.UnknownFormat(files.ImagePath, files.Image.Length);
    }
}
