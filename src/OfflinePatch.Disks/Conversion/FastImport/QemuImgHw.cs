using OfflinePatch.Core;
using OfflinePatch.Disks.Conversion;

namespace OfflinePatch.Disks.Conversion.FastImport;

/// <summary>Has the vendor's own qemu-img-hw judge a ZVHD2: it must know the file, and unpack it to the same disk.</summary>
public static class QemuImgHw
{
    /// <summary>
    /// Runs <c>info</c>, then <c>convert -O raw</c> next to the image, and compares every byte with <paramref name="disk"/>.
    /// </summary>
    /// <exception cref="HostIOException">The tool failed, does not know the file (<c>FAST-0007</c>), or reads another disk
    /// (<c>CONV-0002</c>, <c>CONV-0003</c>).</exception>
    public static void Check(string toolPath, string imagePath, BlockDevice disk, CancellationToken cancellation = default)
    {
        var facts = VendorTool.Run(toolPath, ["info", imagePath], cancellation);
        if (!facts.Contains("zvhd2", StringComparison.OrdinalIgnoreCase))
        {
            throw FastImportError.NotRecognised(toolPath, facts);
        }

        var unpacked = imagePath + ".offlinepatch-check";
        try
        {
            VendorTool.Run(toolPath, ["convert", "-O", "raw", imagePath, unpacked], cancellation);
            using var theirs = HostFileDevice.Open(unpacked);
            new ConversionCheck(disk, theirs, static (_, _) => { }, cancellation).Run();
        }
        finally
        {
            HostPaths.DeleteFile(unpacked);
        }
    }
}
