using System.Globalization;
using OfflinePatch.Windows.Targets;

namespace OfflinePatch.Windows.Rules.Image;

/// <summary><c>image.size</c>: the system disk has a size that the target takes, and the file one that it imports (images-and-cloud.md R2 to R4, §1.2).</summary>
public sealed class ImageSizeRule : Rule
{
    private const long GiB = 1L << 30;
    private static readonly string[] FastFormats = ["raw", "zvhd2"];

    /// <inheritdoc/>
    public override string Id => "image.size";

    /// <inheritdoc/>
    public override string Title => "The disk has a size that the target accepts";

    /// <inheritdoc/>
    public override RuleSeverity Severity => RuleSeverity.Error;

    /// <inheritdoc/>
    public override string Source => "Huawei IMS: the system disk has 40 to 1024 GB; files over 128 GB only as RAW or ZVHD2 (fast import)";

    /// <inheritdoc/>
    public override string Summary => "Virtual size of the disk, and size of the file for its format.";

    /// <inheritdoc/>
    public override bool NeedsWindows => false;

    /// <inheritdoc/>
    public override Finding Inspect(RuleContext context)
    {
        if (context.Disk is null)
        {
            return Finding.NotApplicable("There is no disk.");
        }

        var size = context.Disk.Length;
        var minimum = context.Profile.Number(Id, "minimumGiB", 40);
        var maximum = context.Profile.Number(Id, "maximumGiB", 1024);
        if (size < minimum * GiB)
        {
            return Finding.Failed(
                $"The disk has {Text(size)}, less than the {minimum} GiB that {context.Profile.Title} demands of a system disk.",
                $"Enlarge the virtual disk to {minimum} GiB in the source machine (the partition need not grow), then export it again.", Text(size));
        }

        if (size > maximum * GiB)
        {
            return Finding.Failed(
                $"The disk has {Text(size)}, more than the {maximum} GiB that {context.Profile.Title} takes.",
                "Shrink the volume and the disk in the source machine, or move data to a second disk.", Text(size));
        }

        var limit = context.Profile.Number(Id, "importLimitGiB", 128);
        var format = ImageFormatRule.FormatOf(context) ?? "";
        var fast = context.Profile.List(Id, "fastImportFormats", FastFormats);
        var fileSize = context.Options.FileSize ?? (format == "raw" ? size : 0);
        if (fileSize > limit * GiB && !fast.Contains(format, StringComparer.OrdinalIgnoreCase))
        {
            return Finding.Failed(
                $"The file has {Text(fileSize)}: over {limit} GiB only {string.Join(" and ", fast.Select(f => f.ToUpperInvariant()))} can be imported.",
                "Write a copy: `offlinepatch fix IMAGE -o COPY.zvhd2 -O zvhd2`.", $"{format.ToUpperInvariant()}, {Text(fileSize)}");
        }

        var way = fileSize <= limit * GiB ? "it can be imported directly"
            : $"the file has {Text(fileSize)}, so use fast import, which injects no drivers{(format == "raw" ? "; a RAW image needs its bitmap for that (--create-mf)" : "")}";
        return Finding.Ok($"The disk has {Text(size)}; {way}.");
    }

    internal static string Text(long bytes) =>
        bytes % GiB == 0
            ? string.Create(CultureInfo.InvariantCulture, $"{bytes / GiB} GiB")
            : string.Create(CultureInfo.InvariantCulture, $"{(double)bytes / GiB:0.00} GiB");
}
