using OfflinePatch.Core;

namespace OfflinePatch.FileSystems.Udf;

/// <summary>Errors of UDF discs; codes <c>UDF-0001</c> and up.</summary>
internal static class UdfError
{
    private const string Remedy = "Fetch the disc image again: it is truncated or damaged.";

    public static CorruptImageException NoAnchor() =>
        new("UDF-0001", "UDF anchor", -1, "a volume descriptor pointer in sector 256 or at the end", "none", Remedy);

    public static CorruptImageException NoDescriptor(string which) =>
        new("UDF-0002", "UDF volume descriptor sequence", -1, $"a {which} descriptor", "none", Remedy);

    public static CorruptImageException BadTag(string structure, long offset, string expected, string actual) =>
        new("UDF-0003", structure, offset, expected, actual, Remedy);

    public static CorruptImageException OutsideDisc(string structure, long block, string bound) =>
        new("UDF-0004", structure, -1, $"blocks inside {bound}", $"block {block}", Remedy);

    public static CorruptImageException BadField(string structure, long offset, string expected, string actual) =>
        new("UDF-0005", structure, offset, expected, actual, Remedy);

    public static UnsupportedImageException PartitionKind(string kind) =>
        new("UDF-0006", $"The UDF volume has a {kind} partition; only plain ones are handled (UDF 1.02 to 2.01 on read-only discs).",
            "Copy the disc's files into a directory, and name that.");

    public static UnsupportedImageException Strategy(int strategy) =>
        new("UDF-0007", $"The UDF volume uses ICB strategy {strategy}; only 4 is handled.",
            "Copy the disc's files into a directory, and name that.");

    public static CorruptImageException SharedDirectory(string path) =>
        new("UDF-0008", $"UDF directory \\{path}", -1, "a file entry of its own", "that of another directory", Remedy);
}
