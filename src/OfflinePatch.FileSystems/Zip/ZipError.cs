using OfflinePatch.Core;
using OfflinePatch.FileSystems.Trees;

namespace OfflinePatch.FileSystems.Zip;

/// <summary>Errors of ZIP archives; codes <c>ZIP-0001</c> and up.</summary>
internal static class ZipError
{
    private const string Remedy = "Fetch the archive again from where it was published.";
    private const string Deceit = "The archive was made to deceive, or by a faulty tool: do not use it.";

    public static CorruptImageException NoDirectory(long length) =>
        new("ZIP-0001", "end of central directory", -1, "a record in the last 65,557 bytes", $"none in {length} bytes", Remedy);

    public static CorruptImageException BadDirectory(long offset, string expected, string actual) =>
        new("ZIP-0002", "central directory", offset, expected, actual, Remedy);

    public static UnsupportedImageException Split() =>
        new("ZIP-0003", "The archive is one of several volumes.", "Join the volumes into one archive first.");

    public static CorruptImageException TooManyEntries(long count, int limit) =>
        new("ZIP-0004", "central directory", -1, $"at most {limit} entries", $"{count}");

    public static RefusedException Bomb(long unpacked, long packed) =>
        new("ZIP-0005", $"The archive of {packed} bytes claims to unpack to {unpacked} bytes.", Deceit);

    public static RefusedException ClimbsOut(string name) =>
        new("ZIP-0006", $"The archive holds an entry that leaves its folder: '{FileSystemError.Printable(name)}'.", Deceit);

    public static RefusedException Absolute(string name) =>
        new("ZIP-0007", $"The archive holds an entry with an absolute path: '{FileSystemError.Printable(name)}'.", Deceit);

    public static RefusedException Drive(string name) =>
        new("ZIP-0008", $"The archive holds an entry with a drive letter or stream in its path: '{FileSystemError.Printable(name)}'.",
            Deceit);

    public static RefusedException SameName(string first, string second) =>
        new("ZIP-0009",
            $"The archive holds '{FileSystemError.Printable(first)}' and '{FileSystemError.Printable(second)}', which Windows cannot "
                + "tell apart.", Deceit);

    public static UnsupportedImageException Encrypted(string name) =>
        new("ZIP-0010", $"The archive holds an encrypted entry: '{FileSystemError.Printable(name)}'.",
            "Unpack it with its password, and name the directory.");

    public static UnsupportedImageException Method(string name, int method) =>
        new("ZIP-0011", $"'{FileSystemError.Printable(name)}' is packed with method {method}; stored (0) and deflated (8) can be read.",
            "Unpack the archive, and name the directory.");

    public static CorruptImageException BadContent(string name, long offset, string expected, string actual) =>
        new("ZIP-0012", $"entry '{FileSystemError.Printable(name)}'", offset, expected, actual, Remedy);

    public static CorruptImageException BadCharacter(string name, long offset) =>
        new("ZIP-0013", "central directory", offset, "a file name", $"'{FileSystemError.Printable(name)}'", Deceit);

    public static UnsupportedImageException Link(string name) =>
        new("ZIP-0014", $"'{FileSystemError.Printable(name)}' is a symbolic link.", "Pack the archive again with the file itself.");
}
