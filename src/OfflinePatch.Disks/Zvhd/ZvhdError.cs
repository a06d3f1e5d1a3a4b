using OfflinePatch.Core;

namespace OfflinePatch.Disks.Zvhd;

/// <summary>Errors of ZVHD and ZVHD2; codes <c>ZVHD-0001</c> and up. 01xx: unsupported.</summary>
internal static class ZvhdError
{
    private const string Again = "Copy the file again, or convert the source image again.";

    public static CorruptImageException Truncated(long length) =>
        new("ZVHD-0001", "ZVHD file", 0, "a header, records and a footer", $"{length} bytes", Again);

    public static CorruptImageException Checksum(long offset, uint stored, uint computed) =>
        new("ZVHD-0002", "ZVHD header", offset + ZvhdLayout.Checksum, $"checksum 0x{computed:X8}", $"0x{stored:X8}", Again);

    public static CorruptImageException Size(long offset, ulong original, ulong current) =>
        new("ZVHD-0003", "ZVHD header", offset + ZvhdLayout.OriginalSize,
            $"a size from 512 to {ZvhdLayout.MaxBytes} and the same rounded up", $"{original} and {current}", Again);

    public static CorruptImageException Record(long offset, string expected, string actual) =>
        new("ZVHD-0004", "ZVHD record", offset, expected, actual, Again);

    public static CorruptImageException NotUnpacked(long offset, uint block) =>
        new("ZVHD-0005", $"ZVHD record of block {block}", offset, "a payload that unpacks to a block", "damaged data", Again);

    public static CorruptImageException NoFooter(long offset) =>
        new("ZVHD-0006", "ZVHD file", offset, "a record or the closing header", "neither: the file is truncated or damaged", Again);

    public static CorruptImageException Tables(long offset, string table, string expected, string actual) =>
        new("ZVHD-0007", $"ZVHD2 {table}", offset, expected, actual, Again);

    public static UnsupportedImageException Version(byte version) =>
        new("ZVHD-0101", $"The ZVHD2 has version {version}; 1 is known.", "Convert the source image to RAW with the vendor's qemu-img-hw.");

    public static UnsupportedImageException Compression(byte method) =>
        new("ZVHD-0102", $"The ZVHD2 uses compression {method}; 0 (zlib) and 1 (zstd) are known.",
            "Convert the source image to RAW with the vendor's qemu-img-hw.");

    public static UnsupportedImageException BlockSize(uint size) =>
        new("ZVHD-0103", $"The ZVHD2 has blocks of {size} bytes; powers of two from 1 to 8 MiB are read.",
            "Convert the source image to RAW with the vendor's qemu-img-hw.");

    public static UnsupportedImageException TooLarge(long size) =>
        new("ZVHD-0104", $"A disk of {size} bytes does not fit into a ZVHD (1 to {ZvhdLayout.MaxBytes} bytes).",
            "Choose another output format.");

    public static UnsupportedImageException NotInPlace(string why) =>
        new("ZVHD-0105", why, "Write a fixed copy with -o.");

    public static UnsupportedImageException UnknownCompression(string name) =>
        new("ZVHD-0106", $"\"{name}\" is not a compression of ZVHD2; zlib and zstd are.");
}
