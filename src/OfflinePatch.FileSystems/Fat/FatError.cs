using OfflinePatch.Core;
using OfflinePatch.FileSystems.Trees;

namespace OfflinePatch.FileSystems.Fat;

/// <summary>Errors of FAT volumes; codes <c>FAT-0001</c> and up.</summary>
internal static class FatError
{
    private const string Repair = "Run chkdsk /f on this volume in the source machine.";

    public static CorruptImageException BadBootSector(int offset, string expected, string actual) =>
        new("FAT-0001", "FAT boot sector", offset, expected, actual, Repair);

    public static CorruptImageException BadGeometry(string expected, string actual) =>
        new("FAT-0002", "FAT boot sector", -1, expected, actual, "The image is truncated, or its boot sector is damaged.");

    public static UnsupportedImageException Version(int version) =>
        new("FAT-0003", $"The FAT32 volume has version {version >> 8}.{version & 0xFF}; only 0.0 exists.");

    public static CorruptImageException BadChain(uint first, uint at, string expected, string actual) =>
        new("FAT-0004", $"FAT chain of cluster {first}", at, expected, actual, Repair);

    public static CorruptImageException ShortChain(string path, long length, long held) =>
        new("FAT-0005", $"file {path}", -1, $"clusters for {length} bytes", $"for {held}", Repair);

    public static CorruptImageException BadDirectory(uint cluster, long offset, string expected, string actual) =>
        new("FAT-0006", $"FAT directory of cluster {cluster}", offset, expected, actual, Repair);

    public static UnsupportedImageException TableTooLarge(long bytes, long limit) =>
        new("FAT-0007", $"The FAT has {bytes} bytes, more than the {limit} that are handled.");

    public static RefusedException TablesDiffer(int copy, long sector) =>
        new("FAT-0008", $"FAT 1 and FAT {copy} differ in sector {sector}: the volume is not written to.", Repair);

    public static RefusedException NotSound(string finding) =>
        new("FAT-0009", $"The volume was not cleanly dismounted, and is damaged: {finding}. It is not written to.", Repair);

    public static RefusedException Full(long needed, long free) =>
        new("FAT-0010", $"The FAT volume has {free} bytes free, {needed} are needed.",
            "Free some space on this volume in the source machine.")
        {
            IsFull = true,
        };

    public static RefusedException RootFull(int slots) =>
        new("FAT-0011", $"The root directory of the FAT volume is full: all {slots} slots are taken.",
            "Move files from its root into a directory.")
        {
            IsFull = true,
        };

    public static RefusedException BadName(string name) =>
        new("FAT-0012", $"'{FileSystemError.Printable(name)}' cannot be a name on a FAT volume.",
            "Names have 1 to 255 characters, none of \" * / : < > ? \\ |, no dot or space at their end, and are not those of devices "
                + "(CON, NUL, COM1…).");

    public static RefusedException TooLong(string path, long length) =>
        new("FAT-0013", $"{path} would have {length} bytes; a file on a FAT volume has 4,294,967,295 at most.");

    public static RefusedException IsDirectory(string path) =>
        new("FAT-0014", $"{path} is a directory.");

    public static RefusedException NotEmpty(string path) =>
        new("FAT-0015", $"The directory {path} is not empty.");

    public static RefusedException Exists(string path) =>
        new("FAT-0016", $"{path} exists already.");

    public static RefusedException IntoItself(string path, string newPath) =>
        new("FAT-0017", $"{path} cannot be moved into itself ({newPath}).");

    public static RefusedException ReadOnlyDevice(string source) =>
        new("FAT-0018", $"{source} can only be read.");

    public static RefusedException DirectoryFull(string path) =>
        new("FAT-0019", $"The directory {path} has 65,536 slots, the most that FAT allows.", "Use a second directory.");

    public static RefusedException HeldTooMuch(long limit) =>
        new("FAT-0020", $"More than {limit} bytes of changes to one FAT volume.", "Make the changes in several steps.");

    public static CorruptImageException TooManyAliases(string name) =>
        new("FAT-0021", $"short names for {name}", -1, "one that is free", "none");

    public static RefusedException CannotFormat(string why) =>
        new("FAT-0022", $"A FAT volume cannot be made: {why}.");

    public static RefusedException IsFile(string path) =>
        new("FAT-0023", $"{path} is a file, not a directory.");
}
