using OfflinePatch.Windows.Guest;

namespace OfflinePatch.Windows.DriverStore;

/// <summary>Where the driver store keeps the files of packages, one directory each.</summary>
internal static class FileRepository
{
    /// <summary>The directory of all packages, from the directory of Windows.</summary>
    public const string Folder = @"System32\DriverStore\FileRepository";

    /// <summary>The directory of all packages, on the volume of Windows.</summary>
    public static string Of(WindowsSystem system) => system.PathOf(Folder);

    /// <summary>The directory of a package, or with <paramref name="file"/> one of its files, on the volume of Windows.</summary>
    /// <param name="system">The Windows.</param>
    /// <param name="package">The name of its directory: <c>netkvm.inf_amd64_0123456789abcdef</c>.</param>
    /// <param name="file">A path inside it; null for the directory.</param>
    public static string PathOf(WindowsSystem system, string package, string? file = null) =>
        system.PathOf(file is null ? $@"{Folder}\{package}" : $@"{Folder}\{package}\{file}");
}
