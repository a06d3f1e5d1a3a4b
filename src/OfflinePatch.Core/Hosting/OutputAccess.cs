namespace OfflinePatch.Core.Hosting;

/// <summary>Who may read a file that is made from an image: only those who may read the image.</summary>
public sealed class OutputAccess
{
    private const UnixFileMode All = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.GroupWrite
        | UnixFileMode.OtherRead | UnixFileMode.OtherWrite;
    private const UnixFileMode Owner = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private OutputAccess(UnixFileMode mode) => Mode = mode;

    /// <summary>Permissions of the new file; the umask narrows them further.</summary>
    internal UnixFileMode Mode { get; }

    /// <summary>
    /// The access of an image, with reading and writing for the owner of the new file; null where the host has no such modes.
    /// </summary>
    /// <param name="imagePath">The image.</param>
    public static OutputAccess? Of(string imagePath)
    {
        if (OperatingSystem.IsWindows())
        {
            return null;
        }

        try
        {
            return new OutputAccess((File.GetUnixFileMode(imagePath) & All) | Owner);
        }
        catch (Exception e) when (HostErrors.IsOfHost(e))
        {
            return new OutputAccess(Owner);
        }
    }
}
