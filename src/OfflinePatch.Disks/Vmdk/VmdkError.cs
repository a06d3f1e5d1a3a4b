using OfflinePatch.Core;
using OfflinePatch.Disks.Clusters;

namespace OfflinePatch.Disks.Vmdk;

/// <summary>Errors of VMDK; codes <c>VMDK-0001</c> and up. 01xx: unsupported, 02xx: refused.</summary>
internal static class VmdkError
{
    private const string CopyAgain =
        "Export or copy the disk again (binary transfer, all files); if it is damaged at its source, repair it there with "
            + "vmware-vdiskmanager -R.";
    private const string Reexport = "Export the disk again from VMware, or convert it there with vmkfstools -i or vmware-vdiskmanager -r.";

    public static CorruptImageException HeaderTruncated(string file, long length) =>
        new("VMDK-0001", $"{file}: header", 0, "a header of 512 bytes", $"{length} bytes", CopyAgain);

    public static CorruptImageException NewLinesChanged(string file) =>
        new("VMDK-0002", $"{file}: newline detection bytes", SparseHeader.Layout.NewLineCheck, "0A 20 0D 0A",
            "other bytes: a text-mode transfer changed the file", CopyAgain);

    public static CorruptImageException GrainSize(string file, ulong sectors) =>
        new("VMDK-0003", $"{file}: grainSize", SparseHeader.Layout.GrainSize,
            $"a power of two from 1 to {VmdkLayout.MaxGrainSectors} sectors", $"{sectors}", CopyAgain);

    public static CorruptImageException Capacity(string file, ulong sectors) =>
        new("VMDK-0004", $"{file}: capacity", SparseHeader.Layout.Capacity, $"1 to {VmdkLayout.MaxCapacitySectors} sectors", $"{sectors}",
            CopyAgain);

    public static CorruptImageException EntriesPerTable(string file, uint entries) =>
        new("VMDK-0005", $"{file}: numGTEsPerGT", SparseHeader.Layout.EntriesPerTable, "512", $"{entries}", CopyAgain);

    public static CorruptImageException DirectoryOutsideFile(string file, ulong sector, long entries, long fileLength) =>
        new("VMDK-0006", $"{file}: grain directory", SparseHeader.Layout.GdOffset,
            $"{entries} entries inside the file of {fileLength} bytes", $"sector {sector}",
            "The file is truncated. " + CopyAgain);

    public static CorruptImageException TableOutsideFile(string file, long index, ulong sector, long fileLength) =>
        new("VMDK-0007", $"{file}: grain directory entry {index}", -1, $"a grain table inside the file of {fileLength} bytes",
            $"sector {sector}",
            "The file is truncated. " + CopyAgain);

    public static CorruptImageException GrainOutsideFile(string file, long grain, ulong sector, long fileLength) =>
        new("VMDK-0008", $"{file}: entry of grain {grain}", -1, $"a grain inside the data of the file of {fileLength} bytes",
            $"sector {sector}",
            "The file is truncated. " + CopyAgain);

    public static CorruptImageException GrainShared(string file, ulong sector) =>
        new("VMDK-0009", $"{file}: grain tables", -1, "each sector of the file used once", $"sector {sector} used by two grains or tables",
            CopyAgain);

    public static CorruptImageException DescriptorOutsideFile(string file, ulong sector, ulong sectors) =>
        new("VMDK-0010", $"{file}: descriptor", SparseHeader.Layout.DescriptorOffset, "a range inside the file",
            $"{sectors} sectors from sector {sector}", CopyAgain);

    public static CorruptImageException DescriptorLine(string file, int line, string expected) =>
        new("VMDK-0011", $"{file}: descriptor line {line}", -1, expected, "something else", CopyAgain);

    public static CorruptImageException NoExtents(string file) =>
        new("VMDK-0012", $"{file}: descriptor", -1, "at least one extent line", "none", CopyAgain);

    public static CorruptImageException DescriptorTooLong(string file, long bytes) =>
        new("VMDK-0013", $"{file}: descriptor", -1, $"at most {VmdkLayout.MaxDescriptorBytes} bytes", $"{bytes}", CopyAgain);

    public static CorruptImageException ExtentSize(string file, long sectors, ulong capacity) =>
        new("VMDK-0014", $"{file}: capacity", SparseHeader.Layout.Capacity, $"the {sectors} sectors of the descriptor's extent line",
            $"{capacity}", CopyAgain);

    public static CorruptImageException FlatExtentShort(string file, long offset, long length, long fileLength) =>
        new("VMDK-0015", $"{file}: flat extent", offset, $"{length} bytes from here", $"a file of {fileLength} bytes",
            "The file is truncated. " + CopyAgain);

    public static CorruptImageException NotASparseExtent(string file, string expected) =>
        new("VMDK-0016", $"{file}: magic", 0, expected, "another one", "The descriptor names a file of another kind. " + CopyAgain);

    public static CorruptImageException ExtentUsedTwice(string file) =>
        new("VMDK-0017", "descriptor", -1, "each extent in a file (or part of one) of its own", $"{file} twice", CopyAgain);

