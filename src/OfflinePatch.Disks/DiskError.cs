using OfflinePatch.Core;

namespace OfflinePatch.Disks;

/// <summary>
/// Errors that no single format owns; codes <c>DISK-0001</c> and up. Each format's folder has a class of its own:
/// <c>RAW-</c>, <c>VMDK-</c>, <c>VHD-</c>, <c>VHDX-</c>, <c>VDI-</c>, <c>QCOW2-</c>, <c>QCOW-</c>, <c>QED-</c>, <c>ZVHD-</c>; partitions use <c>PART-</c>.
/// </summary>
internal static class DiskError
{
    public static UnsupportedImageException UnknownFormat(string path, long length) =>
        new("DISK-0001", length == 0
                ? $"{path} is empty."
                : $"{path} is not a disk image of a known format (VMDK, VHD, VHDX, VDI, QCOW2, QCOW, QED, ZVHD, ZVHD2, or RAW with a partition table).",
            "Name the disk image itself. For a split or flat VMDK name the small text file (the descriptor), not one of its extents.");
}
