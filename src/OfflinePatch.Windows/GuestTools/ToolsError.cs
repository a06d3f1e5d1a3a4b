using OfflinePatch.Core;

namespace OfflinePatch.Windows.GuestTools;

/// <summary>Errors of the removal of other hypervisors' tools; codes <c>TLS-0001</c> and up.</summary>
internal static class ToolsError
{
    public static UnsupportedImageException Broken(string source, string why) =>
        new("TLS-0001", $"{source} does not describe a product: {why}", "The form is in src/OfflinePatch.Windows/GuestTools/README.md.");

    public static RefusedException Unknown(string name, string known) =>
        new("TLS-0002", $"There is no product {name}.", $"The products are {known}, and all. --tools-data adds others.");

    public static RefusedException TooMuch(string folder, int limit) =>
        new("TLS-0003", $"{folder} holds more than {limit} files and folders: that is not the folder of a guest tool.",
            "Look at it with `offlinepatch fs tree`, and leave the product out.");
}
