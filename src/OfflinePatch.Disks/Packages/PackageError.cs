using OfflinePatch.Core;

namespace OfflinePatch.Disks.Packages;

/// <summary>
/// Errors of archives and compressed images; codes <c>PKG-0001</c> and up. 01xx: unsupported. OVA and OVF have codes of their own.
/// </summary>
internal static class PackageError
{
    private const string Again = "Copy or compress the image again.";

    public static CorruptImageException Damaged(string path, string kind, string actual) =>
        new("PKG-0001", $"{path}: {kind}", -1, "compressed data that unpacks whole", actual, Again);

    public static CorruptImageException MissingPart(string path, string name, string next) =>
        new("PKG-0002", $"{path}: parts of a split image", -1, $"{name}", $"none, though there is {next}",
            "Copy all parts into one folder.");

    public static CorruptImageException Ewf(string path, long offset, string expected, string actual) =>
        new("PKG-0003", $"{path}: EWF section", offset, expected, actual,
            "Copy all segments (E01, E02, …) again, or acquire the disk again.");

    public static UnsupportedImageException TooDeep(string path, int limit) =>
        new("PKG-0101", $"{path} is a package inside {limit} others.", "Unpack it, and name the disk itself.");

    public static UnsupportedImageException NoDisk(string path, string kind) =>
        new("PKG-0102", $"{path} is a {kind}, and holds no disk image of a known format.", "Unpack it, and name the disk itself.");

    public static UnsupportedImageException Encrypted(string path, string name) =>
        new("PKG-0103", $"{path} holds {name} encrypted with a password.", "Unpack it, and name the disk itself.");

    public static UnsupportedImageException NotInPlace(string why) =>
        new("PKG-0104", why, "Write a fixed copy with -o.");

    public static MissingCompanionException NoCompanion(string path, string name) =>
        new("PKG-0105", $"{path} is a single compressed file, but needs a second file, {name}.",
            "Unpack all files of the image into one folder, and name the image.");

    public static UnsupportedImageException Feature(string path, string feature) =>
        new("PKG-0106", $"{path} uses {feature}, which is not handled.", "Unpack it, and name the disk itself.");

    public static UnsupportedImageException TooLarge(string path, long limit) =>
        new("PKG-0107", $"{path} unpacks to more than {limit} bytes.", "Unpack it, and look at what it holds.");
}
