using OfflinePatch.Core;

namespace OfflinePatch.FileSystems.Iso;

/// <summary>Errors of ISO 9660 discs; codes <c>ISO-0001</c> and up.</summary>
internal static class IsoError
{
    private const string Remedy = "Fetch the disc image again: it is truncated or damaged.";

    public static CorruptImageException NoPrimary() =>
        new("ISO-0001", "ISO 9660 volume descriptors", 0x8000, "a primary descriptor", "none", Remedy);

    public static CorruptImageException BadRecord(string directory, long offset, string expected, string actual) =>
        new("ISO-0003", $"ISO 9660 directory \\{directory}", offset, expected, actual, Remedy);

    public static CorruptImageException OutsideDisc(string path, long offset, long length, long discLength) =>
        new("ISO-0004", $"ISO 9660 extent of \\{path}", offset, $"a range inside {discLength} bytes", $"{length} bytes from {offset}",
            Remedy);

    public static CorruptImageException SharedDirectory(string path, long offset) =>
        new("ISO-0005", $"ISO 9660 directory \\{path}", offset, "an extent of its own", "that of another directory", Remedy);

    public static CorruptImageException Truncated(long expected, long actual) =>
        new("ISO-0008", "ISO 9660 volume", actual, $"{expected} bytes, as its descriptor says", $"{actual} bytes", Remedy);

    public static UnsupportedImageException Interleaved(string path) =>
        new("ISO-0006", $"{path} is interleaved on the disc, which is not handled.",
            "Copy the disc's files into a directory, and name that.");

    public static UnsupportedImageException BlockSize(int size) =>
        new("ISO-0007", $"The disc has logical blocks of {size} bytes; 512, 1024 and 2048 are handled.");
}
