using OfflinePatch.Core;

namespace OfflinePatch.Disks.Vhdx;

/// <summary>One factory per distinct error of VHDX images; codes <c>VHDX-0001</c> and up.</summary>
internal static class VhdxError
{
    private const string CopyAgain = "The image is truncated or damaged: copy or export it again.";

    public static CorruptImageException NoHeader() =>
        new("VHDX-0001", "VHDX header", VhdxLayout.Header.Place1, "a valid header, there or at 0x20000", "two that are damaged", CopyAgain);

    public static UnsupportedImageException Version(int version, int logVersion) =>
        new("VHDX-0002", $"The VHDX image has version {version} and log version {logVersion}; 1 and 0 are known.");

    public static CorruptImageException NoRegionTable() =>
        new("VHDX-0003", "VHDX region table", VhdxLayout.RegionTable.Place1, "a valid table, there or at 0x40000", "two that are damaged",
            CopyAgain);

    public static UnsupportedImageException Region(Guid id) =>
        new("VHDX-0004", $"The VHDX image needs a region that is not known: {id}.");

    public static CorruptImageException RegionPlace(string region, string actual) =>
        new("VHDX-0005", $"VHDX {region} region", -1, "a place inside the file, at a multiple of 1 MiB", actual, CopyAgain);

    public static UnsupportedImageException MetadataItem(Guid id) =>
        new("VHDX-0006", $"The VHDX image needs a metadata item that is not known: {id}.");

    public static CorruptImageException Metadata(string item, string expected, string actual) =>
        new("VHDX-0007", $"VHDX metadata, {item}", -1, expected, actual, CopyAgain);

    public static CorruptImageException BatEntry(long index, ulong entry, string expected) =>
        new("VHDX-0008", $"VHDX BAT entry {index}", -1, expected, $"0x{entry:X16}", CopyAgain);

    public static CorruptImageException Log(long offset, string expected, string actual) =>
        new("VHDX-0009", "VHDX log", offset, expected, actual,
            "Attach the image once on the machine that it comes from (it replays the log), or export it again.");

    public static CorruptImageException Overlap(long index, ulong entry) =>
        new("VHDX-0010", index < 0 ? "VHDX regions" : $"VHDX BAT entry {index}", -1, "blocks and regions that overlap no other",
            index < 0 ? "an overlap" : $"0x{entry:X16}",
            "Two parts of the image are in the same place of the file, so that one of them is lost. Export or copy the image again.");

    public static CorruptImageException ParentId(string name, string expected, Guid actual) =>
        new("VHDX-0011", $"VHDX parent {name}", -1, $"the data write id {expected}", $"{actual}",
            "This is not the parent that the differencing image was made from, or it was changed since.");

    public static RefusedException NoParent(string path, string tried) =>
        new("VHDX-0012", $"{path} is a differencing image, and its parent was not found (tried: {tried}).",
            "Put the parent into the folder of the image.");

    public static CorruptImageException ParentFormat(string name, ImageFormat format) =>
        new("VHDX-0013", $"VHDX parent {name}", -1, "a VHDX image", $"{format}");

    public static UnsupportedImageException WriteSize(long size) =>
        new("VHDX-0014",
            $"A VHDX image of {size} bytes cannot be written: the size must be a multiple of the sector size, and at most 64 TiB.");

    public static UnsupportedImageException GrowthSize(long size) =>
        new("VHDX-0016", $"A VHDX image holds at most 64 TiB; {size} bytes were asked for.", "Choose a smaller size.");

    public static UnsupportedImageException Subformat(string name) =>
        new("VHDX-0015", $"\"{name}\" is not a VHDX variant that is written; only dynamic is.");
}
