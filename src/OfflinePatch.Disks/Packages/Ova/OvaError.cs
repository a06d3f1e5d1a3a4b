using OfflinePatch.Core;

namespace OfflinePatch.Disks.Packages.Ova;

/// <summary>Errors of OVA and OVF packages; codes <c>OVA-0001</c> and up. 01xx: unsupported.</summary>
internal static class OvaError
{
    private const string Again = "Export or copy the package again.";

    public static CorruptImageException TarHeader(long offset, string expected, string actual) =>
        new("OVA-0001", "OVA tar header", offset, expected, actual, Again);

    public static CorruptImageException Cut(long offset, string member, long length, long fileLength) =>
        new("OVA-0002", $"OVA member {member}", offset, $"{length} bytes inside the file of {fileLength}", "the end of the file",
            "The package is truncated. " + Again);

    public static CorruptImageException NoDescriptor() =>
        new("OVA-0003", "OVA package", -1, "an .ovf file, or a disk image", "none", Again);

    public static CorruptImageException Descriptor(string what) =>
        new("OVA-0004", "OVF descriptor", -1, "an OVF envelope", what, Again);

    public static CorruptImageException NoDisk() =>
        new("OVA-0005", "OVF descriptor", -1, "a disk with a file", "none",
            "The package describes a machine without a disk. Export it again with its disk.");

    public static NotInArchiveException MissingMember(string name) =>
        new("OVA-0006", "OVA package", -1, $"the member {name}", "none", Again);

    public static UnsupportedImageException Compressed(string name) =>
        new("OVA-0101", $"The package holds {name} compressed as a file.",
            "Unpack the package, unpack the disk (gunzip), and name the disk itself.");

    public static UnsupportedImageException Chunked(string name) =>
        new("OVA-0102", $"The package holds {name} in pieces.", "Export the package again as one file.");

    public static UnsupportedImageException NotADisk(string name) =>
        new("OVA-0103", $"The package's disk {name} is not of a known format.", Again);

    public static UnsupportedImageException NotPlain(string name, string problem) =>
        new("OVA-0106", $"The archive holds {name} as {problem}, whose content is not stored as it is.",
            "Unpack the archive (tar), and name the disk itself.");

    public static UnsupportedImageException Difference(string file, string parent) =>
        new("OVA-0107", $"The package describes the disk of file {file} as the difference to another ({parent}).",
            "Export the machine again without snapshots.");

    public static UnsupportedImageException DescriptorTooLong(long length) =>
        new("OVA-0105", $"The OVF descriptor has {length} bytes; {OvfDescriptor.MaxBytes} are read at most.");
}
