namespace OfflinePatch.Core.Hosting;

/// <summary>Errors of the host files of an image, and of outputs.</summary>
internal static class ImageFileError
{
    public static HostIOException Missing(string path) =>
        new("CORE-0010", $"There is no file {path}.", "Check the path.", isMissing: true);

    public static HostIOException NotARegularFile(string path, HostFileType type)
    {
        var (kind, remedy) = type switch
        {
            HostFileType.Directory => ("a directory", "Name a file in it."),
            HostFileType.Pipe => ("a named pipe", "Write what it carries into a file first."),
            HostFileType.Socket => ("a socket", "Name a file."),
            HostFileType.BlockDevice => ("a block device", $"Copy it into a file first: qemu-img convert -O qcow2 {path} disk.qcow2"),
            _ => ("a device", "Name a file."),
        };
        return new("CORE-0011", $"{path} is {kind}, not a file.",
            UndoFileName.IsOurs(path) ? "It has the name of an undo file but is not one: move it away, then try again." : remedy,
            isMissing: true);
    }

    public static RefusedException LinkNotFollowed(string path) =>
        new("CORE-0033", $"{path} is a link, and is not followed: this file must lie where it is named.",
            "Put the file itself there, or name the image by its real path.");

    public static HostIOException ReadOnlyFile(string path, string reason, bool onReadOnlyMount) =>
        new("CORE-0012", $"{path} cannot be opened for writing: {reason}",
            onReadOnlyMount ? "Its file system is mounted read-only. Mount it writable, or copy the file to another one."
                : "Give this user permission to write it, or run as its owner.");

    public static RefusedException Locked(string path, Exception? inner) =>
        new("CORE-0013", $"{path} is in use by another program{(inner is null ? "." : $" ({inner.Message})")}",
            "Wait until the other run ends, then try again.");

    public static RefusedException OpenElsewhere(string path) =>
        new("CORE-0014", $"{path} is open for writing in another program.",
            "Stop the virtual machine or the copy that uses it, then try again.");

    public static RefusedException ChangedMeanwhile(string path) =>
        new("CORE-0043", $"{path} was changed by another program while it was open.",
            "Nothing was written. Stop the program that writes it, then try again.");

    public static HostIOException CannotOpen(string path, string reason, bool isDenied = false) =>
        new("CORE-0015", $"{path} cannot be opened: {reason}", "Give this user permission to read it, and to enter every folder above it.",
            isMissing: true)
        {
            IsDenied = isDenied,
        };

    public static HostIOException CannotCreate(string path, Exception inner) =>
        new("CORE-0034", $"{path} cannot be created: {HostErrors.Reason(inner)}",
            "Check that its folder exists, that this user may write there, and that the file system has room and is not mounted read-only.",
                inner);

    public static HostIOException NoPath() => new("CORE-0035", "A path is empty.", "Name a file.", isMissing: true);

    public static HostIOException CannotRead(string path, Exception inner) =>
        new("CORE-0016", $"{path} cannot be read: {HostErrors.Reason(inner)}", "Check the disk or network share that holds it.", inner);

    public static HostIOException CutShort(string path, long offset) =>
        new("CORE-0017", $"{path} ended at byte {offset} while it was read.",
            "Another program is changing it. Stop that program, then try again.");

    public static HostIOException CannotWrite(string path, Exception inner) =>
        new("CORE-0018", $"{path} cannot be written: {HostErrors.Reason(inner)}",
            "Make room on the disk, or check its permissions, then try again.", inner);

    public static HostIOException CannotFlushFolder(string folder, string reason) =>
        new("CORE-0019", $"The names in the folder {folder} cannot be made durable: {reason}",
            "Check the disk or network share that holds it.");

    public static RefusedException CompanionOutsideFolder(string name) =>
        new("CORE-0030", $"The image names a part of itself with a path, and parts are read from its own folder only: {name}.",
            "Put all parts into one folder, and name them without a path in the descriptor.");

    public static RefusedException ParentNotAllowed(string name) =>
        new("CORE-0031", $"The image depends on another one: {name}.",
            "Give --allow-backing to read it too (it is never written), or merge the two with the tool that made them.");

    public static HostIOException CompanionMissing(string path, string name, Exception inner) =>
        new("CORE-0032", $"{path} needs the file {name}, which cannot be opened: {inner.Message}",
            "Put all parts of the image into one folder.", inner, isMissing: true);

    public static RefusedException OutputExists(string path) =>
        new("CORE-0040", $"{path} exists already.", "Name another output, or give --force to replace it.");
}
