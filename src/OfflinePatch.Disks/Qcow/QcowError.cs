using OfflinePatch.Core;

namespace OfflinePatch.Disks.Qcow;

/// <summary>One factory per distinct error of QCOW (version 1) images; codes <c>QCOW-0001</c> and up.</summary>
internal static class QcowError
{
    private const string CopyAgain = "The image is truncated or damaged: copy or export it again.";

    public static CorruptImageException Field(string name, int offset, string expected, string actual) =>
        new("QCOW-0001", $"QCOW header, {name}", offset, expected, actual, CopyAgain);

    public static RefusedException Encrypted(uint method) =>
        new("QCOW-0002",
            $"image.encryption: the QCOW image is encrypted ({(method == 1 ? "AES, crypt_method 1" : $"crypt_method {method}")}).",
            "Convert it into an image without encryption with the tool that has the key (qemu-img convert --object secret,…).");

    public static CorruptImageException TableEntry(string table, long guestOffset, ulong entry, string expected) =>
        new("QCOW-0003", $"QCOW {table} table entry of guest offset 0x{guestOffset:X}", -1, expected, $"0x{entry:X16}", CopyAgain);

    public static CorruptImageException CompressedCluster(long guestOffset, long hostOffset) =>
        new("QCOW-0004", $"QCOW compressed cluster of guest offset 0x{guestOffset:X}", hostOffset, "one cluster of packed data",
            "data that cannot be unpacked", CopyAgain);

    public static UnsupportedImageException WriteSize(long size) =>
        new("QCOW-0005", $"A QCOW image of {size} bytes cannot be written: the size must be a multiple of 512, at most 16 TiB.");

    public static UnsupportedImageException Full() =>
        new("QCOW-0006", "The QCOW image cannot grow any more.", "Write the result to another format with -o.");

    public static UnsupportedImageException Compression(string name) =>
        new("QCOW-0007", $"QCOW has no compression \"{name}\"; only zlib is known.");
}
