using OfflinePatch.Core;

namespace OfflinePatch.Disks.Vhd;

/// <summary>One factory per distinct error of VHD images; codes <c>VHD-0001</c> and up.</summary>
internal static class VhdError
{
    private const string CopyAgain = "The image is truncated or damaged: copy or export it again.";

    public static CorruptImageException NoFooter(long fileLength) =>
        new("VHD-0001", "VHD footer", Math.Max(0, fileLength - VhdLayout.FooterLength),
            "a footer with a right checksum, there or at offset 0", "none", CopyAgain);

    public static UnsupportedImageException DiskType(uint type) =>
        new("VHD-0002", $"The VHD image has disk type {type}; fixed (2), dynamic (3) and differencing (4) are known.");

    public static CorruptImageException Size(long size, long available) =>
        new("VHD-0003", "VHD footer, size", VhdLayout.CurrentSizeOffset,
            $"at most the {available} bytes that the file or its table has room for", $"{size}", CopyAgain);

    public static CorruptImageException Header(string field, long offset, string expected, string actual) =>
        new("VHD-0004", $"VHD dynamic disk header, {field}", offset, expected, actual, CopyAgain);

    public static CorruptImageException BatEntry(long index, uint entry, long fileLength) =>
        new("VHD-0005", $"VHD BAT entry {index}", -1, $"a block inside the file of {fileLength} bytes", $"sector 0x{entry:X8}", CopyAgain);

    public static CorruptImageException Overlap(long index, uint entry) =>
        new("VHD-0006", $"VHD BAT entry {index}", -1, "a block that overlaps no other block, header or table", $"sector 0x{entry:X8}",
            "Two parts of the disk are in the same place of the file, so that one of them is lost. Export or copy the image again.");

    public static UnsupportedImageException Full() =>
        new("VHD-0007", "The VHD image cannot grow any more: a block would lie after sector 2^32.",
            "Write the result to another format with -o.");

    public static CorruptImageException ParentId(string name, Guid expected, Guid actual) =>
        new("VHD-0008", $"VHD parent {name}", -1, $"the unique id {expected}", $"{actual}",
            "This is not the parent that the differencing image was made from.");

    public static RefusedException NoParent(string path, string tried) =>
        new("VHD-0009", $"{path} is a differencing image, and its parent was not found (tried: {tried}).",
            "Put the parent into the folder of the image.");

    public static CorruptImageException ParentFormat(string name, ImageFormat format) =>
        new("VHD-0010", $"VHD parent {name}", -1, "a VHD image", $"{format}");

    public static UnsupportedImageException WriteSize(long size) =>
        new("VHD-0011", $"A VHD image of {size} bytes cannot be written: the size must be a multiple of 512, and at most 2040 GiB.",
            "Choose another output format: VHDX holds up to 64 TiB.");

    public static UnsupportedImageException GrowthSize(long size) =>
        new("VHD-0013", $"A VHD image holds at most 2040 GiB; {size} bytes were asked for.", "Write the result as VHDX with -o.");

    public static UnsupportedImageException Subformat(string name) =>
        new("VHD-0012", $"\"{name}\" is not a VHD variant that is written; dynamic and fixed are.");
}
