namespace OfflinePatch.Core.Hosting;

/// <summary>Errors of host files and directories that are only read: driver sources, packages; codes <c>HOST-0001</c> and up.</summary>
internal static class HostFileError
{
    public static HostIOException Missing(string path) =>
        new("HOST-0001", $"{path} does not exist.", "Check the path.", isMissing: true);

    public static HostIOException Denied(string path, Exception inner) =>
        new("HOST-0002", $"{path} may not be read.", "Give the user who runs this program permission to read it.", inner, isMissing: true);

    public static HostIOException CannotRead(string path, Exception inner) =>
        new("HOST-0003", $"{path} cannot be read: {inner.Message}", null, inner);

    public static RefusedException SameName(string directory, string first, string second) =>
        new("HOST-0005", $"{directory} holds {first} and {second}, which Windows cannot tell apart.", "Rename or remove one of them.");

    public static RefusedException Unaddressable(string directory, string name) =>
        new("HOST-0006", $"{directory} holds a file whose name contains a backslash ({name}).",
            "Unpack the archive that it came from with a tool that treats backslashes as separators, or name the archive itself.");

    public static HostIOException CannotCreateDirectory(string path, Exception inner) =>
        new("HOST-0020", $"The directory {path} cannot be created: {inner.Message}", inner: inner);
}
