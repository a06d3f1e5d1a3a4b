using OfflinePatch.Core;
using OfflinePatch.Ntfs.Layout;

namespace OfflinePatch.Ntfs;

/// <summary>
/// Errors of the read and write engine: <c>NTFS-01xx</c> corruption, <c>NTFS-02xx</c> unsupported, <c>NTFS-03xx</c> refused,
/// <c>NTFS-04xx</c> the volume cannot take what the caller asked for. Compression, log and checker have classes of their own.
/// </summary>
internal static class NtfsError
{
    private const string ChkdskRemedy = "Run chkdsk /f on this volume in the source machine, shut it down and export it again.";

    // boot sector
    public static CorruptImageException NotNtfs() =>
        new("NTFS-0101", "boot sector", 3, "\"NTFS    \" and the signature 55 AA", "something else");

    public static CorruptImageException BadGeometry(int offset, string expected, string actual) =>
        new("NTFS-0102", "boot sector", offset, expected, actual, ChkdskRemedy);

    public static CorruptImageException BeyondPartition(long need, long have) =>
        new("NTFS-0103", "boot sector", 0x28, $"a volume of at most {have} bytes, the size of its partition", $"{need} bytes",
            "The image is truncated, or the partition table is wrong. Export it again.");

    // records
    public static CorruptImageException BadRecord(long number, string problem) =>
        new("NTFS-0110", $"FILE record {number}", -1, "a valid FILE record", problem, ChkdskRemedy);

    public static CorruptImageException BadAttribute(long number, int offset, string problem) =>
        new("NTFS-0111", $"FILE record {number}", offset, "a valid attribute", problem, ChkdskRemedy);

    public static CorruptImageException TornRecord(string what) =>
        new("NTFS-0112", what, -1, "an update sequence that matches every sector", "a torn write", ChkdskRemedy);

    public static CorruptImageException NoSuchRecord(long number, long count) =>
        new("NTFS-0113", "file reference", -1, $"a record below {count}", $"{number}", ChkdskRemedy);

    public static CorruptImageException StaleReference(FileReference reference, ushort actual) =>
        new("NTFS-0114", $"FILE record {reference.Record}", 0x10, $"sequence number {reference.Sequence}", $"{actual}", ChkdskRemedy);

    public static CorruptImageException NotInUse(long number, string why) =>
        new("NTFS-0115", $"FILE record {number}", 0x16, "a base record in use", why, ChkdskRemedy);

    public static CorruptImageException MissingAttribute(long number, string attribute) =>
        new("NTFS-0116", $"FILE record {number}", -1, attribute, "none", ChkdskRemedy);

    public static CorruptImageException BadAttributeList(long number, string problem) =>
        new("NTFS-0117", $"$ATTRIBUTE_LIST of record {number}", -1, "a valid list", problem, ChkdskRemedy);

    // runs
    public static CorruptImageException BadRuns(long number, string problem) =>
        new("NTFS-0120", $"mapping pairs of record {number}", -1, "valid runs", problem, ChkdskRemedy);

    public static CorruptImageException BadSizes(long number, string problem) =>
        new("NTFS-0121", $"attribute of record {number}", -1, "sizes that agree", problem, ChkdskRemedy);

    // indexes
    public static CorruptImageException BadIndex(long number, string problem) =>
        new("NTFS-0130", $"index of record {number}", -1, "a valid index", problem, ChkdskRemedy);

    public static CorruptImageException IndexLoop(long number, long vcn) =>
        new("NTFS-0131", $"index of record {number}", -1, "a tree", $"node VCN {vcn} found twice", ChkdskRemedy);

    // metafiles
    public static CorruptImageException BadMetafile(string name, string problem) =>
        new("NTFS-0140", name, -1, "a valid metafile", problem, ChkdskRemedy);

    // unsupported
    public static UnsupportedImageException UnsupportedVersion(int major, int minor) =>
        new("NTFS-0201", $"The volume has NTFS version {major}.{minor}; 1.2, 3.0 and 3.1 are known.");

    public static UnsupportedImageException Encrypted(string path) =>
        new("NTFS-0202", $"{path} is encrypted (EFS); its content cannot be read offline.");

    public static UnsupportedImageException UnknownCompression(string path, string method) =>
        new("NTFS-0203", $"{path} uses {method}, which cannot be read.");

    public static UnsupportedImageException ContentElsewhere(string path, string what) =>
        new("NTFS-0206", $"{path} is {what}: its content is not on this volume.",
            "Let the source machine fetch the file (\"Always keep on this device\", recall, unoptimize), and export it again.");

    public static UnsupportedImageException IsLink(string path, string what) =>
        new("NTFS-0207", $"{path} is {what}; it has no content of its own.");

