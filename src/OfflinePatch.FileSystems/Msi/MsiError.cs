using OfflinePatch.Core;
using OfflinePatch.FileSystems.Trees;

namespace OfflinePatch.FileSystems.Msi;

/// <summary>Errors of compound files and MSI packages; codes <c>MSI-0001</c> and up.</summary>
internal static class MsiError
{
    private const string Remedy = "Fetch the package again: it is truncated or damaged.";

    public static CorruptImageException BadHeader(int offset, string expected, string actual) =>
        new("MSI-0001", "compound file header", offset, expected, actual, Remedy);

    public static CorruptImageException BadChain(string stream, uint sector, string expected, string actual) =>
        new("MSI-0002", $"compound file stream {FileSystemError.Printable(stream)}", sector, expected, actual, Remedy);

    public static CorruptImageException BadDirectory(long entry, string expected, string actual) =>
        new("MSI-0003", "compound file directory entry", entry, expected, actual, Remedy);

    public static CorruptImageException NoTable(string table) =>
        new("MSI-0004", "MSI database", -1, $"a table {FileSystemError.Printable(table)}", "none",
            "Name an MSI installation package. Patches (.msp) and transforms (.mst) hold no files of their own.");

    public static CorruptImageException BadTable(string table, string expected, string actual) =>
        new("MSI-0005", $"MSI table {FileSystemError.Printable(table)}", -1, expected, actual, Remedy);

    public static HostIOException NoCabinet(string package, string cabinet) =>
        new("MSI-0006", $"{package} needs the cabinet {FileSystemError.Printable(cabinet)}, which is not next to it.",
            "Put the cabinet into the folder of the package.", isMissing: true);

    public static CorruptImageException NotInCabinet(string file, string cabinet) =>
        new("MSI-0007", $"MSI cabinet {FileSystemError.Printable(cabinet)}", -1, $"a file {FileSystemError.Printable(file)}", "none",
            Remedy);

    public static UnsupportedImageException Uncompressed(string file) =>
        new("MSI-0008", $"{file} is not in a cabinet, but next to the package, which is not handled.",
            "Name the directory that holds the files.");

    public static RefusedException BadPath(string name) =>
        new("MSI-0009", $"The package holds a file or directory that leaves its folder: '{FileSystemError.Printable(name)}'.",
            "It was made to deceive, or by a faulty tool: do not use it.");

    public static UnsupportedImageException NotAPackage() =>
        new("MSI-0010", "The compound file is no MSI package: it has no table of strings.", "Name an .msi installation package.");
}
