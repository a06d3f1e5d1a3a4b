using OfflinePatch.Disks;

namespace OfflinePatch.Cli;

/// <summary>The names of formats, and the usual endings of file names.</summary>
internal static class FormatNames
{
    /// <summary>The names that <c>-O</c> takes.</summary>
    public static IReadOnlyList<string> All { get; } = [.. Enum.GetValues<ImageFormat>().Select(ExtensionOf)];

    public static string ExtensionOf(ImageFormat format) => format.ToString().ToLowerInvariant();

    /// <summary>The format of a name, in any case; <c>vpc</c> is what qemu-img calls VHD.</summary>
    public static ImageFormat? ByName(string name) => name.Equals("vpc", StringComparison.OrdinalIgnoreCase) ? ImageFormat.Vhd
        : Enum.GetValues<ImageFormat>().Select(f => (ImageFormat?)f)
            .FirstOrDefault(f => ExtensionOf(f!.Value).Equals(name, StringComparison.OrdinalIgnoreCase));

    /// <summary>The format that the name of an output asks for, or null.</summary>
    public static ImageFormat? ByExtension(string path)
    {
        var extension = Path.GetExtension(path).TrimStart('.');
        return extension.Equals("img", StringComparison.OrdinalIgnoreCase) ? ImageFormat.Raw : ByName(extension);
    }

    /// <summary>The format that an output is to have: as <c>-O</c> says, else as the ending of its name says, else null.</summary>
    /// <exception cref="UsageException">The two disagree, or the ending is that of a package.</exception>
    public static ImageFormat? OfOutput(string path, ImageFormat? given)
    {
        var extension = Path.GetExtension(path).ToLowerInvariant();
        if (extension is ".ova" or ".ovf")
        {
            throw new UsageException($"-o {path}: packages of virtual machines ({extension}) are not written",
                "Name a disk image, for example one that ends in .vmdk or .qcow2.");
        }

        var named = ByExtension(path);
        if (given is { } format && named is { } other && format != other && extension is not ".img")
        {
            throw new UsageException($"-o {path} and -O {ExtensionOf(format)} disagree: the ending says {ExtensionOf(other)}",
                $"Name the file {Path.ChangeExtension(path, ExtensionOf(format))}, or leave out -O.");
        }

        return given ?? named;
    }
}