    public static UnsupportedImageException UnknownReparsePoint(string path, string what) =>
        new("NTFS-0208", $"{path} is {what}: the driver of this tag may hold its content elsewhere.");

    public static UnsupportedImageException TooLarge(string what, long size, long limit) =>
        new("NTFS-0204", $"{what} has {size} bytes; at most {limit} are handled.");

    // refused
    public static RefusedException MftFull(string why, string? remedy = null) => NotChanged("NTFS-0310", "$MFT", why, remedy);

    public static RefusedException MetafileFull(long number) => NotChanged("NTFS-0311", $"Metafile {number}", "its FILE record is full");

    public static RefusedException AttributeListFull(long number) =>
        NotChanged("NTFS-0312", $"Record {number}", "its attribute list would pass 256 KiB",
            "Defragment the volume in the source machine.");

    public static RefusedException BaseRecordFull(long number) =>
        NotChanged("NTFS-0313", $"Record {number}", "its base record is too full for an attribute list");

    public static RefusedException AttributesDoNotFit(long number, string why) => NotChanged("NTFS-0314", $"Record {number}", why);

    public static RefusedException EncryptedFile(string path) => NotChanged("NTFS-0320", path, "it is encrypted (EFS)");

    public static RefusedException Deduplicated(string path) => NotChanged("NTFS-0321", path, "its content is deduplicated");

    public static RefusedException InWimFile(string path) => NotChanged("NTFS-0322", path, "its content is in a WIM file (WIMBoot)");

    public static RefusedException ReparsePoint(string path, string why) => NotChanged("NTFS-0323", path, why);

    public static RefusedException CaseSensitive(string path) => NotChanged("NTFS-0324", path, "the directory may be case-sensitive");

    public static RefusedException OwnFile(string path) => NotChanged("NTFS-0325", path, "it belongs to the file system itself");

    public static RefusedException NotSound(string path, string problem) =>
        NotChanged("NTFS-0326", path, problem, "Run chkdsk in the source machine.");

    public static RefusedException ReplacedAsAWholeOnly(string path) =>
        NotChanged("NTFS-0327", path, "its content is compressed or sparse: it can be replaced as a whole only");

    public static UnsupportedImageException IndexBlocksTooSmall(long number, string problem) =>
        new("NTFS-0209", $"The index of record {number} cannot take another entry: {problem}.");

    public static RefusedException TooLargeToExtend(int clusterSize, long limit) =>
        new("NTFS-0328", $"A volume with clusters of {clusterSize} bytes cannot be extended over {limit >> 30} GiB.",
            "Choose a smaller size, or extend the disk only and use the rest for another volume.");

    public static RefusedException NotExtended(string problem) =>
        new("NTFS-0329", $"The volume is not extended: {problem.TrimEnd('.')}.",
            "Start the source machine, let it check the volume, shut it down with `shutdown /s /t 0`, and export it again.");

    private static RefusedException NotChanged(string code, string path, string why, string? remedy = null) =>
        new(code, $"{path} is not changed: {why}.", remedy);

    public static RefusedException UnsafeAllocation(IReadOnlyList<VolumeFinding> findings)
    {
        var first = findings[0];
        var rest = findings.Count == 1 ? ""
            : $" Further: {string.Join("; ", findings.Skip(1).Take(3).Select(f => f.Text))}{(findings.Count > 4 ? "; …" : ".")}";
        return new(first.Code, $"The volume is not changed, because its records and $Bitmap disagree: {first.Text}.{rest}", ChkdskRemedy);
    }

    // requests
    public static FileNotFoundException NotFound(string path) => new($"There is no {path} on this volume.", path);

    public static RefusedException Full(long need) => new("NTFS-0401", $"The volume is full: {need} more clusters are needed.",
        "Free space on it, in the source machine. The volume of Windows can be enlarged: `offlinepatch resize IMAGE +10G --extend`.")
    {
        IsFull = true,
    };

    public static RefusedException NotEmpty(string path) => new("NTFS-0402", $"The directory {path} is not empty.");

    public static RefusedException Exists(string path) => new("NTFS-0403", $"{path} exists already.");

    public static RefusedException BadName(string path, string why) => new("NTFS-0404", $"{path}: {why}.");

    public static RefusedException WrongKind(string path, string why) => new("NTFS-0405", $"{path} {why}.");

    public static RefusedException ReadOnly() => new("NTFS-0301", "The device of this volume cannot be written.");

    public static RefusedException Broken(string reason) =>
        new("NTFS-0302",
            $"An earlier change of this volume failed halfway ({reason}); nothing of it has been written. Open the volume again.");
}
