using OfflinePatch.Core;

namespace OfflinePatch.Disks.Qed;

/// <summary>One factory per distinct error of QED images; codes <c>QED-0001</c> and up.</summary>
internal static class QedError
{
    private const string CopyAgain = "The image is truncated or damaged: copy or export it again.";

    public static CorruptImageException Field(string name, int offset, string expected, string actual) =>
        new("QED-0001", $"QED header, {name}", offset, expected, actual, CopyAgain);

    public static UnsupportedImageException Features(ulong unknown) =>
        new("QED-0002", $"The QED image uses features that are not known: 0x{unknown:X}.");

    public static CorruptImageException TableEntry(string table, long guestOffset, ulong entry, string expected) =>
        new("QED-0003", $"QED {table} table entry of guest offset 0x{guestOffset:X}", -1, expected, $"0x{entry:X16}",
            "Run qemu-img check on the image, or export it again.");

    public static UnsupportedImageException GrowthSize(long size, long max) =>
        new("QED-0005", $"The tables of the QED image cover at most {max} bytes; {size} were asked for.", "Write a larger copy with -o.");

    public static UnsupportedImageException WriteSize(long size) =>
        new("QED-0004", $"A QED image of {size} bytes cannot be written: the size must be a multiple of 512, and at most 64 TiB.");
}
