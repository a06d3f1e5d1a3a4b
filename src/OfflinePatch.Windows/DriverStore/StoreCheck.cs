using OfflinePatch.Core;
using OfflinePatch.Drivers;
using OfflinePatch.Drivers.Packages;
using OfflinePatch.Drivers.Signatures;
using OfflinePatch.Windows.Guest;

namespace OfflinePatch.Windows.DriverStore;

/// <summary>
/// Whether a package in an image is complete: every file that its INF lists is there, and is the file that its catalogue lists.
/// </summary>
internal static class StoreCheck
{
    /// <summary>What is wrong with a package, each naming the file; none for one that Windows 7 keeps where it cannot be read.</summary>
    public static IReadOnlyList<string> Problems(WindowsSystem system, StagedDriver staged, WindowsTarget target,
        bool allowUnsigned = false)
    {
        try
        {
            return GuestDriverStore.PackageOf(system, staged) is { } package ? Problems(package, target, allowUnsigned) : [];
        }
        catch (Exception e) when (e is CorruptImageException or UnsupportedImageException)
        {
            return [$"{staged.InfName} of {Name(staged)} cannot be read: {e.Message}"];
        }
    }

    /// <summary>Whether a file of a package is there with the content that the catalogue lists.</summary>
    public static bool IsWhole(DriverPackage package, WindowsTarget target, string file) =>
        package.ReadFile(file) is not null
            && (package.Signatures(target.Architecture, SignatureOptions.Default) is not { HasCatalog: true } signatures
                || signatures.Lists(file));

    private static List<string> Problems(DriverPackage package, WindowsTarget target, bool allowUnsigned)
    {
        var problems = new List<string>();
        var signatures = package.Signatures(target.Architecture, SignatureOptions.Default);
        if (!allowUnsigned && signatures.CatalogName is { } catalog && !signatures.HasCatalog)
        {
            problems.Add($"{package.Folder}\\{catalog} is missing");
        }

        foreach (var file in package.Files(target).Prepend(package.InfName))
        {
            if (file != package.InfName && package.ReadFile(file) is null)
            {
                problems.Add($"{package.Folder}\\{file} is missing");
            }
            else if (!allowUnsigned && signatures.HasCatalog && !signatures.Lists(file))
            {
                problems.Add($"{package.Folder}\\{file} is not the file that {signatures.CatalogName} lists");
            }
        }

        return problems;
    }

    private static string Name(StagedDriver staged) => staged.PackageName.Length > 0 ? staged.PackageName : staged.InfName;
}
