using System.Globalization;
using OfflinePatch.Disks;
using OfflinePatch.Disks.Formats;
using OfflinePatch.Windows.Growth;
using OfflinePatch.Windows.Targets;

namespace OfflinePatch.Windows.Rules.Image;

/// <summary>
/// <c>image.size</c>: the system disk has a size that the target takes, and the file one that it imports (images-and-cloud.md R2 to R4,
/// §1.2).
/// </summary>
internal sealed class ImageSizeRule() : Rule(Description)
{
    private const long GiB = 1L << 30;
    private static readonly string[] FastFormats = ["raw", "zvhd2"];

    private static readonly NumberParameter MinSize = new("minimumGiB", Default: 40, Min: 0, Max: 1 << 20,
        "Smallest virtual size of the disk, in GiB.");
    private static readonly NumberParameter MaxSize = new("maximumGiB", Default: 1024, Min: 1, Max: 1 << 20,
        "Largest virtual size of the disk, in GiB.");
    private static readonly NumberParameter ImportLimit = new("importLimitGiB", Default: 128, Min: 1, Max: 1 << 20,
        "Size of the file in GiB over which only `fastImportFormats` are taken.");
    private static readonly ListParameter FastImport = new("fastImportFormats", FastFormats,
        "The formats that are imported whatever their size.");

    private static readonly RuleContract Description = new("image.size")
    {
        Title = "The disk has a size that the target accepts",
        Source = "Huawei IMS: the system disk has 40 to 1024 GB; files over 128 GB only as RAW or ZVHD2 (fast import)",
        Summary = "Virtual size of the disk, and size of the file for its format. A fix makes a smaller disk larger: the new part is "
            + "unallocated space, and the backup of a GPT moves to the new end. With --extend the partition of Windows and its NTFS "
            + "volume take the space that follows them, and a recovery partition after them moves to the end of a GPT disk; else no "
            + "partition changes.",
        NeedsWindows = false,
        CanFix = true,
        ChangesLayout = true,
        Parameters = [MinSize, MaxSize, ImportLimit, FastImport],
    };

    /// <inheritdoc/>
    public override Finding Inspect(RuleContext context)
    {
        var size = context.Disk.Length;
        var minimum = Wanted(context);
        var maximum = Value(context, MaxSize) * GiB;
        var plan = Plan(context);
        var (actual, wanted) = (ByteSize.Precise(size), ByteSize.Precise(minimum));
        if (size < minimum)
        {
            var who = context.Request.MinSize > Value(context, MinSize) * GiB
                ? "--min-size asks for"
                : $"{context.Profile.Title} requires of a system disk";
            var message = $"The disk has {actual}, less than the {wanted} that {who}.";
            return DiskGrowth.WhyNot(context.Disk, context.Partitions) is { } why
                ? Finding.Failed(message, $"{why} Write a copy, which can be larger: `offlinepatch fix IMAGE -o COPY.qcow2`.", actual,
                    wanted)
                : Finding.Broken(message, actual, plan.ExtendsVolume
                    ? $"{wanted}; {string.Join(", ", plan.Steps.Skip(1))}"
                    : $"{wanted}; the new part is unallocated, which Windows or its agent adds to the volume") with
                {
                    Remarks = Remarks(plan),
                };
        }

        if (size > maximum)
        {
            return Finding.Failed($"The disk has {actual}, more than the {ByteSize.Text(maximum)} that {context.Profile.Title} takes.",
                "Shrink the volume and the disk in the source machine, or move data to a second disk.", actual);
        }

        if (plan.Steps.Count > 0)
        {
            var unfilled = Finding.Broken("The volume of Windows does not fill the space that follows it, which --extend asks for.",
                actual, string.Join(", ", plan.Steps));
            return unfilled with { Remarks = Remarks(plan) };
        }

        var limit = Value(context, ImportLimit);
        var format = ImageFormatRule.FormatOf(context);
        var fast = Value(context, FastImport);
        var fileSize = context.FileSize ?? (format == "raw" ? size : 0);
        if (fileSize > limit * GiB && !fast.Contains(format, StringComparer.OrdinalIgnoreCase))
        {
            return Finding.Failed(
                $"The file has {ByteSize.Precise(fileSize)}: over {limit} GiB only "
                    + $"{string.Join(" and ", fast.Select(f => f.ToUpperInvariant()))} can be imported.",
                "Write a copy: `offlinepatch fix IMAGE -o COPY.zvhd2 -O zvhd2`.",
                $"{format.ToUpperInvariant()}, {ByteSize.Precise(fileSize)}");
        }

        var way = fileSize <= limit * GiB ? "it can be imported directly"
            : $"the file has {ByteSize.Precise(fileSize)}, so use fast import, which injects no "
                + $"drivers{(format == "raw" ? "; a RAW image needs its bitmap for that (--create-mf)" : "")}";
        return Finding.Ok($"The disk has {actual}; {way}.") with { Remarks = Remarks(plan) };
    }

    /// <inheritdoc/>
    public override void Fix(RuleContext context)
    {
        Plan(context).Apply();
    }

    private static GrowthPlan Plan(RuleContext context) =>
        GrowthPlan.Find(context.Machine, Math.Max(context.Disk.Length, Wanted(context)), context.Request.Extend);

    private static IReadOnlyList<string> Remarks(GrowthPlan plan) =>
        plan.Problem is { } problem ? [problem.Message, .. plan.Notes] : plan.Notes;

    /// <summary>Bytes that the disk must have at least.</summary>
    private static long Wanted(RuleContext context) =>
        Math.Max(context.Profile.Value(Description.Id, MinSize) * GiB, context.Request.MinSize);
}
