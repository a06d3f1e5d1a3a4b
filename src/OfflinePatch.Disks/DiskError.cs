using OfflinePatch.Core;

namespace OfflinePatch.Disks;

/// <summary>
/// Errors that no single format owns; codes <c>DISK-0001</c> and up. Each format's folder has a class of its own:
/// <c>RAW-</c>, <c>VMDK-</c>, <c>VHD-</c>, <c>VHDX-</c>, <c>VDI-</c>, <c>QCOW2-</c>, <c>QCOW-</c>, <c>QED-</c>, <c>ZVHD-</c>; partitions
/// use <c>PART-</c>.
/// </summary>
internal static class DiskError
{
    public static UnsupportedImageException UnknownFormat(string path, long length, string names) =>
        new("DISK-0001", length == 0
                ? $"{path} is empty."
                : $"{path} is not a disk image of a known format ({names.ToUpperInvariant()}; RAW with a partition table), nor a package "
                    + "of one.",
            "Name the disk image itself. For a split or flat VMDK name the small text file (the descriptor), not one of its extents.");

    public static RefusedException Luks(string path) =>
        new("DISK-0002", $"image.encryption: {path} is a LUKS container, encrypted as a whole.",
            "Decrypt the disk in the source machine, then export it again.");

    public static UnsupportedImageException NoVariant(ImageFormat format, string name) =>
        new("DISK-0003", $"{format} is written in one variant only; \"{name}\" cannot be chosen.", "Leave out the variant.");

    public static UnsupportedImageException NoCompression(ImageFormat format, string name) =>
        new("DISK-0004", $"{format} is not written with {name} compression in this variant.",
            "Leave --compress out, or choose qcow2 or zvhd2 (zlib, zstd), qcow, zvhd or a streamOptimized VMDK (zlib).");

    public static UnsupportedImageException CannotGrow(string why) =>
        new("DISK-0006", why, "Write a larger copy with -o.");

    public static RefusedException GrowthLength(long length, long now, int sectorSize) =>
        new("DISK-0007", length < now
            ? $"The disk has {now} bytes, and a disk is never made smaller: {length} bytes were asked for."
            : $"{length} bytes are no multiple of the disk's sectors of {sectorSize} bytes.", "Choose a larger size, in whole GiB.");

    public static UnsupportedImageException SectorSize(ImageFormat format, int size) =>
        new("DISK-0005", $"The disk has, or is laid out for, sectors of {size} bytes; {format} knows 512 only, and Windows would not find "
            + "its partitions.",
            "Choose vhdx, which keeps the sector size; or raw or qcow2, and tell the hypervisor the sector size.");
}