    public static CorruptImageException Footer(string file, long offset, string expected, string actual) =>
        new("VMDK-0018", $"{file}: footer", offset, expected, actual, "The stream is truncated. " + Reexport);

    public static CorruptImageException CompressedGrain(string file, long grain, long offset, string expected, string actual) =>
        new("VMDK-0019", $"{file}: compressed grain {grain}", offset, expected, actual, CopyAgain);

    public static CorruptImageException ParentIdDiffers(string file, string parent, uint expected, uint actual) =>
        new("VMDK-0020", $"{file}: parentCID", -1, $"the CID of its parent {parent}, {actual:x8}", $"{expected:x8}",
            "The parent was changed after the snapshot was taken, or it is another disk. Consolidate the snapshots in VMware and export "
                + "again.");

    public static CorruptImageException ParentChain(string file) =>
        new("VMDK-0021", $"{file}: parent chain", -1, $"at most {VmdkLayout.MaxChainDepth} files, none twice", "a longer or circular one",
            CopyAgain);

    public static CorruptImageException SeSparseHeader(string file, string field, long offset, ulong expected, ulong actual) =>
        new("VMDK-0022", $"{file}: seSparse {field}", offset, $"0x{expected:X}", $"0x{actual:X}", Reexport);

    public static CorruptImageException SeSparseEntry(string file, long grain, ulong entry) =>
        new("VMDK-0023", $"{file}: seSparse entry of grain {grain}", -1, "a known state and a grain inside the file", $"0x{entry:X16}",
            Reexport);

    public static CorruptImageException NoParentName(string file) =>
        new("VMDK-0024", $"{file}: descriptor", -1, "parentFileNameHint with a parentCID", "none", CopyAgain);

    public static CorruptImageException NoContentId(string file) =>
        new("VMDK-0025", $"{file}: descriptor", -1, "a CID line of 1 to 8 hexadecimal digits", "none", CopyAgain);

    public static UnsupportedImageException Version(string file, uint version) =>
        new("VMDK-0101", $"{file} has VMDK version {version}; 1 to 3 are known.", Reexport);

    public static UnsupportedImageException ExtentType(string file, string type) =>
        new("VMDK-0102", $"{file} has an extent of type {type}, which is not in the file (a raw device mapping) or not known.", Reexport);

    public static UnsupportedImageException NoAccess(string file, string extent) =>
        new("VMDK-0103", $"{file} marks its extent {extent} NOACCESS: a part of the disk cannot be read.", Reexport);

    public static UnsupportedImageException Compression(string file, ushort algorithm) =>
        new("VMDK-0104", $"{file} uses compression {algorithm}; only 1 (deflate) is known.", Reexport);

    public static UnsupportedImageException ExtentAlone(string path) =>
        new("VMDK-0105", $"{path} is one extent of a VMDK, not the disk.",
            "Name the small text file (the descriptor) instead, and keep all its files in one folder.");

    public static UnsupportedImageException SeSparseJournal(string file) =>
        new("VMDK-0107", $"{file} is a seSparse extent with a journal to replay.",
            "Consolidate the snapshots in VMware, or export the disk again after a clean shutdown.");

    public static UnsupportedImageException FileWouldBeTooLong(string file) =>
        new("VMDK-0108", $"{file} would grow past 2 TiB, the end of what a sparse VMDK can address.", "Write a fixed copy with -o.");

    public static UnsupportedImageException ZeroExtentWrite(long offset) =>
        new("VMDK-0109", $"Offset {offset} lies in an extent of type ZERO, which cannot hold data.", "Write a fixed copy with -o.");

    public static UnsupportedImageException TooLargeToWrite(long bytes) =>
        new("VMDK-0110", $"A disk of {bytes} bytes is larger than a sparse VMDK can be (2 TiB less 1 GiB).",
            "Choose another output format.");

    public static UnsupportedImageException UnknownSubformat(string name) =>
        new("VMDK-0111", $"\"{name}\" is not a VMDK variant that is written; monolithicSparse and streamOptimized are.");

    public static UnsupportedImageException NotInPlace(string why) =>
        new("VMDK-0112", why, "Write a fixed copy with -o.");

    public static UnsupportedImageException Encoding(string file, string name) =>
        new("VMDK-0113", $"{file} names files in the encoding \"{name}\", which is not known or not the one that it is written in.",
            "Save the descriptor as UTF-8, with the line encoding=\"UTF-8\", and try again.");

    public static UnsupportedImageException FlatAlone(string path, string descriptor) =>
        new("VMDK-0114", $"{path} is the data of a flat VMDK, not the disk.",
            $"Name the descriptor {descriptor} next to it, and keep both in one folder. Where there is no descriptor any more, give the "
                + "file a name that ends with .raw.");

    public static RefusedException Encrypted(string path) =>
        new("VMDK-0201", $"image.encryption: {path} is an encrypted VMDK.", "Remove the encryption in VMware and export the disk again.");
}
