using OfflinePatch.Core;
using OfflinePatch.FileSystems.Trees;

namespace OfflinePatch.FileSystems.Cab;

/// <summary>Errors of cabinets; codes <c>CAB-0001</c> and up.</summary>
internal static class CabError
{
    private const string Remedy = "Fetch the package again: it is truncated or damaged.";

    public static CorruptImageException BadHeader(long offset, string expected, string actual) =>
        new("CAB-0001", "cabinet header", offset, expected, actual, Remedy);

    public static CorruptImageException BadFile(long offset, string expected, string actual) =>
        new("CAB-0002", "cabinet file", offset, expected, actual, Remedy);

    public static CorruptImageException BadBlock(int folder, long offset, string expected, string actual) =>
        new("CAB-0003", $"data block of cabinet folder {folder}", offset, expected, actual, Remedy);

    public static UnsupportedImageException Spans(string name) =>
        new("CAB-0004", $"'{FileSystemError.Printable(name)}' continues in another cabinet of a set, which is not handled.",
            "Unpack the set (expand.exe, cabextract), and name the directory.");

    public static UnsupportedImageException Method(int method) =>
        new("CAB-0005", method == 2 ? "The cabinet is packed with Quantum, which is not handled."
            : $"The cabinet is packed with the unknown method {method}.",
            "Unpack it (expand.exe, cabextract), and name the directory.");

    public static CorruptImageException BadLzx(string expected, string actual) =>
        new("CAB-0006", "LZX stream", -1, expected, actual, Remedy);

    public static RefusedException Bomb(long unpacked, long packed) =>
        new("CAB-0007", $"The cabinet of {packed} bytes claims to unpack to {unpacked} bytes.",
            "It was made to deceive, or by a faulty tool: do not use it.");

    public static RefusedException BadPath(string name) =>
        new("CAB-0008", $"The cabinet holds a file that leaves its folder: '{FileSystemError.Printable(name)}'.",
            "It was made to deceive, or by a faulty tool: do not use it.");
}
