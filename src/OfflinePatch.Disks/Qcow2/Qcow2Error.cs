using OfflinePatch.Core;

namespace OfflinePatch.Disks.Qcow2;

/// <summary>One factory per distinct error of QCOW2 images; codes <c>QCOW2-0001</c> and up.</summary>
internal static class Qcow2Error
{
    private const string Repair = "Run qemu-img check on the image, or export it again.";
    private const string CopyAgain = "The image is truncated or damaged: copy or export it again.";

    public static CorruptImageException HeaderTooShort(long length) =>
        new("QCOW2-0001", "QCOW2 header", 0, "at least 72 bytes (version 3: 104)", $"{length}", CopyAgain);

    public static UnsupportedImageException Version(uint version) =>
        new("QCOW2-0002", $"This is a QCOW image of version {version}; versions 1, 2 and 3 are known.");

    public static CorruptImageException Field(string name, int offset, string expected, string actual) =>
        new("QCOW2-0003", $"QCOW2 header, {name}", offset, expected, actual, CopyAgain);

    public static UnsupportedImageException Incompatible(string bits) =>
        new("QCOW2-0004", $"The QCOW2 image uses incompatible features that are not known: {bits}.",
            "Convert it with the program that made it into a plain QCOW2 or RAW image.");

    public static RefusedException MarkedCorrupt(string path) =>
        new("QCOW2-0005",
            $"{path} is marked as corrupt (incompatible feature bit 1): the program that used it last found its tables damaged.",
            "Repair it with qemu-img check -r all, check what was lost, and try again.");

    public static RefusedException Encrypted(string method) =>
        new("QCOW2-0006", $"image.encryption: the QCOW2 image is encrypted ({method}).",
            "Convert it into an image without encryption with the tool that has the key (qemu-img convert --object secret,…).");

    public static CorruptImageException Extension(long offset, string expected, string actual) =>
        new("QCOW2-0007", "QCOW2 header extension", offset, expected, actual, CopyAgain);

    public static UnsupportedImageException CompressionType(int type) =>
        new("QCOW2-0008", $"The QCOW2 image uses compression type {type}; zlib (0) and zstd (1) are known.");

    public static CorruptImageException NoDataFileName() =>
        new("QCOW2-0009", "QCOW2 header extensions", -1, "the name of the external data file", "none",
            "The image says that its data are in another file, but not in which.");

    public static CorruptImageException L1Entry(long index, ulong entry, string expected) =>
        new("QCOW2-0010", $"QCOW2 L1 table entry {index}", -1, expected, $"0x{entry:X16}", Repair);

    public static CorruptImageException L2Entry(long guestOffset, ulong entry, string expected) =>
        new("QCOW2-0011", $"QCOW2 L2 table entry of guest offset 0x{guestOffset:X}", -1, expected, $"0x{entry:X16}", Repair);

    public static CorruptImageException CompressedCluster(long guestOffset, long hostOffset) =>
        new("QCOW2-0012", $"QCOW2 compressed cluster of guest offset 0x{guestOffset:X}", hostOffset, "one cluster of packed data",
            "data that cannot be unpacked", CopyAgain);

    public static CorruptImageException PackedTwice(long hostOffset) =>
        new("QCOW2-0024", "QCOW2 L2 table entry of a compressed cluster", hostOffset, "a place of its own", "a place that two entries have",
            Repair);

    public static CorruptImageException RefcountTable(long index, ulong entry, string expected) =>
        new("QCOW2-0013", $"QCOW2 refcount table entry {index}", -1, expected, $"0x{entry:X16}", Repair);

    public static CorruptImageException RefcountTooLow(long cluster, int clusterSize, ulong stored, ulong counted) =>
        new("QCOW2-0014", $"QCOW2 reference count of cluster {cluster}", cluster * clusterSize, $"{counted}", $"{stored}",
            "Writing could overwrite data that is in use. Repair the image with qemu-img check -r all and try again.");

    public static CorruptImageException Snapshot(int index, string expected, string actual) =>
        new("QCOW2-0015", $"QCOW2 snapshot table entry {index}", -1, expected, actual, Repair);

    public static CorruptImageException RefcountTooHigh(long cluster, int clusterSize, ulong counted, ulong most) =>
        new("QCOW2-0016", $"QCOW2 reference count of cluster {cluster}", cluster * clusterSize, $"at most {most} references", $"{counted}",
            Repair);

    public static UnsupportedImageException RefcountTableFull() =>
        new("QCOW2-0017", "The QCOW2 image cannot grow any more: its refcount table would pass 8 MiB.",
            "Convert it to larger clusters: fix -o, or qemu-img convert.");

    public static CorruptImageException OutsideFile(string what, long offset, long length, long fileLength) =>
        new("QCOW2-0018", $"QCOW2 {what}", offset, $"a place inside the file of {fileLength} bytes", $"{length} bytes there", CopyAgain);

    public static CorruptImageException Bitmaps(string expected, string actual) =>
        new("QCOW2-0019", "QCOW2 bitmap directory", -1, expected, actual, Repair);

    public static UnsupportedImageException TooLarge(long size) =>
        new("QCOW2-0020", $"A QCOW2 image of {size} bytes cannot be written.");

    public static UnsupportedImageException Compression(string name) =>
        new("QCOW2-0021", $"QCOW2 has no compression \"{name}\"; zlib and zstd are known.");

    public static UnsupportedImageException GrowthSize(long size) =>
        new("QCOW2-0023", $"The L1 table of a disk of {size} bytes would pass 32 MiB with clusters of this size.",
            "Write a larger copy with -o.");

    public static UnsupportedImageException Subformat(string name) =>
        new("QCOW2-0022", $"\"{name}\" is not a QCOW2 variant that is written; only version 3 (\"v3\") is.");
}
