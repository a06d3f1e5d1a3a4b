using OfflinePatch.Core;
using OfflinePatch.Disks;
using OfflinePatch.Windows.Jobs;

namespace OfflinePatch.Cli.Batch;

/// <summary>Where the fixed copies of a batch go.</summary>
/// <param name="images">The images.</param>
/// <param name="target">What <c>--output</c> names: a file for one image, a directory for several.</param>
/// <param name="format">What <c>--output-format</c> says, or null.</param>
/// <param name="isList">Whether several images may be meant, however many there are.</param>
internal sealed class FixedCopies(IReadOnlyList<string> images, string target, ImageFormat? format, bool isList)
{
    private readonly bool _isFolder = isList || images.Count > 1 || target.EndsWith('/') || target.EndsWith(Path.DirectorySeparatorChar)
        || HostPaths.IsDirectory(target);

    /// <summary>The variant, or null.</summary>
    public string? Subformat { get; init; }

    /// <summary>The compression, or null.</summary>
    public string? Compression { get; init; }

    /// <summary>Whether copies that exist are replaced.</summary>
    public bool Overwrite { get; init; }

    /// <summary>Whether images whose copy exists are skipped.</summary>
    public bool SkipExisting { get; init; }

    /// <summary>The path of the copy of an image.</summary>
    public string PathOf(string image)
    {
        if (!_isFolder)
        {
            return target;
        }

        // A package holds a VMDK; a copy of it is one, and is named as one.
        var name = Path.GetFileName(image);
        return Path.Combine(target, format is { } wanted ? Path.ChangeExtension(name, FormatNames.ExtensionOf(wanted))
            : Path.GetExtension(name).ToLowerInvariant() is ".ova" or ".ovf" ? Path.ChangeExtension(name, ".vmdk") : name);
    }

    /// <summary>Whether the copy of an image is there, and is to be left.</summary>
    public bool IsDone(string image) => SkipExisting && HostPaths.FileExists(PathOf(image));

    /// <summary>How the copy of an image is written.</summary>
    public OutputOptions OptionsOf(string image) => new(PathOf(image))
    {
        Format = _isFolder ? format : FormatNames.OfOutput(target, format),
        Subformat = Subformat,
        Compression = Compression,
        Overwrite = Overwrite,
    };

    /// <summary>Creates the directory, and tries every path that is going to be written, before the first image is opened.</summary>
    /// <exception cref="UsageException">Two copies would have one name, or the options do not fit together.</exception>
    /// <exception cref="RefusedException">A copy exists.</exception>
    /// <param name="isDryRun">Whether nothing is going to be written: then the directory is not created either.</param>
    /// <exception cref="HostIOException">The host refuses.</exception>
    public void Check(bool isDryRun)
    {
        if (_isFolder && HostPaths.FileExists(target))
        {
            throw new UsageException($"-o {target}: with several images --output names a directory, and this is a file");
        }

        if ((_isFolder ? format : FormatNames.OfOutput(target, format)) is { } known)
        {
            OutputVariants.Check(known, Subformat, Compression);
        }

        if (ImagePaths.FirstDuplicate(images.Select(PathOf)) is { } twice)
        {
            throw new UsageException($"two images would both be written as {twice}; fix them into different directories");
        }

        if (_isFolder && !HostPaths.IsDirectory(target))
        {
            if (isDryRun)
            {
                return;
            }

            HostPaths.CreateDirectory(target);
        }

        foreach (var image in images)
        {
            OutputPaths.Check("-o", PathOf(image), Overwrite || IsDone(image));
        }
    }
}
