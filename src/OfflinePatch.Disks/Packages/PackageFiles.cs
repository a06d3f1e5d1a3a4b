using OfflinePatch.Core;

namespace OfflinePatch.Disks.Packages;

/// <summary>The disk inside a package, as the files of an image: members of an archive, or files next to a descriptor.</summary>
/// <param name="outer">The files of the package.</param>
/// <param name="imagePath">The name of the disk inside.</param>
/// <param name="image">Its bytes.</param>
/// <param name="open">Opens another member by its name; null where the package holds one file only.</param>
internal sealed class PackageFiles(IImageFiles outer, string imagePath, ResizableDevice image, Func<string, ResizableDevice>? open = null)
    : IImageFiles
{
    /// <summary>Packages around the image.</summary>
    public int Depth { get; } = DepthOf(outer) + 1;

    /// <inheritdoc/>
    public string ImagePath => imagePath;

    /// <inheritdoc/>
    public ResizableDevice Image => image;

    /// <summary>Packages around an image; 0: it is a file of its own.</summary>
    public static int DepthOf(IImageFiles files) => files is PackageFiles package ? package.Depth : 0;

    /// <inheritdoc/>
    public ImageFile OpenCompanion(string relativeTo, string name, CompanionKind kind) =>
        open is null ? throw PackageError.NoCompanion(imagePath, name) : new ImageFile(name, open(name));
}
